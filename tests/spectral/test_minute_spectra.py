"""Spectral amplitudes against their definition; one pass for both; the same wherever cut."""

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis.provenance import note
from paektuseis.spectral import SSAM_EDGES, _stft

T0 = UTCDateTime("2014-03-01")
DAY = {"window": 10.24, "overlap": 0.5, "average": 60.0}


def trace(data, start=T0, rate=100.0):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "starttime": start}
    return Trace(np.asarray(data), header | {"sampling_rate": rate})


def literal_ssam(x, rate, size, hop, edges):
    """Mean over windows and bins of 2 |X| / sum(taper), said as plainly as possible."""
    taper = scipy.signal.get_window("hann", size)
    f = np.fft.rfftfreq(size, 1 / rate)
    rows = []
    for start in range(0, len(x) - size + 1, hop):
        window = x[start : start + size].astype(float)
        amplitude = 2 * np.abs(np.fft.rfft((window - window.mean()) * taper)) / taper.sum()
        rows.append(
            [amplitude[(low <= f) & (f < high)].mean() for low, high in zip(edges, edges[1:])]  # noqa: B905, RUF007
        )
    return np.mean(rows, axis=0)


def test_default_bands():
    assert len(SSAM_EDGES) == 20
    assert (SSAM_EDGES[0], SSAM_EDGES[-1]) == (0.5, 20.0)
    assert np.diff(SSAM_EDGES).tolist() == [0.5] * 9 + [1.0] * 5 + [2.0] * 5


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_ssam_is_its_definition(rng, dtype):
    x = (1000 * rng.normal(size=18_000) + 700).astype(dtype)
    table = ps.ssam(trace(x))
    assert list(table.columns) == ps.tables.SSAM.names
    assert len(table) == 3 * 19
    values = table["value"].to_numpy().reshape(3, 19)
    for minute in range(3):
        some = x[minute * 6000 : (minute + 1) * 6000]
        assert values[minute] == pytest.approx(
            literal_ssam(some, 100.0, 1024, 512, SSAM_EDGES), rel=1e-11
        )
    row = table.iloc[20]
    assert (row["trace_id"], row["units"], row["statistic"]) == (
        "1U.JGPD..HHZ",
        "counts",
        "mean_amplitude",
    )
    assert (row["starttime"], row["window"]) == (ps.times.as_timestamp(T0 + 60), 60.0)
    assert (row["freqmin"], row["freqmax"], row["coverage"]) == (1.0, 1.5, 1.0)


def test_amplitude_of_a_sine_and_of_noise(rng):
    t = np.arange(24_000) / 100
    table = ps.ssam(trace(7.0 * np.sin(2 * np.pi * 3 * t)), window=10, edges=[2.95, 3.05])
    assert table["value"].to_numpy() == pytest.approx(7.0, rel=1e-9)
    noise = ps.ssam(trace(rng.normal(size=720_000)), window=10, edges=[1, 40])
    expected = np.sqrt(0.75 * np.pi * 0.02 / 10)  # one-sided density of unit variance: 2 / 100
    assert noise["value"].mean() == pytest.approx(expected, rel=0.004)


def test_both_from_one_pass_are_the_two_functions(rng):
    x = rng.normal(size=30_000).cumsum()
    parts = Stream([trace(x[:14_000]), trace(x[14_700:], T0 + 147)])
    span = {"starttime": T0 + 60, "endtime": T0 + 290}
    density, table = ps.minute_spectra(parts, **DAY, **span)
    alone = ps.spectrogram(parts, **DAY, **span)
    assert np.array_equal(density.values, alone.values, equal_nan=True)
    assert density.method == alone.method
    assert np.array_equal(density.dof, alone.dof)
    assert table.equals(ps.ssam(parts, **DAY, **span))
    assert not len(ps.minute_spectra(parts, edges=(), **DAY)[1])


def test_gap_lowers_the_coverage(rng):
    x = trace(rng.normal(size=24_000))
    parts = Stream([x.slice(T0, T0 + 79.99), x.slice(T0 + 130, T0 + 239.99)])
    table = ps.ssam(parts, window=10, edges=[1, 5, 10])
    coverage = table["coverage"].to_numpy()[::2]
    # windows of 10 s every 5 s: three end by 80 s; nine of the third begin at 130 s or after
    assert coverage == pytest.approx([1.0, 3 / 11, 9 / 11, 1.0])
    assert np.isnan(table["value"].to_numpy()[::2]).tolist() == [False, True, False, False]
    whole = ps.ssam(x, window=10, edges=[1, 5, 10])
    assert table["value"].iloc[-2:].tolist() == whole["value"].iloc[-2:].tolist()
    assert ps.ssam(parts, window=10, edges=[1, 5], min_coverage=0.1)["value"].notna().all()


def test_a_sample_that_is_no_number_spoils_its_windows_only(rng):
    x = rng.normal(size=12_000)
    x[3000] = np.nan
    table = ps.ssam(trace(x), window=10, overlap=0.0, edges=[1, 5])
    assert table["coverage"].tolist() == [5 / 6, 1.0]
    assert table["value"].notna().all()
    # for numpy before 2.0 the transforms are copied
    density = ps.spectrogram(trace(x), window=10, overlap=0.0)
    assert np.isnan(density.values).any(axis=0).tolist() == [False] * 3 + [True] + [False] * 8


def test_older_numpy_gives_the_same(rng, monkeypatch):
    tr = trace(rng.normal(size=12_000))
    table = ps.ssam(tr)
    monkeypatch.setattr(_stft, "_REUSES", False)
    assert ps.ssam(tr).equals(table)


def test_every_window_is_a_row_without_average(rng):
    x = rng.normal(size=3000)
    table = ps.ssam(trace(x), window=10, overlap=0.5, average=None, edges=[1, 5, 10])
    assert len(table) == 5 * 2
    assert table["window"].tolist() == [10.0] * 10
    third = literal_ssam(x[1000:2000], 100.0, 1000, 500, [1, 5, 10])
    assert table["value"].to_numpy()[4:6] == pytest.approx(third, rel=1e-11)
    assert table["starttime"].iloc[4] == ps.times.as_timestamp(T0 + 10)


def whole_and_pieces(tr, length, piece, cuts, **options):
    """Spectra of a span at once, and of pieces of it, each from a record cut elsewhere."""
    end = T0 + length
    whole = ps.minute_spectra(tr, starttime=T0, endtime=end, **options)
    parts = []
    for k, (before, after) in enumerate(cuts):
        start = T0 + k * piece
        record = tr.slice(start - before, start + piece + after)
        parts.append(ps.minute_spectra(record, starttime=start, endtime=start + piece, **options))
    return whole, parts


@pytest.mark.parametrize("rate", [100.0, 40.96, 99.37])
@pytest.mark.parametrize("shift", [0.0, 0.0037])
@pytest.mark.parametrize("average", [60.0, None])
def test_the_same_wherever_the_record_is_cut(rng, rate, shift, average):
    begin = T0 - 100 + shift  # off the grid by a part of a sample
    piece = 300.0 if average else 128 * (256 / rate)
    x = np.cumsum(rng.normal(size=int((4 * piece + 200) * rate)))
    tr = trace(np.rint(1e3 * x).astype(np.int32), begin, rate)
    window = 512 / rate
    cuts = [(0, 0), (77.7, 3.3), (0.01, 61.0), (12.345, 0.5)]
    options = {"window": window, "overlap": 0.5, "average": average}
    whole, parts = whole_and_pieces(tr, 4 * piece, piece, cuts, edges=[1, 2, 5, 15], **options)
    columns = np.hstack([p[0].values for p in parts])
    n = parts[0][0].values.shape[1]
    if average:
        assert np.isfinite(whole[0].values).all()
        assert np.array_equal(whole[0].values, columns)
        value = np.concatenate([p[1]["value"] for p in parts])
        assert np.array_equal(whole[1]["value"], value)
        assert whole[1]["starttime"].tolist() == [t for p in parts for t in p[1]["starttime"]]
    else:  # windows that lie in two pieces are in none of them
        assert n == 127
        assert np.isfinite(columns).all()
        kept = [k * 128 + j for k in range(4) for j in range(n)]
        assert np.array_equal(whole[0].values[:, kept], columns)


def test_gaps_are_the_same_wherever_the_record_is_cut(rng):
    x = trace(rng.normal(size=130_000), T0 - 30)
    tr = Stream([x.slice(T0 - 30, T0 + 200), x.slice(T0 + 233.3, T0 + 611), x.slice(T0 + 615)])
    cuts = [(20, 0), (77.7, 3.3), (0.01, 61.0), (12.345, 0.5)]
    whole, parts = whole_and_pieces(tr, 1200, 300, cuts)
    columns = np.hstack([p[0].values for p in parts])
    assert np.array_equal(whole[0].values, columns, equal_nan=True)
    assert np.isnan(columns).any(axis=0).sum() == 1
    coverage = np.concatenate([p[1]["coverage"] for p in parts])
    assert np.array_equal(whole[1]["coverage"], coverage)


def test_ends_of_the_span_are_kept(rng):
    tr = trace(rng.normal(size=30_000))
    inside = ps.ssam(tr, window=10, starttime=T0 + 60, endtime=T0 + 150, edges=[1, 5])
    assert inside["coverage"].tolist() == [1.0, 5 / 11]  # 120-150 s holds five windows
    filtered = note(tr.copy(), freqmin=2.0, freqmax=15.0, valid_from=T0 + 61)
    assert ps.ssam(filtered, starttime=T0, edges=[3, 5])["value"].isna().tolist()[:2] == [
        True,
        False,
    ]
    with pytest.raises(ps.WaveformError, match="no usable sample"):
        ps.ssam(tr, starttime=T0 + 400, endtime=T0 + 500)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edges": [10, 51]}, r"above the Nyquist frequency 50 Hz of 1U\.JGPD\.\.HHZ"),
        ({"edges": [1.01, 1.02]}, "no frequency from 1.01 to 1.02 Hz"),
        ({"edges": [5, 1]}, "rise"),
        ({"edges": [5]}, "at least two"),
        ({"edges": [0, 1]}, "positive"),
        ({"edges": [1, np.nan]}, "frequencies in hertz"),
        ({"average": 5}, "shorter than the window"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ps.ParameterError, match=words):
        ps.ssam(trace(np.zeros(12_000)), **options)


def test_a_band_may_end_at_the_nyquist_frequency(rng):
    x = rng.normal(size=6000)
    table = ps.ssam(trace(x), window=10, edges=[40, 50])
    assert table["value"].iloc[0] == pytest.approx(
        literal_ssam(x, 100.0, 1000, 500, [40, 50])[0], rel=1e-11
    )
