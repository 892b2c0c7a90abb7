"""Results read back: the right days and rows, pieces joined, gaps kept, years reduced truly."""

import sqlite3
import threading
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import UTCDateTime

from paektuseis import tables
from paektuseis.batch import _partitions
from paektuseis.batch._partitions import list_partitions, partition_of, read_arrow
from paektuseis.batch._spans import covered, quantiles
from paektuseis.batch._timeline import auto_step, grid
from paektuseis.batch.results import open_results
from paektuseis.errors import ArchiveError, ParameterError
from paektuseis.times import as_timestamp

from .made import DAY, STATIONS, array_frame, axes_frame, day_frames, make_results, put, trace_id

T0 = UTCDateTime("2010-02-27")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Six days over the end of February; 2010-03-02 was not processed."""
    out = tmp_path_factory.mktemp("run")
    written = make_results(
        out, "2010-02-27", 6, skip=("2010-03-02",), dead={"2010-03-01": ("BBB", "CCC")}
    )
    return out, written


def planted(written, name, order):
    frame = pd.concat([frames[name] for frames in written.values()], ignore_index=True)
    return frame.sort_values(order, kind="stable").reset_index(drop=True)


# what is there


def test_opening_says_what_is_there(run):
    results = open_results(run[0])
    assert results.span == (T0, T0 + 6 * DAY)
    assert list(results.days()["day"]) == sorted(run[1])
    assert list(results.days(starttime="2010-03-01", endtime="2010-03-03")["day"]) == ["2010-03-01"]
    assert {"rsam", "events", "spectra", "noise"} <= set(results.tables)
    assert "axes" not in results.tables
    assert "5 days" in repr(results)
    assert results.pattern("rsam") == str(run[0] / "tables" / "day=*" / "rsam.parquet")
    assert len(pd.read_parquet(run[0] / "tables" / "day=2010-02-28" / "rsam.parquet")) == 432


def test_what_is_not_there_is_named(tmp_path, run):
    with pytest.raises(ArchiveError, match="no such folder"):
        open_results(tmp_path / "nothing")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ArchiveError, match=r"a\.txt"):
        open_results(tmp_path)
    (tmp_path / "tables").mkdir()
    empty = open_results(tmp_path)
    assert empty.days().empty
    assert empty.jobs().empty
    assert "no day yet" in repr(empty)
    with pytest.raises(ArchiveError, match="no finished day"):
        empty.table("rsam")
    with pytest.raises(ArchiveError, match=r"run\.json"):
        empty.run  # noqa: B018
    results = open_results(run[0])
    with pytest.raises(ParameterError, match="it holds"):
        results.table("rsamm")
    with pytest.raises(ParameterError, match="no column"):
        results.table("rsam", columns=["trace_id", "amplitude"])
    with pytest.raises(ParameterError, match="not after"):
        results.table("rsam", starttime="2010-03-02", endtime="2010-03-01")
    with pytest.raises(ParameterError, match="of the network"):
        results.table("events", trace_ids="XX.*")


def test_state_and_record_of_the_run_are_read(tmp_path):
    make_results(tmp_path, "2010-01-01", 1)
    with sqlite3.connect(tmp_path / "state.sqlite") as base:
        base.execute("CREATE TABLE jobs (name TEXT, state TEXT)")
        base.execute("INSERT INTO jobs VALUES ('day=2010-01-01', 'done')")
    base.close()
    (tmp_path / "run.json").write_text('{"settings_hash": "abc"}')
    results = open_results(tmp_path)
    assert results.jobs().to_dict("records") == [{"name": "day=2010-01-01", "state": "done"}]
    assert results.run == {"settings_hash": "abc"}
    (tmp_path / "state.sqlite").write_bytes(b"no database at all, but long enough to be looked at")
    with pytest.raises(ArchiveError, match="cannot be read"):
        results.jobs()


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("day=2010-03-01", "2010-03-01", "2010-03-02"),
        ("day=2010-03-01T060000-120000", "2010-03-01T06:00:00", "2010-03-01T12:00:00"),
        ("day=2010-03-01T180000-000000", "2010-03-01T18:00:00", "2010-03-02"),
        ("day=2010-13-01", None, None),
        (".tmp-host-1-abc", None, None),
        (".old-day=2010-03-01", None, None),
        ("day=2010-03-01.bak", None, None),
    ],
)
def test_names_of_folders(tmp_path, name, start, end):
    part = partition_of(tmp_path / name)
    if start is None:
        assert part is None
    else:
        assert (part.starttime, part.endtime) == (UTCDateTime(start), UTCDateTime(end))


def test_nothing_is_counted_twice(tmp_path):
    for name in ("day=2010-03-01", "day=2010-03-01T000000-060000", "day=2010-03-02T060000-120000"):
        (tmp_path / name).mkdir()
    found = [p.path.name for p in list_partitions(tmp_path)]
    assert found == ["day=2010-03-01", "day=2010-03-02T060000-120000"]
    (tmp_path / "day=2010-03-02T110000-130000").mkdir()
    with pytest.raises(ArchiveError, match="overlap in part"):
        list_partitions(tmp_path)


def test_a_day_that_is_being_replaced_is_waited_for(tmp_path, monkeypatch):
    make_results(tmp_path, "2010-01-01", 1)
    day = tmp_path / "tables" / "day=2010-01-01"
    (part,) = list_partitions(tmp_path / "tables")
    aside = day.rename(tmp_path / "tables" / ".old-day")
    back = threading.Timer(0.3, aside.rename, [day])
    back.start()
    assert read_arrow(part, "rsam").num_rows == 432
    back.join()
    assert read_arrow(part, "nothing") is None
    day.rename(aside)
    monkeypatch.setattr(_partitions, "WAIT", 0.1)
    with pytest.raises(ArchiveError, match="went away"):
        read_arrow(part, "rsam")


def test_a_broken_file_is_named(tmp_path):
    make_results(tmp_path, "2010-01-01", 1)
    path = tmp_path / "tables" / "day=2010-01-01" / "rsam.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ArchiveError, match=r"rsam\.parquet cannot be read"):
        open_results(tmp_path).table("rsam")


# rows


def test_a_table_is_what_was_written(run):
    results = open_results(run[0])
    for name in ("rsam", "ratios", "triggers", "events", "rates"):
        order = ["time"] if name == "events" else ["starttime"]
        got = results.table(name).sort_values(order, kind="stable").reset_index(drop=True)
        pd.testing.assert_frame_equal(got, planted(run[1], name, order))
    assert isinstance(results.table("events")["trace_ids"].iloc[0], tuple)


def test_span_channels_and_columns_are_chosen(run):
    results = open_results(run[0])
    got = results.table(
        "rsam",
        starttime="2010-02-28T12:00:00",
        endtime="2010-03-01T00:20:00",
        trace_ids=["XX.AAA.*", "XX.BBB..HHZ"],
        columns=["value", "trace_id"],
    )
    full = planted(run[1], "rsam", ["starttime"])
    start = pd.Timestamp("2010-02-28T12:00:00Z")
    keep = (full["starttime"] >= start) & (full["starttime"] < pd.Timestamp("2010-03-01T00:20:00Z"))
    keep &= full["trace_id"].isin([trace_id("AAA"), trace_id("BBB")])
    assert list(got.columns) == ["value", "trace_id"]
    assert len(got) == 72 * 2 + 2  # half a day of two, twenty minutes of the one that lived on
    assert sorted(got["value"]) == sorted(full.loc[keep, "value"])
    nothing = results.table("rsam", trace_ids="YY.*", columns=["value", "trace_id"])
    assert nothing.empty
    assert list(nothing.columns) == ["value", "trace_id"]


def test_day_by_day_is_the_whole(run):
    results = open_results(run[0])
    days = list(results.iter("triggers", starttime="2010-02-28", columns=["trace_id", "starttime"]))
    assert len(days) == 4
    whole = results.table("triggers", starttime="2010-02-28", columns=["trace_id", "starttime"])
    pd.testing.assert_frame_equal(pd.concat(days, ignore_index=True), whole)


def test_rows_cut_at_midnight_are_joined_and_gaps_are_not(run):
    results = open_results(run[0])
    got = results.table("availability")
    spans = {(r.trace_id, r.starttime, r.endtime, r.npts) for r in got.itertuples()}
    a = as_timestamp(T0), as_timestamp(T0 + 3 * DAY - 0.01)
    b = as_timestamp(T0 + 4 * DAY), as_timestamp(T0 + 6 * DAY - 0.01)
    expected = {(trace_id("AAA"), *a, 3 * 8_640_000), (trace_id("AAA"), *b, 2 * 8_640_000)}
    for s in ("BBB", "CCC"):
        expected |= {(trace_id(s), a[0], as_timestamp(T0 + 2 * DAY - 0.01), 2 * 8_640_000)}
        expected |= {(trace_id(s), *b, 2 * 8_640_000)}
    assert spans == expected
    assert len(results.table("availability", joined=False)) == 5 * 3 - 2
    states = results.table("monitoring")
    mine = states[(states["trace_id"] == trace_id("BBB")) & (states["detector"] == "vt")]
    assert list(mine["state"]) == ["monitored", "missing", "monitored"]
    assert list(mine["duration"]) == [2 * DAY, DAY, 2 * DAY]
    flat = results.table("quality")
    assert list(flat["value"]) == [DAY, DAY]
    assert (flat["endtime"] - flat["starttime"]).dt.total_seconds().tolist() == [3 * DAY, 2 * DAY]
    only = results.table("availability", columns=["endtime", "trace_id"])
    assert list(only.columns) == ["endtime", "trace_id"]
    assert len(only) == len(got)


@pytest.mark.parametrize(
    ("end", "start", "rows"),
    [
        (-0.01, 0.0, 1),  # one record over midnight
        (-0.003, 0.007, 1),  # the same, sampled off the full second
        (-0.01, 0.012, 2),  # a jump of the clock of more than half a sample
        (-0.02, 0.0, 2),  # one sample is missing
        (-0.01, 0.01, 2),
    ],
)
def test_segments_join_only_within_half_a_sample(tmp_path, end, start, rows):
    midnight = UTCDateTime("2010-01-02")
    for day, (a, b) in enumerate(((-5.0, end), (start, 5.0))):
        frame = tables.AVAILABILITY.frame(
            [
                {
                    "trace_id": trace_id("AAA"),
                    "starttime": midnight + a,
                    "endtime": midnight + b,
                    "sampling_rate": 100.0,
                    "npts": 7,
                }
            ]
        )
        begin = midnight + (day - 1) * DAY
        put(tmp_path, begin, begin + DAY, {"availability": frame})
    assert len(open_results(tmp_path).table("availability")) == rows


def test_a_gap_over_midnight_is_one(tmp_path):
    midnight = UTCDateTime("2010-01-02")
    for day, (a, b) in enumerate(((-60.0, 0.0), (0.0, 30.0))):
        begin = midnight + (day - 1) * DAY
        frames = day_frames(begin, begin + DAY, rng=np.random.default_rng(1))
        frames["gaps"] = tables.GAPS.frame(
            {
                "trace_id": trace_id("AAA"),
                "starttime": midnight + x,
                "endtime": midnight + y,
                "duration": y - x,
            }
            for x, y in ((a, b), (a + 3600 * (2 * day - 1), b + 3600 * (2 * day - 1)))
        )
        put(tmp_path, begin, begin + DAY, frames)
    gaps = open_results(tmp_path).table("gaps")
    assert sorted(gaps["duration"]) == [30.0, 60.0, 90.0]
    one = gaps[gaps["duration"] == 90.0].iloc[0]
    assert one["starttime"] == pd.Timestamp("2010-01-01T23:59:00Z")
    assert one["endtime"] == pd.Timestamp("2010-01-02T00:00:30Z")


def test_rows_are_whole_where_the_span_cuts_them(run):
    results = open_results(run[0])
    got = results.table(
        "availability",
        starttime="2010-02-28T12:00:00",
        endtime="2010-02-28T13:00:00",
        trace_ids="XX.AAA.*",
    )
    assert len(got) == 1
    assert got["starttime"].iloc[0] == pd.Timestamp("2010-02-28T00:00:00Z")


def test_summary_adds_up(run):
    got = open_results(run[0]).summary().set_index("trace_id")
    triggers = planted(run[1], "triggers", ["starttime"])["trace_id"].value_counts()
    for s, days in (("AAA", 5), ("BBB", 4), ("CCC", 4)):
        row = got.loc[trace_id(s)]
        assert row["days"] == days
        assert row["recorded"] == pytest.approx(days * DAY)
        assert row["share"] == pytest.approx(days / 5)
        assert row["gaps"] == 5 - days
        assert row["triggers"] == triggers[trace_id(s)]
    assert got["warnings"].tolist() == [5, 0, 0]
    assert got.loc[trace_id("AAA"), "last"] == pd.Timestamp("2010-03-04T23:59:59.99Z")


# arrays


def test_spectrogram_is_put_back_on_its_grid(run):
    results = open_results(run[0])
    got = results.spectrogram(trace_id("AAA"), starttime="2010-03-01", endtime="2010-03-04")
    assert got.starttime == UTCDateTime("2010-03-01")
    assert (got.step, got.window, got.units) == (60.0, 10.24, "(m/s)**2/Hz")
    assert got.values.shape == (4, 3 * 1440)
    for day, first in (("2010-03-01", 0), ("2010-03-03", 2880)):
        stored = np.stack(run[1][day]["spectra"]["values"]).T
        assert np.array_equal(got.values[:, first : first + 1440], stored)
    assert np.isnan(got.values[:, 1440:2880]).all()
    with pytest.raises(ParameterError, match="holds"):
        results.spectrogram("XX.ZZZ..HHZ")


def test_averaged_columns_are_mean_powers(run):
    results = open_results(run[0])
    got = results.spectrogram(
        trace_id("AAA"), starttime="2010-03-01", endtime="2010-03-04", average=5 * 3600.0
    )
    whole = results.spectrogram(trace_id("AAA"), starttime="2010-03-01", endtime="2010-03-04")
    # five hours do not divide a day: columns lie on multiples of five hours and cross midnight
    first = int(UTCDateTime("2010-03-01").timestamp) // 18000 * 18000
    assert got.starttime == UTCDateTime(first)
    slot = (int(UTCDateTime("2010-03-01").timestamp) - first + whole.offsets) // 18000
    for i in range(got.values.shape[1]):
        mine = whole.values[:, slot == i]
        values = mine[:, np.isfinite(mine[0])]
        if values.shape[1] * 2 < 300:
            assert np.isnan(got.values[:, i]).all()
        else:
            assert got.values[:, i] == pytest.approx(values.mean(axis=1), rel=1e-12)
    assert np.isnan(got.values).any()


def test_noise_keeps_its_decibels(run):
    got = open_results(run[0]).noise(trace_id("AAA"), endtime="2010-02-28")
    stored = np.stack(run[1]["2010-02-27"]["noise"]["values"]).T[::-1]  # by ascending period
    assert (np.diff(got.frequencies) > 0).all()
    assert got.decibels() == pytest.approx(stored.astype(float), abs=1e-10)
    assert (got.step, got.window, got.units) == (1800.0, 3600.0, "(m/s**2)**2/Hz")


@pytest.mark.parametrize("change", ["units", "axis", "grid"])
def test_a_change_within_the_span_is_refused(tmp_path, change):
    begin = UTCDateTime("2010-01-01")
    for day in range(2):
        start = begin + day * DAY
        other = day == 1
        frame = array_frame(
            start + (7.0 if other and change == "grid" else 0.0),
            np.ones((10, 4)),
            window=10.0,
            step=60.0,
            units="counts**2/Hz" if other and change == "units" else "(m/s)**2/Hz",
        )
        axes = axes_frame(
            frequencies=np.array([1.0, 2.0, 4.0, 9.0 if other and change == "axis" else 8.0])
        )
        put(tmp_path, start, start + DAY, {"spectra": frame, "axes": axes})
    with pytest.raises(ParameterError, match="2010-01-02"):
        open_results(tmp_path).spectrogram(trace_id("AAA"))


# time lines


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 200)), max_size=20),
    st.lists(st.integers(-50, 1250), min_size=2, max_size=8, unique=True),
)
def test_covered_time_is_counted_once(spans, edges):
    edges = np.array(sorted(edges), dtype=np.int64)
    inside = np.zeros(1400, dtype=bool)
    for start, length in spans:
        inside[start : start + length] = True
    ticks = np.arange(1400)
    expected = [inside[(ticks >= a) & (ticks < b)].sum() for a, b in pairwise(edges)]
    starts = np.array([s for s, _ in spans], dtype=np.int64) * 10**9
    ends = starts + np.array([n for _, n in spans], dtype=np.int64) * 10**9
    assert covered(starts, ends, edges * 10**9) == pytest.approx(np.array(expected, dtype=float))


def test_quantiles_are_numpys(rng):
    codes = rng.integers(0, 7, 500)
    values = rng.normal(size=500)
    values[rng.random(500) < 0.1] = np.nan
    codes[codes == 3] = 4
    got, sizes = quantiles(codes, values, 7, (0.1, 0.5, 0.9))
    for code in range(7):
        mine = values[(codes == code) & np.isfinite(values)]
        assert sizes[code] == len(mine)
        if len(mine):
            assert got[:, code] == pytest.approx(np.quantile(mine, (0.1, 0.5, 0.9)), rel=1e-12)
        else:
            assert np.isnan(got[:, code]).all()


def test_steps_lie_on_the_calendar():
    week = grid(UTCDateTime("2010-03-03T05:00:00"), UTCDateTime("2010-03-16"), 604800.0)
    assert [UTCDateTime(ns=int(e)).date.isoformat() for e in week] == [
        "2010-03-01",
        "2010-03-08",
        "2010-03-15",
        "2010-03-22",
    ]
    day = grid(UTCDateTime("2010-03-03T05:00:00"), UTCDateTime("2010-03-04"), 86400.0)
    assert [UTCDateTime(ns=int(e)).day for e in day] == [3, 4]
    assert [auto_step(d * DAY) for d in (1, 30, 365, 3000)] == [3600.0, 21600.0, 86400.0, 604800.0]


@pytest.mark.parametrize("step", [3600.0, 21600.0, 86400.0, 604800.0])
def test_time_line_holds_what_was_planted(run, step):
    line = open_results(run[0]).timeline(step=step)
    edges = grid(T0, T0 + 6 * DAY, step)
    starts = pd.DatetimeIndex(edges.view("datetime64[ns]")).tz_localize("UTC")
    for name, key in (("rsam", []), ("ratios", ["ratio"])):
        table = line.amplitude if name == "rsam" else line.ratios
        rows = planted(run[1], name, ["starttime"])
        slot = np.searchsorted(edges, rows["starttime"].astype("int64"), "right") - 1
        expected = rows.assign(at=starts[slot]).groupby(["trace_id", *key, "at"])["value"]
        got = table.set_index(["trace_id", *key, "starttime"])
        assert len(got) == expected.ngroups
        for share, column in ((0.1, "low"), (0.5, "median"), (0.9, "high")):
            want = expected.quantile(share)
            figures = got[column].reindex(want.index)
            enough = (expected.size() * 600.0 / step >= 0.1).to_numpy()
            assert figures.to_numpy()[enough] == pytest.approx(want.to_numpy()[enough], rel=1e-12)
            assert figures[~enough].isna().all()
    rates = planted(run[1], "rates", ["starttime"])
    slot = np.searchsorted(edges, rows_ns(rates), "right") - 1
    want = rates.assign(at=starts[slot]).groupby(["group", "at"])
    got = line.rates.set_index(["group", "starttime"])
    assert got["count"].to_dict() == want["count"].sum().to_dict()
    assert got["monitored"].to_dict() == pytest.approx(want["monitored"].mean().to_dict())
    assert got["stations_alive"].to_dict() == pytest.approx(want["stations_alive"].mean().to_dict())


def rows_ns(frame):
    return frame["starttime"].dt.as_unit("ns").astype("int64").to_numpy()


def test_what_was_not_processed_is_not_absence_and_absence_is_not_quiet(run):
    line = open_results(run[0]).timeline(step=86400.0)
    assert line.processed["share"].tolist() == [1, 1, 1, 0, 1, 1]
    share = line.availability.pivot(index="starttime", columns="station", values="share")
    assert share["XX.AAA"].iloc[[0, 1, 2, 4, 5]].tolist() == [1] * 5
    assert share["XX.BBB"].iloc[[0, 1, 2, 4, 5]].tolist() == [1, 1, 0, 1, 1]
    assert share.iloc[3].isna().all()
    alone = line.rates[line.rates["starttime"] == pd.Timestamp("2010-03-01T00:00:00Z")]
    assert alone["monitored"].tolist() == [0.0, 0.0]
    assert pd.Timestamp("2010-03-02T00:00:00Z") not in set(line.rates["starttime"])
    # in a span where it recorded nothing, a station of the run still has its row
    quiet = open_results(run[0]).timeline(starttime="2010-03-01", endtime="2010-03-02")
    assert sorted(set(quiet.availability["station"])) == [f"XX.{s}" for s in STATIONS]
    assert quiet.availability.groupby("station")["share"].max().tolist() == [1, 0, 0]


def test_time_line_of_part_of_the_days(run):
    results = open_results(run[0])
    line = results.timeline(
        starttime="2010-02-27T06:00:00", endtime="2010-02-28T06:00:00", stations="XX.[AB]*"
    )
    assert line.step == 3600.0
    assert len(line.processed) == 24
    assert (line.processed["share"] == 1.0).all()
    assert sorted(set(line.availability["station"])) == ["XX.AAA", "XX.BBB"]
    assert sorted(set(line.amplitude["trace_id"])) == [trace_id("AAA"), trace_id("BBB")]
    assert (line.availability["share"] == 1.0).all()
    with pytest.raises(ParameterError, match="step"):
        results.timeline(step=7200.0)


def test_time_line_needs_steps_as_long_as_the_counts(tmp_path):
    begin = UTCDateTime("2010-01-01")
    frames = day_frames(begin, begin + DAY, rng=np.random.default_rng(0))
    frames["rates"] = frames["rates"].iloc[:1].assign(window=DAY)
    put(tmp_path, begin, begin + DAY, frames)
    with pytest.raises(ParameterError, match="longer step"):
        open_results(tmp_path).timeline(step=3600.0)
    assert len(open_results(tmp_path).timeline(step=86400.0).rates) == 1


def test_a_day_in_pieces_gives_the_same_time_line(tmp_path):
    """Six hours at a time or a day at a time: the same rows on disk, the same time line."""
    begin = UTCDateTime("2010-01-01")
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    frames = [
        day_frames(begin + i * DAY / 4, begin + (i + 1) * DAY / 4, rng=np.random.default_rng(i))
        for i in range(4)
    ]
    for i, part in enumerate(frames):
        put(pieces, begin + i * DAY / 4, begin + (i + 1) * DAY / 4, part)
    put(whole, begin, begin + DAY, {n: pd.concat([f[n] for f in frames]) for n in frames[0]})
    for step in (3600.0, 86400.0):
        a, b = (open_results(p).timeline(step=step) for p in (whole, pieces))
        for name in ("processed", "availability", "rates", "amplitude", "ratios"):
            pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name), rtol=1e-12)


def test_periods_are_whole_months_and_years(run):
    results = open_results(run[0])
    months = results.periods("month")
    assert [m[0] for m in months] == ["2010-02", "2010-03"]
    assert months[0][1:] == (UTCDateTime("2010-02-01"), UTCDateTime("2010-03-01"))
    assert [y[0] for y in results.periods("year")] == ["2010"]
    assert [m[0] for m in results.periods("month", starttime="2010-03-02")] == ["2010-03"]
    with pytest.raises(ParameterError, match="period"):
        results.periods("week")
