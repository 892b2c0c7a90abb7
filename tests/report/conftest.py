"""A small folder of results made by hand: every number of it is known."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import paektuseis as ps
from paektuseis import tables
from paektuseis.io import write_table
from paektuseis.plotting import network_summary, save_figure
from paektuseis.report import write_products

HOUR = pd.Timedelta(hours=1)


def stamp(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def make_day(
    folder: Path,
    date: str = "2014-06-15",
    *,
    events: int = 3,
    note: str = "",
    deaf: bool = False,
    title: str = "Hill",
) -> Path:
    """Write what ``paektuseis day`` leaves: two stations, one of them with a gap of six hours.

    1U.AAA records the whole day and is blind for its first half hour; 1U.BBB misses 06:00 to
    12:00. Event ``k`` is at 13:00 plus k minutes, magnitude k + 0.5, 10 km deep but for the last,
    which has no location.
    """
    day = stamp(date)
    quarter = day + 6 * HOUR
    table: dict[str, pd.DataFrame] = {}
    if not deaf:
        table["availability"] = tables.AVAILABILITY.frame(
            {"trace_id": t, "starttime": a, "endtime": b, "sampling_rate": 100.0, "npts": n}
            for t, a, b, n in (
                ("1U.AAA..HHZ", day, day + 24 * HOUR - pd.Timedelta(0.01, unit="s"), 8_640_000),
                ("1U.BBB..HHZ", day, quarter - pd.Timedelta(0.01, unit="s"), 2_160_000),
                ("1U.BBB..HHZ", day + 12 * HOUR, day + 24 * HOUR, 4_320_000),
            )
        )
    state = "missing" if deaf else "monitored"
    table["monitoring"] = tables.MONITORING.frame(
        {
            "trace_id": t, "starttime": day + a * HOUR, "endtime": day + b * HOUR, "state": s,
            "cause": c, "duration": 3600.0 * (b - a), "detector": "vt",
        }
        for t, a, b, s, c in (
            ("1U.AAA..HHZ", 0, 0.5, "missing" if deaf else "blind", "warm-up"),
            ("1U.AAA..HHZ", 0.5, 24, state, ""),
            ("1U.BBB..HHZ", 0, 6, state, ""),
            ("1U.BBB..HHZ", 6, 12, "missing", "no samples"),
            ("1U.BBB..HHZ", 12, 24, state, ""),
        )
    )  # fmt: skip
    table["gaps"] = tables.GAPS.frame(
        [
            {"trace_id": "1U.BBB..HHZ", "starttime": quarter, "endtime": day + 12 * HOUR,
             "duration": 21600.0}
        ]
    )  # fmt: skip
    table["rates"] = tables.RATES.frame(
        {
            "starttime": day + k * HOUR, "window": 3600.0, "count": events if k == 13 else 0,
            "rate": 0.0, "monitored": 0.0 if deaf else 1.0 if not 6 <= k < 12 else 0.5,
            "stations_alive": 0.0 if deaf else 2.0 if not 6 <= k < 12 else 1.0,
            "min_stations": 2, "group": "vt",
        }
        for k in range(24)
    )  # fmt: skip
    table["rsam"] = tables.RSAM.frame(
        {
            "trace_id": t, "starttime": day + k * HOUR / 6, "window": 600.0,
            "value": float("nan") if t.startswith("1U.BBB") and 36 <= k < 72 else 1e-7 * (k + 1),
            "units": "m/s", "statistic": "mean_abs", "freqmin": 1.0, "freqmax": 16.0,
            "coverage": 1.0,
        }
        for t in ("1U.AAA..HHZ", "1U.BBB..HHZ") for k in range(144)
    )  # fmt: skip
    table["ssam"] = tables.SSAM.frame(
        {
            "trace_id": "1U.AAA..HHZ", "starttime": day + k * HOUR, "window": 3600.0,
            "value": 1e-8 * (k + 1) * (b + 1), "units": "m", "statistic": "mean_amplitude",
            "freqmin": float(b), "freqmax": float(b + 1), "coverage": 1.0,
        }
        for b in range(4) for k in range(24)
    )  # fmt: skip
    table["quality"] = tables.QUALITY.frame(
        [
            {"trace_id": "1U.BBB..HHZ", "starttime": quarter, "endtime": day + 12 * HOUR,
             "check": "gap", "severity": "warning", "message": f"gap of 21600.0 s{note}",
             "value": 21600.0, "units": "s"},
        ]
    )  # fmt: skip
    ids = [f"vt-{date}-{k}" for k in range(events)]
    times = [day + 13 * HOUR + pd.Timedelta(k, unit="min") for k in range(events)]
    nan = float("nan")
    located = [k < events - 1 for k in range(events)]
    table["events"] = tables.EVENTS.frame(
        {
            "event_id": i, "time": t, "endtime": t + pd.Timedelta(10, unit="s"), "duration": 10.0,
            "n_stations": 2, "detectors": ("vt",), "trace_ids": ("1U.AAA..HHZ", "1U.BBB..HHZ"),
            "best_trace_id": "1U.AAA..HHZ", "peak_ratio": 12.5, "dominant_frequency": 8.0,
            "frequency_index": -0.25, "peak_amplitude": 3.25e-6, "peak_units": "m/s",
            "flags": (), "label": "VT" if g else "", "latitude": 42.01 if g else nan,
            "longitude": 128.05 if g else nan, "depth_km": 10.0 if g else nan,
            "origin_time": t - pd.Timedelta(2, unit="s") if g else None,
            "magnitude": k + 0.5 if g else nan, "magnitude_kind": "ML" if g else "",
        }
        for k, (i, t, g) in enumerate(zip(ids, times, located, strict=True))
    )  # fmt: skip
    kept = [(k, i, t) for k, (i, t) in enumerate(zip(ids, times, strict=True)) if located[k]]
    table["classes"] = tables.CLASSES.frame(
        {"event_id": i, "label": "VT", "margin": 0.75, "reason": f"VT: short{note}",
         "runner_up": "LP", "method": "rules"}
        for _k, i, _t in kept
    )  # fmt: skip
    table["origins"] = tables.ORIGINS.frame(
        {
            "event_id": i, "time": t - pd.Timedelta(2, unit="s"), "latitude": 42.01,
            "longitude": 128.05, "depth_km": 10.0, "time_uncertainty": 0.11,
            "horizontal_uncertainty_km": 3.2, "depth_uncertainty_km": 1.7, "n_picks": 2,
            "n_stations": 2, "rms": 0.025, "azimuthal_gap": 271.0, "nearest_km": 4.4,
            "method": "octree", "model": "layers", "quality": "C", "semi_minor_km": 1.1,
            "major_azimuth": 30.0,
        }
        for _k, i, t in kept
    )  # fmt: skip
    table["magnitudes"] = tables.MAGNITUDES.frame(
        {"event_id": i, "kind": "ML", "scale": "luckett", "value": k + 0.5, "uncertainty": 0.2,
         "n": 2, "stations": ("1U.AAA", "1U.BBB")}
        for k, i, _t in kept
    )  # fmt: skip
    table["picks"] = tables.PICKS.frame(
        {
            "event_id": i, "trace_id": c, "phase": p, "time": t + pd.Timedelta(s, unit="s"),
            "uncertainty": 0.05, "snr": 9.0, "polarity": "up", "quality": "A",
        }
        for _k, i, t in kept
        for c, p, s in (("1U.AAA..HHZ", "P", 0.0), ("1U.BBB..HHZ", "S", 3.5))
    )  # fmt: skip
    table["residuals"] = tables.RESIDUALS.frame(
        {
            "event_id": i, "trace_id": "1U.AAA..HHZ", "phase": "P", "time": t, "residual": 0.012,
            "weight": 0.5, "distance_km": 4.4, "azimuth": 100.0,
        }
        for _k, i, t in kept
    )  # fmt: skip
    table["refusals"] = tables.REFUSALS.frame(
        {"event_id": i, "step": "location", "reason": f"too few picks: 1 of 4{note}"}
        for i in ids[-1:]
    )
    home = folder / "tables"
    for name, frame in table.items():
        write_table(frame, home / f"{name}.parquet")
    run = {
        "paektuseis": "0.1.0",
        "starttime": f"{date}T00:00:00.000000Z",
        "endtime": f"{(day + 24 * HOUR):%Y-%m-%d}T00:00:00.000000Z",
        "network": "hill",
        "title": title,
        "reference": {"latitude": 42.0, "longitude": 128.0, "caldera_km": 5.0},
        "stations": [
            {"network": "1U", "station": s, "latitude": 42.0 + d, "longitude": 128.0 + d,
             "elevation_m": 1000.0, "distance_km": 100 * d, "azimuth": 45.0}
            for s, d in (("AAA", 0.02), ("BBB", 0.1))
        ],
        "settings": "[location]\nmodel_error = 0.05\n",
        "problems": [],
        "synthetic": False,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return make_day(tmp_path / "day")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path) -> Path:
    """A report of a quarter of the sample hour, in every language, with pages the run drew."""
    folder = tmp_path_factory.mktemp("browser")
    inventory = ps.read_stations(sample_dir / "stations.xml")
    network = ps.load_network("paektu").select(["1U.*"]).with_inventory(inventory)
    archive = ps.Archive(sample_dir / "sds")
    result = ps.process_day(
        archive,
        starttime="2014-06-15T03:00:00",
        endtime="2014-06-15T03:15:00",
        network=network,
        inventory=inventory,
    )
    day = folder / "day"
    write_products(result, archive, day, synthetic=True)
    figure = network_summary(
        network=network,
        starttime=result.starttime,
        endtime=result.endtime,
        events=result.events,
        rsam=result.tables["rsam"],
        synthetic=True,
    )
    drawn = save_figure(figure, day / "pages" / "network.png", dpi=80)
    for event_id in result.events["event_id"]:
        shutil.copy(drawn, day / "pages" / f"event-{event_id}.png")
    shutil.copy(drawn, day / "pages" / "station-1U.JGPD..HHZ.png")
    ps.write_report(day, folder / "site")
    return folder / "site"
