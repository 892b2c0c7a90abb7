"""Do both sides find the same? Figures of agreement between two folders of results.

Amplitudes, spectra and noise are compared value by value where both have one; each is the same
quantity by definition, so only rounding, the start of filters and the way the response is
removed may differ. Triggers are compared by time. Network events follow different rules (ObsPy:
triggers that are on at the same time; paektuseis: onsets within the move-out), so only the
shares found by both are given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def agreement(plain: Path, ours: Path, *, skip: float = 0.0) -> dict[str, float]:
    """Return figures of agreement.

    Parameters
    ----------
    plain : Path
        What ``plain_obspy.py`` wrote.
    ours : Path
        What ``run_archive`` wrote.
    skip : float
        Seconds after the start of a record in which values are not compared: filters and
        responses have no past there, and the two sides deal with that differently.
    """
    import paektuseis as ps

    results = ps.open_results(ours)
    begins = _starts(results.table("availability"), skip)
    out: dict[str, float] = {}
    a = _read(plain, "rsam").set_index(["id", "start"])["rsam"]
    b = _indexed(results.table("rsam"))["value"]
    out |= _relative("rsam", a, b, begins)
    ratios = _read(plain, "ratios")
    table = results.table("ratios")
    for name in ("vlar", "lrar", "rmar", "dsar"):
        a = ratios.set_index(["id", "start"])[name]
        b = _indexed(table[table["ratio"] == name])["value"]
        out |= _relative(name, a, b, begins)
    plain_ssam = _read(plain, "ssam").melt(["id", "start"], var_name="band")
    plain_ssam["band"] = plain_ssam["band"].astype(float)
    ssam = results.table("ssam")
    ssam = ssam.assign(id=ssam["trace_id"].astype(str), start=_naive(ssam["starttime"]))
    keys = ["id", "start", "band"]
    out |= _relative(
        "ssam",
        plain_ssam.set_index(keys)["value"],
        ssam.rename(columns={"freqmin": "band"}).set_index(keys)["value"],
        begins,
    )
    for name in ("spectra", "noise"):
        out |= _decibels(name, _read(plain, name), results, begins)
    out |= _times("triggers", _read(plain, "triggers"), results.table("triggers"), 0.05)
    out |= _times("detections", _read(plain, "detections"), results.table("detections"), 5.0)
    return out


def _read(folder: Path, name: str) -> pd.DataFrame:
    days = sorted(folder.glob(f"day=*/{name}.parquet"))
    return pd.concat([pd.read_parquet(path) for path in days], ignore_index=True)


def _naive(column: pd.Series) -> pd.Series:
    return column.dt.tz_localize(None).astype("datetime64[ns]")


def _indexed(frame: pd.DataFrame) -> pd.DataFrame:
    keys = {"id": frame["trace_id"].astype(str), "start": _naive(frame["starttime"])}
    return frame.assign(**keys).set_index(["id", "start"])


def _starts(availability: pd.DataFrame, skip: float) -> dict[str, list[tuple[Any, Any]]]:
    """Return the spans not to compare, by channel: after each start of a record."""
    out: dict[str, list[tuple[Any, Any]]] = {}
    for trace_id, start in zip(
        availability["trace_id"].astype(str), _naive(availability["starttime"]), strict=True
    ):
        out.setdefault(trace_id, []).append((start, start + pd.Timedelta(seconds=skip)))
    return out


def _settled(frame: pd.DataFrame, begins: dict[str, list[tuple[Any, Any]]]) -> np.ndarray:
    ids = frame.index.get_level_values("id")
    at = frame.index.get_level_values("start")
    keep = np.ones(len(frame), dtype=bool)
    for trace_id, spans in begins.items():
        for low, high in spans:
            keep &= ~((ids == trace_id) & (at >= low.floor("10min")) & (at < high))
    return keep


def _relative(
    name: str, a: pd.Series, b: pd.Series, begins: dict[str, list[tuple[Any, Any]]]
) -> dict[str, float]:
    a.index = a.index.set_levels(a.index.levels[1].astype("datetime64[ns]"), level=1)
    both = pd.concat({"a": a, "b": b}, axis=1).dropna()
    both = both[_settled(both, begins)]
    difference = (both["b"] / both["a"] - 1).abs()
    return {
        f"{name}_compared": float(len(both)),
        f"{name}_median": float(difference.median()),
        f"{name}_largest": float(difference.max()),
    }


def _decibels(
    name: str, plain: pd.DataFrame, results: Any, begins: dict[str, list[tuple[Any, Any]]]
) -> dict[str, float]:
    differences = []
    for trace_id, part in plain.groupby("id"):
        gram = (results.spectrogram if name == "spectra" else results.noise)(str(trace_id))
        times = pd.DatetimeIndex([(gram.starttime + t).datetime for t in gram.offsets])
        values = part.drop(columns=["id", "start"])
        axis = np.array([float(c) for c in values.columns])
        if name == "noise":
            axis = 1 / axis
        level = values.to_numpy()[:, np.argsort(axis)]
        if name == "spectra":
            level = 10 * np.log10(np.where(level > 0, level, np.nan))
        mine = 10 * np.log10(np.where(gram.values > 0, gram.values, np.nan)).T
        order = np.argsort(gram.frequencies)
        where = pd.Series(np.arange(len(times)), times).reindex(pd.DatetimeIndex(part["start"]))
        known = where.notna().to_numpy()
        index = pd.MultiIndex.from_arrays(
            [part["id"][known], part["start"][known]], names=["id", "start"]
        )
        settled = _settled(pd.DataFrame(index=index), begins)
        chosen = where[known].astype(int).to_numpy()
        differences.append((mine[chosen][:, order] - level[known])[settled].ravel())
    flat = np.abs(np.concatenate(differences))
    flat = flat[np.isfinite(flat)]
    return {
        f"{name}_compared": float(len(flat)),
        f"{name}_db_median": float(np.median(flat)),
        f"{name}_db_largest": float(flat.max()),
    }


def _times(
    name: str, plain: pd.DataFrame, ours: pd.DataFrame, tolerance: float
) -> dict[str, float]:
    """Return the share of each side's times that the other has too, within a tolerance."""
    column = "time" if "time" in plain.columns else "start"
    theirs, found, n, m = 0, 0, 0, 0
    for key, a in _grouped(plain, column):
        b = dict(_grouped(ours, "starttime")).get(key, np.empty(0))
        theirs += int(_near(a, b, tolerance).sum())
        n += len(a)
    for key, b in _grouped(ours, "starttime"):
        a = dict(_grouped(plain, column)).get(key, np.empty(0))
        found += int(_near(b, a, tolerance).sum())
        m += len(b)
    return {
        f"{name}_plain": float(n),
        f"{name}_ours": float(m),
        f"{name}_of_plain_found": theirs / max(n, 1),
        f"{name}_of_ours_found": found / max(m, 1),
    }


def _grouped(frame: pd.DataFrame, column: str) -> list[tuple[Any, np.ndarray]]:
    if not len(frame):
        return []
    ids = [c for c in ("id", "trace_id") if c in frame.columns][:1]
    time = pd.to_datetime(frame[column], utc=True).dt.as_unit("ns").astype("int64") / 1e9
    keys = [frame["detector"].astype(str), *(frame[c].astype(str) for c in ids)]
    return [(key, np.sort(part.to_numpy())) for key, part in time.groupby(keys)]


def _near(a: np.ndarray, b: np.ndarray, tolerance: float) -> np.ndarray:
    if not len(b):
        return np.zeros(len(a), dtype=bool)
    right = np.clip(np.searchsorted(b, a), 0, len(b) - 1)
    left = np.clip(right - 1, 0, len(b) - 1)
    return np.minimum(np.abs(b[right] - a), np.abs(b[left] - a)) <= tolerance
