from itertools import groupby

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime, read

from paektuseis import provenance, tables
from paektuseis.errors import ParameterError
from paektuseis.processing import QualityThresholds, check_waveforms, preprocess

START = UTCDateTime(2010, 9, 1)
RATE = 100.0
ID = "1U.JGPD..HHZ"


@pytest.fixture
def hour(rng):
    """One hour of coloured noise with microseism and three sharp local earthquakes, counts."""
    n = 360_000
    t = np.arange(n) / RATE
    x = np.cumsum(rng.standard_normal(n)) * 0.3
    x -= np.convolve(x, np.ones(2000) / 2000, "same")
    x += 300 * np.sin(2 * np.pi * t / 6) + 20 * rng.standard_normal(n)
    for at, size, f in ((600, 2e5, 12), (1800, 1e4, 25), (2700, 3e6, 5)):
        s = np.maximum(t - at, 0)
        x += (
            size
            * np.minimum(s * 2 * f, 1)
            * np.exp(-s / 3)
            * np.sin(2 * np.pi * f * s)
            * (1 + 0.5 * np.sin(2 * np.pi * 1.7 * f * s))
        )
    return np.rint(x).astype(np.int32)


def trace(x, first=0.0, **header):
    return Trace(
        np.asarray(x),
        {
            "network": "1U",
            "station": "JGPD",
            "channel": "HHZ",
            "sampling_rate": RATE,
            "starttime": START + first / RATE,
            **header,
        },
    )


def found(table, check=None):
    rows = table if check is None else table[table.check == check]
    return [
        (
            round((UTCDateTime(ns=a.value) - START) * RATE),
            round((UTCDateTime(ns=b.value) - START) * RATE),
        )
        for a, b in zip(rows.starttime, rows.endtime, strict=True)
    ]


def test_a_clean_hour_with_earthquakes_gives_nothing(hour):
    before = hour.copy()
    table = check_waveforms(trace(hour))
    assert len(table) == 0
    assert list(table.columns) == tables.QUALITY.names
    np.testing.assert_array_equal(hour, before)


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64", "int64", ">i4"])
def test_dead_constant_and_stuck(hour, dtype):
    for value in (0, 12345):
        table = check_waveforms(trace(np.full(60_000, value, dtype=dtype)))
        assert table[["check", "severity", "value"]].values.tolist() == [["flat", "error", 600.0]]
    stuck = hour.astype(dtype)
    stuck[100_000:106_000] = stuck[100_000]
    table = check_waveforms(trace(stuck))
    assert table.check.tolist() == ["flat"]
    assert found(table) == [(100_000, 105_999)]
    assert table.units[0] == "s"
    assert table.value[0] == pytest.approx(60.0)
    assert table.limit[0] == pytest.approx(10.0)


def test_clipping_symmetric_one_sided_and_at_full_scale(hour):
    for low, high in ((-3000, 3000), (-(2**31), 5000)):
        y = np.clip(hour, low, high)
        table = check_waveforms(trace(y))
        assert set(table.check) == {"clipped"}
        assert (table.severity == "warning").all()
        first = int(np.flatnonzero((y == high) | (y == low))[0])
        inside = np.zeros(len(y), bool)
        for a, b in found(table):
            inside[a : b + 1] = True
        at_extreme = (y == high) | (y == low)
        assert inside[at_extreme].mean() > 0.95
        assert abs(found(table)[0][0] - first) < 50
    full = np.clip(hour.astype(np.int64) * 60, -(2**23), 2**23 - 1).astype(np.int32)
    full[200_000] = 2**23 - 1  # a single sample at full scale tells already
    table = check_waveforms(trace(full))
    assert any(a <= 200_000 <= b for a, b in found(table, "clipped"))


def test_one_sample_at_full_scale_is_clipped(hour):
    for value in (2**23 - 1, -(2**23)):
        y = hour.copy()
        y[200_000] = value
        assert found(check_waveforms(trace(y)), "clipped") == [(200_000, 200_000)]


def test_a_smooth_crest_that_looks_flat_is_not_clipping():
    t = np.arange(60_000) / RATE
    table = check_waveforms(trace(np.rint(500 * np.sin(2 * np.pi * t / 20)).astype(np.int32)))
    assert len(table) == 0


@pytest.mark.parametrize("width", [1, 2, 3])
def test_spikes_are_found_each_and_no_earthquake_is_one(hour, width):
    y = hour.copy()
    where = np.arange(20_000, 340_000, 7000)
    for k in range(width):
        y[where + k] += 3_000_000
    table = check_waveforms(trace(y))
    assert set(table.check) == {"spike"}
    # those that fall into the strong coda are not isolated
    clear = [w for w in where if not 270_000 <= w < 275_000 and not 60_000 <= w < 61_500]
    assert {a for a, _ in found(table)} >= set(clear)
    assert {a for a, _ in found(table)} <= set(where.tolist())
    assert all(b - a == width - 1 for a, b in found(table))
    assert "3" in table.message[0]
    assert "counts" in table.message[0]


def test_a_spike_of_two_milliards_does_not_hide_the_others(hour):
    y = hour.copy()
    y[100_000] = 2_000_000_000
    y[150_000] -= 100_000
    table = check_waveforms(trace(y))
    assert found(table, "spike") == [(100_000, 100_000), (150_000, 150_000)]


def test_steps_and_square_waves(hour):
    y = hour.copy()
    y[100_000:] += 1_000_000
    table = check_waveforms(trace(y))
    assert found(table, "step") == [(100_000, 100_000)]
    assert table[table.check == "step"].value.iloc[0] == pytest.approx(1e6, rel=0.01)
    y = hour.copy()
    t = np.arange(12_000)
    y[120_000:132_000] += (200_000 * np.sign(np.sin(2 * np.pi * (t + 0.5) / 2000))).astype(np.int32)
    table = check_waveforms(trace(y))
    assert set(table.check) == {"step", "calibration"}
    assert [a for a, _ in found(table, "step")] == list(range(120_000, 133_000, 1000))
    assert found(table, "calibration") == [(119_990, 132_009)]


@pytest.mark.parametrize(
    ("at", "heights"),
    [
        ([0, 10, 20], [1, -1, 1]),  # too few
        ([0, 10, 20, 30, 40], [1, 1, 1, 1, 1]),  # a staircase
        ([0, 10, 31, 38, 60], [1, -1, 1, -1, 1]),  # no period
        ([0, 10, 20, 30, 40], [1, -1, 9, -1, 9]),  # not alike
        ([0, 200, 400, 600], [1, -1, 1, -1]),  # slower than any calibration
    ],
)
def test_steps_that_are_no_square_wave(hour, at, heights):
    y = hour.copy()
    for seconds, height in zip(at, heights, strict=True):
        y[100_000 + seconds * 100 :] += height * 300_000
    table = check_waveforms(trace(y))
    assert "calibration" not in set(table.check)
    assert len(found(table, "step")) == len(at)


def test_square_wave_is_cut_out(hour):
    y = hour.copy()
    for k in range(6):
        y[200_000 + 500 * k :] += (-1) ** k * 50_000
    table = check_waveforms(trace(y))
    pieces = preprocess(trace(y), detrend=None, quality=table)
    assert [len(t.data) for t in pieces] == [199_990, len(y) - 202_510]
    np.testing.assert_array_equal(pieces[0].data, hour[:199_990])
    np.testing.assert_array_equal(pieces[1].data, hour[202_510:])


def test_zeros_where_nothing_was_measured(hour):
    y = hour + 50_000
    gone = list(range(30_000, 330_000, 20_000))
    for k in gone:
        y[k : k + 200] = 0
    table = check_waveforms(trace(y))
    assert set(table.check) == {"zero_run"}
    assert found(table) == [(k, k + 199) for k in gone]
    z = hour.copy()
    z[100_000:130_000] = 0
    table = check_waveforms(trace(z))
    assert set(table.check) == {"flat"}  # long enough to be dead
    out = preprocess(trace(y), quality=check_waveforms(trace(y)))
    assert len(out) == len(gone) + 1
    assert all(np.abs(t.data).max() < 4e6 for t in out)


@pytest.mark.parametrize(
    ("value", "samples"), [(-1, 150), (12_345, 300), (None, 120), (777_777, 20), (-9_999, 40)]
)
def test_a_value_held_by_the_telemetry(hour, value, samples):
    y = hour.copy()
    begins = [30_000, 121_000, 250_000]
    for k in begins:
        y[k : k + samples] = y[k] if value is None else value
    table = check_waveforms(trace(y))
    assert set(table.check) == {"held"}
    assert found(table) == [(k, k + samples - 1) for k in begins]
    assert (table.severity == "error").all()
    assert len(preprocess(trace(y), detrend=None, quality=table)) == 4


def test_a_strong_event_that_clips_for_long_is_clipped_not_held(hour):
    t = np.arange(3_000) / 100
    burst = 4e5 * np.exp(-t / 8) * np.sin(2 * np.pi * 0.35 * t) + 3e4 * np.sin(2 * np.pi * 6 * t)
    y = hour.astype(np.float64)
    y[200_000:203_000] += burst * np.exp(-t / 20)
    y = np.clip(np.rint(y), -150_000, 150_000).astype(np.int32)
    table = check_waveforms(trace(y))
    longest = max(len(list(run)) for level, run in groupby(y) if abs(level) == 150_000)
    assert longest >= 100  # as long as a value that is held
    assert "held" not in set(table.check)
    assert "clipped" in set(table.check)
    assert not (table.severity == "error").any()


def test_equal_samples_of_a_smooth_or_a_quiet_record_are_no_fault():
    t = np.arange(100_000)
    crest = np.rint(4000 * np.sin(t / 16_000))  # a thousand counts an hour and flat on top
    assert "held" not in set(check_waveforms(trace(crest.astype(np.int32))).check)
    quiet = np.random.default_rng(2).integers(0, 2, 100_000)
    quiet[5_000:5_700] = 1
    assert "held" not in set(check_waveforms(trace(quiet.astype(np.int32))).check)
    swell = np.rint(160 * np.sin(2 * np.pi * 0.2 * t / 100)).astype(np.int32)
    assert not len(check_waveforms(trace(swell)))


def test_no_measurement_and_denormals():
    x = np.sin(np.arange(10_000.0) / 7) * 100
    x[500], x[600:603], x[700] = np.nan, np.inf, -(2.0**31)
    table = check_waveforms(trace(x))
    bad = table[table.check == "nonfinite"]
    assert found(bad) == [(500, 500), (600, 602), (700, 700)]
    assert bad.value.tolist() == [1, 3, 1]
    assert [
        "NaN" in bad.message.iloc[0],
        "infinite" in bad.message.iloc[1],
        "2**31" in bad.message.iloc[2],
    ] == [True] * 3
    mislabelled = np.arange(1, 10_001, dtype=np.int32).view(np.float32)
    assert check_waveforms(trace(mislabelled)).check.tolist() == ["denormal"]


def test_offset_and_drift(hour):
    far = check_waveforms(trace(hour + 4_000_000))
    assert far[["check", "severity"]].values.tolist() == [["dc_offset", "warning"]]
    assert far.value[0] == pytest.approx(4e6, rel=0.01)
    assert far.limit[0] == 0.25 * 2**23
    drifting = hour + np.linspace(-2e6, 2e6, len(hour)).astype(np.int32)
    table = check_waveforms(trace(drifting))
    assert table[["check", "severity"]].values.tolist() == [["dc_drift", "warning"]]
    assert table.value[0] == pytest.approx(4e6, rel=0.03)
    moved = provenance.note(trace(hour.astype(float) + 4e6), units="m/s")
    assert "dc_offset" not in set(check_waveforms(moved).check)


def test_gaps_overlaps_and_conflicts():
    x = (1000 * np.sin(np.arange(10_000) / 5)).astype(np.int32)
    other = x[5000:8000].copy()
    other[100:200] += 1
    st = Stream(
        [
            trace(x[:2000]),
            trace(x[1500:3000], first=1500),  # identical overlap
            trace(x[3500:6000], first=3500),  # gap before
            trace(other, first=5000),  # differs in part
            trace(x[7000:9000], first=7000.4),  # off the grid
        ]
    )
    table = check_waveforms(st, starttime=START, endtime=START + 100)
    kinds = dict(zip(table.check, found(table), strict=True))
    assert kinds["duplicate"] == (1500, 1999)
    assert kinds["conflict"] == (5000, 5999)
    assert table[table.check == "conflict"].value.iloc[0] == 100
    assert table[table.check == "conflict"].severity.iloc[0] == "error"
    assert kinds["overlap"][0] == 7000
    assert found(table, "gap") == [(3000, 3500), (9000, 10_000)]
    shuffled = Stream([st[k] for k in (3, 1, 4, 0, 2)])
    assert check_waveforms(shuffled, starttime=START, endtime=START + 100).equals(table)


def test_clock_and_rate():
    x = (1000 * np.sin(np.arange(3000) / 5)).astype(np.int32)
    st = Stream([trace(x), trace(x, first=3000.4)])
    table = check_waveforms(st)
    assert table.check.tolist() == ["clock_jump"]
    assert table.value[0] == pytest.approx(0.004, abs=1e-6)
    assert table.severity[0] == "warning"
    st = Stream([trace(x), trace(x, first=3000), trace(x[:100], first=9000, sampling_rate=50.0)])
    rates = check_waveforms(st)
    rates = rates[rates.check == "sampling_rate"]
    assert rates[["severity", "value", "limit"]].values.tolist() == [["warning", 50.0, 100.0]]
    st = Stream([trace(x), trace(x[:100], first=9000, sampling_rate=100.005)])
    rates = check_waveforms(st)
    assert rates[rates.check == "sampling_rate"].severity.tolist() == ["info"]


def test_reader_findings_are_handed_on(hour):
    row = {
        "trace_id": ID,
        "starttime": START,
        "endtime": START + 1,
        "check": "record",
        "severity": "error",
        "message": "bad record",
        "value": 1.0,
        "units": "",
        "limit": 0.0,
        "path": "x.mseed",
    }
    tr = provenance.note(trace(hour), findings=(row,))
    table = check_waveforms(tr)
    assert table[["check", "path"]].values.tolist() == [["record", "x.mseed"]]
    assert len(preprocess(tr, quality=table)[0]) == 360_000 - 101


def test_many_findings_are_summed_up_and_sorted():
    x = (1000 * np.sin(np.arange(100) / 5)).astype(np.int32)
    st = Stream([trace(x, first=150 * k) for k in range(500)])
    table = check_waveforms(st, thresholds=QualityThresholds(max_rows=10))
    assert len(table) == 11
    assert table.starttime.is_monotonic_increasing
    assert table.message.iloc[-1].startswith("489 more")
    assert set(table.severity) <= set(tables.SEVERITIES)


def test_short_records_and_thresholds():
    for count in (1, 2, 3, 10):
        assert len(check_waveforms(trace(np.arange(count, dtype=np.int32)))) == 0
    assert len(check_waveforms(Stream())) == 0
    with pytest.raises(ParameterError, match="jump"):
        QualityThresholds(jump=0)


@pytest.mark.real
def test_no_false_alarm_on_clean_real_days(real_data):
    files = [
        *(real_data / "piton_undervolc_2010" / "waveforms").glob("YA.UV*"),
        *(real_data / "daylong_broadband" / "fur_2015361").glob("GR.FUR*"),
        *(real_data / "volcano_snippets" / "gareloi_2022_lf").glob("*.mseed"),
    ]
    assert len(files) >= 9
    for path in files:
        table = check_waveforms(read(str(path), format="MSEED").merge(-1))
        assert table[table.severity != "info"].empty, (path.name, table.to_string())


def test_metadata_findings(hour, make_inventory, make_response):
    tr = trace(hour)

    def checks(*channels):
        table = check_waveforms(tr, inventory=make_inventory(*channels))
        return [(c, s) for c, s in zip(table.check, table.severity, strict=True)], table

    good = make_response()
    assert checks(("HHZ", good, "2010-01-01", None))[0] == []
    assert checks(("HHN", good, None, None))[0] == [("no_response", "error")]
    assert checks(("HHZ", None, None, None))[0] == [("no_response", "error")]
    found, table = checks(("HHZ", good, "2010-01-01", "2010-08-01"))
    assert found == [("wrong_epoch", "error")]
    assert "2010-01-01 to 2010-08-01" in table.message[0]
    # an epoch that ends within the record: only what lies behind it has none
    found, table = checks(("HHZ", good, None, START + 1800))
    assert found == [("wrong_epoch", "error")]
    assert UTCDateTime(ns=table.starttime[0].value) == START + 1800
    two = (("HHZ", good, None, None), ("HHZ", make_response(gain=3000.0), None, None))
    assert checks(*two)[0] == [("response", "error")]
    for factor, severity in (
        (1.04, None),
        (1.1, "warning"),
        (0.9, "warning"),
        (2.0, "error"),
        (0.1, "error"),
    ):
        made = make_response(sensitivity=factor * 1500.0 * 419_430.0)
        found, table = checks(("HHZ", made, None, None))
        assert found == ([] if severity is None else [("response", severity)]), factor
        if severity:
            assert table.value[0] == pytest.approx(factor, rel=1e-3)
            assert table.limit[0] in (0.05, 0.5)
    found, table = checks(("HHZ", make_response(rate=40.0), None, None))
    assert found == [("response", "warning")]
    assert "40 Hz" in table.message[0]
    assert preprocess(tr, quality=table)[0].stats.npts == len(hour)


def test_one_record_under_two_names_is_told(rng):
    x = rng.integers(-400, 400, 3000).astype(np.int32)

    def trace(location, data, *, late=0.0):
        header = {"network": "XX", "station": "A", "location": location, "channel": "HHZ"}
        header |= {"sampling_rate": 100.0, "starttime": UTCDateTime(2024, 6, 1) + late}
        return Trace(data.copy(), header)

    def told(*traces):
        table = check_waveforms(Stream(traces))
        return table[table["check"] == "same_samples"]

    (row,) = told(trace("00", x), trace("10", x)).itertuples()
    assert (row.trace_id, row.severity, row.value) == ("XX.A.10.HHZ", "warning", 3000.0)
    assert "XX.A.00.HHZ" in row.message
    other = x.copy()
    other[1234] += 1
    assert told(trace("00", x), trace("10", other)).empty
    assert told(trace("00", x), trace("10", x, late=0.01)).empty
    assert told(trace("00", x[:50]), trace("10", x[:50])).empty
    dead = np.zeros(3000, np.int32)
    assert told(trace("00", dead), trace("10", dead)).empty


def test_the_last_swing_of_a_burst_that_ends_at_once_is_no_spike(rng):
    x = rng.integers(-5, 6, 6000)
    x[3000:3100] += np.tile([4000, 0, -4000, 0], 25)
    header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": 100.0}
    table = check_waveforms(Trace(x.astype(np.int32), header))
    assert not {"spike", "step"} & set(table["check"])
