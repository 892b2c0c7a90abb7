"""The results of one job on disk: a folder of Parquet tables that appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from ..errors import OutputError
from ..io import make_folder, write_table, write_text
from ..io._output import flush_folder
from ..io._processes import process_mark, remove_leftovers
from ..io._sources import file_digest
from ..pipeline import DayResult
from ..spectral import NoisePSD
from ..types import Spectrogram

RESULTS = "tables"
RECEIPT = "receipt.json"
METADATA = "metadata"
_ATTEMPTS = 20


def write_day(
    result: DayResult, out: Path, name: str, record: Mapping[str, Any]
) -> tuple[dict[str, int], int]:
    """Write every table of a day and put them in place in one step.

    Parameters
    ----------
    result : DayResult
    out : Path
        Folder of the run.
    name : str
        Name of the job, such as ``day=2010-09-01``: the folder below ``out/tables``.
    record : mapping
        Kept beside the tables as ``receipt.json``; nothing in it may depend on the clock.

    Returns
    -------
    rows : dict of str to int
        Rows of each table.
    size : int
        Bytes written.

    Raises
    ------
    OutputError
        If something cannot be written; what stood there before is untouched.
    """
    folder = make_folder(out / RESULTS)
    temporary = make_folder(folder / f".tmp-{process_mark()}-{uuid.uuid4().hex[:12]}")
    try:
        rows = {table: len(frame) for table, frame in result.tables.items()}
        for table, frame in result.tables.items():
            write_table(frame, temporary / f"{table}.parquet")
        spectra = list(result.spectrograms.values())
        seen = [np.asarray(np.isfinite(s.values).any(axis=0)) for s in spectra]
        noise = list(result.noise.values())
        for table, frame, arrays in (
            (
                "spectra",
                _spectra_rows(spectra, seen),
                [s.values.T[k].astype(np.float32) for s, k in zip(spectra, seen, strict=True)],
            ),
            ("noise", _noise_rows(noise), [n.decibels.astype(np.float32) for n in noise]),
        ):
            write_table(frame, temporary / f"{table}.parquet", arrays={"values": arrays})
            rows[table] = len(frame)
        write_table(_axes(spectra, noise), temporary / "axes.parquet")
        files = {path.name: _seal(path) for path in sorted(temporary.iterdir())}
        whole = {**record, "rows": rows, "problems": list(result.problems), "files": files}
        text = json.dumps(whole, indent=1, sort_keys=True) + "\n"
        write_text(temporary / RECEIPT, text)
        size = sum(int(file["bytes"]) for file in files.values()) + len(text.encode())
        _into_place(temporary, folder / name)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder / name}: cannot be written: {error.strerror}") from error
    finally:
        if temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)
    return rows, size


def _into_place(temporary: Path, target: Path) -> None:
    """Rename a folder to its final name; an older result steps aside and is removed."""
    for _ in range(_ATTEMPTS):
        old = target.parent / f".old-{temporary.name.removeprefix('.tmp-')}"
        moved = False
        try:
            if target.exists():
                os.rename(target, old)
                moved = True
        except OSError:
            pass  # another process has just moved it
        try:
            os.rename(temporary, target)
        except OSError as error:
            if target.exists():
                continue  # another process was faster: its result is replaced by this one
            if moved:
                with suppress(OSError):
                    os.rename(old, target)
            raise OutputError(f"{target}: cannot be put in place: {error.strerror}") from error
        finally:
            shutil.rmtree(old, ignore_errors=True)
        flush_folder(target.parent)
        return
    raise OutputError(f"{target}: cannot be put in place: other processes keep writing it")


def _seal(path: Path) -> dict[str, Any]:
    """Return size and digest of a file that has just been written."""
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def sweep(out: Path) -> None:
    """Remove what processes that no longer live have left half written."""
    for folder in (out, out / RESULTS, out / METADATA):
        remove_leftovers(folder)


def result_in_place(out: Path, name: str, key: str) -> bool:
    """Whether the result of a job with this key is there with all its files, as long as written."""
    receipt = read_receipt(out, name)
    files = receipt.get("files")
    if receipt.get("key") != key or not isinstance(files, dict) or not files:
        return False
    folder = out / RESULTS / name
    try:
        return all((folder / n).stat().st_size == file["bytes"] for n, file in files.items())
    except (OSError, KeyError, TypeError):
        return False


def read_receipt(out: Path, name: str) -> dict[str, Any]:
    """Return what a job noted beside its tables; empty where there is no result."""
    try:
        found = json.loads((out / RESULTS / name / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remove_result(out: Path, name: str) -> None:
    """Remove the result of a job (renamed first, so that it is never seen in part)."""
    target = out / RESULTS / name
    old = target.parent / f".old-{process_mark()}-{uuid.uuid4().hex[:12]}"
    with suppress(FileNotFoundError):
        os.rename(target, old)
    shutil.rmtree(old, ignore_errors=True)


# arrays as tables ----------------------------------------------------------------------------


def _spectra_rows(spectra: list[Spectrogram], seen: list[NDArray[np.bool_]]) -> pd.DataFrame:
    """One row for each column that holds a value; the array beside it holds the values."""
    parts = [
        _rows(
            gram.trace_id,
            int(gram.starttime.ns) + np.rint(gram.offsets[keep] * 1e9).astype(np.int64),
            window=gram.window,
            step=gram.step,
            units=gram.units,
            statistic=gram.statistic,
            method=gram.method,
        )
        for gram, keep in zip(spectra, seen, strict=True)
    ]
    return _stacked(parts)


def _noise_rows(noise: list[NoisePSD]) -> pd.DataFrame:
    parts = [
        _rows(
            n.trace_id,
            n.starttimes.astype("datetime64[ns]").astype(np.int64),
            window=n.length,
            step=n.step,
            units=n.units,
            statistic="power spectral density",
            method=n.method,
        )
        for n in noise
    ]
    return _stacked(parts)


_COLUMNS = ("trace_id", "starttime", "window", "step", "units", "statistic", "method")


def _rows(
    trace_id: str, starts: NDArray[np.int64], window: float, step: float, **words: str
) -> pd.DataFrame:
    size = len(starts)
    return pd.DataFrame(
        {
            "trace_id": _repeated(trace_id, size),
            "starttime": pd.DatetimeIndex(starts.view("datetime64[ns]")).tz_localize("UTC"),
            "window": np.full(size, float(window)),
            "step": np.full(size, float(step)),
            **{name: _repeated(text, size) for name, text in words.items()},
        }
    )


def _repeated(text: str, size: int) -> Any:
    return pd.Categorical.from_codes(np.zeros(size, np.int8), categories=pd.Index([text]))


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    if not parts:
        return _rows("", np.empty(0, np.int64), 0.0, 0.0, units="", statistic="", method="")
    out = {}
    for name in _COLUMNS:
        if isinstance(parts[0][name].dtype, pd.CategoricalDtype):
            out[name] = pd.Series(union_categoricals([p[name] for p in parts]))
        else:
            out[name] = pd.concat([p[name] for p in parts], ignore_index=True)
    return pd.DataFrame(out)


def _axes(spectra: list[Spectrogram], noise: list[NoisePSD]) -> pd.DataFrame:
    """Frequencies (Hz) of the arrays: one row for each table, channel and place in the array."""
    parts = [("spectra", s.trace_id, s.frequencies) for s in spectra]
    parts += [("noise", n.trace_id, n.frequencies) for n in noise]
    return pd.DataFrame(
        {
            "table": np.repeat([p[0] for p in parts], [len(p[2]) for p in parts]).astype(str),
            "trace_id": np.repeat([p[1] for p in parts], [len(p[2]) for p in parts]).astype(str),
            "index": np.concatenate(
                [np.empty(0, np.int64), *(np.arange(len(p[2])) for p in parts)]
            ),
            "frequency": np.concatenate([np.empty(0), *(p[2] for p in parts)]),
        }
    )
