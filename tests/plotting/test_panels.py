"""Each panel: unit and UTC on the labels, gaps blank, the caller's data untouched."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import ParameterError, Spectrogram, Spectrum, tables
from paektuseis.plotting._time import column_days, to_days
from paektuseis.plotting.series import steps
from paektuseis.plotting.spectra import raster
from paektuseis.provenance import note

from .conftest import T0, record


def spectrum(units="counts**2/Hz", statistic="power spectral density", values=None):
    frequencies = np.arange(0, 501) * 0.1
    return Spectrum(
        frequencies=frequencies,
        values=np.full(501, 1e-14) if values is None else values,
        units=units,
        statistic=statistic,
        trace_id="YA.UV05.00.HHZ",
        starttime=T0,
        endtime=T0 + 600,
        method="Welch",
        window=10.0,
    )


def spectrogram(values=None, step=5.0, window=10.0, units="(m/s)**2/Hz"):
    values = np.full((51, 100), 1e-12) if values is None else values
    return Spectrogram(
        starttime=T0,
        step=step,
        window=window,
        frequencies=np.arange(values.shape[0]) * 1.0,
        values=values,
        units=units,
        statistic="power spectral density",
        trace_id="YA.UV05.00.HHZ",
        method="Hann windows",
    )


# waveforms


def test_waveforms_say_unit_band_and_time_and_change_nothing(gappy):
    before = gappy.copy()
    ax = ps.plot_waveforms(gappy)
    assert isinstance(ax, Axes)
    assert ax.get_xlabel() == "UTC, 2010-09-01"
    assert ax.get_title(loc="left") == "unfiltered"
    assert any("counts" in t.get_text() for t in ax.texts)
    assert np.isnan(ax.lines[0].get_ydata()).sum() == 1
    for old, new in zip(before, gappy, strict=True):
        assert old == new


def test_waveforms_go_by_distance_from_the_top():
    net = ps.load_network("paektu").select("1U.*")
    codes = ["SHRD", "JGPD", "SMSD"]
    stream = Stream([record(20, station=c) for c in codes])
    for trace in stream:
        trace.stats.network = "1U"
    ax = ps.plot_waveforms(stream, stations=net)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert [label.split()[0] for label in labels] == ["JGPD", "SMSD", "SHRD"]
    assert "2.7 km" in labels[0]
    bottom, top = ax.get_ylim()
    assert bottom > top
    given = ps.plot_waveforms(stream, stations=net, order="given")
    assert given.get_yticklabels()[0].get_text().startswith("SHRD")


def test_common_scale_needs_one_unit():
    a, b = record(10, station="A"), record(10, station="B")
    b.data *= 10
    ax = ps.plot_waveforms(Stream([a, b]), normalise="common")
    small, large = (np.ptp(line.get_ydata()) for line in ax.lines)
    assert large / small == pytest.approx(np.ptp(b.data) / np.ptp(a.data), rel=1e-9)
    note(b, units="m/s")
    with pytest.raises(ParameterError, match="units"):
        ps.plot_waveforms(Stream([a, b]), normalise="common")
    with pytest.raises(ParameterError, match="order"):
        ps.plot_waveforms(a, order="size")
    with pytest.raises(ParameterError, match="endtime"):
        ps.plot_waveforms(a, starttime=T0 + 5, endtime=T0)


def test_settling_is_shaded_and_triggers_stand_on_their_channel(triggers):
    trace = record(200)
    note(trace, freqmin=2.0, freqmax=15.0, valid_from=T0 + 20)
    ax = ps.plot_waveforms(trace, triggers=triggers)
    assert ax.get_title(loc="left") == "2–15 Hz"
    spans = sorted((p.get_x(), p.get_width() * 86400) for p in ax.patches)
    assert spans[0] == pytest.approx((to_days(T0), 20.0), abs=1e-4)
    assert spans[1] == pytest.approx((to_days(T0 + 100), 10.0), abs=1e-4)


def test_characteristic_function_shows_thresholds_and_blind_time(triggers):
    trace = Trace(np.abs(record(200, offset=0.0).data) / 50, record(200).stats)
    note(trace, units="ratio", method="recursive", sta=0.5, lta=10.0, blind_until=T0 + 30)
    ax = ps.plot_triggers(trace, triggers)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["blind (warm-up)", "trigger (1)", "on at 3.5", "off at 1.5"]
    assert "ratio" in ax.get_ylabel()
    assert "STA 0.5 s, LTA 10 s" in ax.get_title(loc="left")
    with pytest.raises(ParameterError, match="channels"):
        ps.plot_triggers(Stream([record(10), record(10, station="B")]))


# spectra


def test_spectrum_of_velocity_stands_between_the_noise_models():
    ax = ps.plot_spectrum(spectrum("(m/s)**2/Hz"), bands=((1, 2), (10, 20)))
    assert "(m/s)²/Hz" in ax.get_ylabel()
    assert ax.get_xlabel() == "frequency (Hz)"
    assert ax.get_xscale() == "log"
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["YA.UV05.00.HHZ"].get_ydata()[3] == pytest.approx(-140.0)
    frequency = lines["NLNM (Peterson 1993)"].get_xdata()
    # Peterson's low-noise model at 1 s is -166.4 dB of acceleration, table 3 of the report
    low = np.interp(1.0, frequency, lines["NLNM (Peterson 1993)"].get_ydata())
    assert low + 20 * np.log10(2 * np.pi) == pytest.approx(-166.4, abs=0.3)


def test_counts_have_no_noise_model_and_amplitudes_no_decibels():
    ax = ps.plot_spectrum(spectrum())
    assert len(ax.lines) == 1
    ax = ps.plot_spectrum(spectrum("(m/s)/Hz", "amplitude spectrum"))
    assert ax.get_yscale() == "log"
    assert "dB" not in ax.get_ylabel()
    assert ax.lines[0].get_ydata()[0] == 1e-14


def test_spectra_that_do_not_match_are_refused():
    with pytest.raises(ParameterError, match="mix"):
        ps.plot_spectrum([spectrum(), spectrum("(m/s)**2/Hz")])
    with pytest.raises(ParameterError, match="labels"):
        ps.plot_spectrum(spectrum(), labels=["a", "b"])
    with pytest.raises(ParameterError, match="ascending"):
        ps.plot_spectrum(spectrum(), bands=((5, 2),))
    with pytest.raises(ParameterError, match="Spectrum"):
        ps.plot_spectrum([])


@pytest.mark.parametrize("log", [False, True])
def test_spectrogram_has_colour_bar_unit_time_and_blank_gaps(log):
    values = np.full((51, 100), 1e-12)
    values[10] = 1e-10
    values[:, 40:60] = np.nan
    ax = ps.plot_spectrogram(spectrogram(values), log=log, vmin=-130, vmax=-90)
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "dB rel. 1 (m/s)²/Hz"
    assert ax.get_xlabel() == "UTC, 2010-09-01"
    (drawn,) = ax.images
    picture = np.ma.getmaskarray(drawn.get_array())
    assert picture[:, 40:60].all()
    assert not picture[:, :40].any()
    assert drawn.get_clim() == (-130, -90)


def test_rows_of_the_picture_stand_at_their_frequency():
    values = np.full((51, 4), 1e-12)
    values[10] = 1e-9
    for log in (False, True):
        low = 1.0 if log else 0.0
        picture = raster(spectrogram(values), low, 50.0, log=log, rows=500)
        edges = np.geomspace(low, 50, 501) if log else np.linspace(low, 50, 501)
        row = int(np.median(np.flatnonzero(picture[:, 0] > -95)))
        assert edges[row] == pytest.approx(10.0, abs=0.6)


def test_many_windows_become_their_mean_power():
    values = np.full((51, 4000), 1e-12)
    values[:, 1::2] = 3e-12
    values[:, 2000:3000] = np.nan
    picture = raster(spectrogram(values), 0.0, 50.0, columns=400)
    assert picture.shape[1] == 400
    assert picture[:, 0] == pytest.approx(10 * np.log10(2e-12))
    assert np.isnan(picture[:, 200:300]).all()
    assert np.isfinite(picture[:, :200]).all()


@pytest.mark.parametrize(("step", "window", "left"), [(5.0, 10.0, 2.5), (60.0, 10.0, 0.0)])
def test_columns_are_drawn_where_they_were_measured(step, window, left):
    ax = ps.plot_spectrogram(spectrogram(step=step, window=window))
    begin, end, *_ = ax.images[0].get_extent()
    assert (begin - to_days(T0)) * 86400 == pytest.approx(left, abs=1e-4)
    assert (end - begin) * 86400 == pytest.approx(100 * step, abs=1e-4)


def test_spectrogram_without_a_value_says_so():
    ax = ps.plot_spectrogram(spectrogram(np.full((5, 4), np.nan)))
    assert any("no window" in t.get_text() for t in ax.texts)


# drum


def drum_lines(ax):
    kind = PolyCollection if any(isinstance(c, PolyCollection) for c in ax.collections) else None
    found = [c for c in ax.collections if isinstance(c, kind or LineCollection)]
    return [p.vertices for p in found[0].get_paths()]


def test_drum_leaves_the_gap_blank_and_states_its_scale(gappy):
    note(gappy[0], freqmin=1.0, freqmax=20.0)
    note(gappy[1], freqmin=1.0, freqmax=20.0)
    ax = ps.plot_helicorder(gappy, interval=100.0, scale=500.0)
    assert "row spacing = 500 counts" in ax.get_xlabel()
    assert ax.get_ylabel() == "UTC, 2010-09-01"
    assert "1–20 Hz" in ax.get_title(loc="left")
    rows = sorted({round(float(np.median(p[:, 1]))) for p in drum_lines(ax)})
    assert rows == [0, 1, 3, 4, 5]  # the third row of 100 s was not recorded


@pytest.mark.parametrize("interval", [100.0, 900.0])
def test_drum_breaks_inside_a_row(interval):
    data = np.sin(np.arange(90_000) / 30.0)
    trace = Trace(data, {"sampling_rate": 100.0, "starttime": T0})
    stream = Stream([trace.slice(T0, T0 + 40), trace.slice(T0 + 60, T0 + 900)])
    ax = ps.plot_helicorder(stream, starttime=T0, endtime=T0 + 900, interval=interval)
    unit = 1.0 if interval <= 120 else 60.0
    first = sorted(
        (p[:, 0].min() * unit, p[:, 0].max() * unit)
        for p in drum_lines(ax)
        if round(float(np.median(p[:, 1]))) == 0
    )
    (a, b), (c, _) = first[:2]
    assert a == pytest.approx(0.0, abs=1.0)
    assert b == pytest.approx(40.0, abs=1.1)
    assert c == pytest.approx(60.0, abs=1.1)


def test_a_dead_channel_is_a_line_not_nothing():
    trace = Trace(np.full(90_000, 117), {"sampling_rate": 100.0, "starttime": T0})
    ax = ps.plot_helicorder(trace, interval=900.0)
    assert len(drum_lines(ax)) > 0
    assert all(np.ptp(p[:, 1]) > 0.03 for p in drum_lines(ax))


def test_settling_is_not_drawn_on_the_drum():
    trace = record(300)
    note(trace, valid_from=T0 + 50)
    ax = ps.plot_helicorder(trace, interval=300.0, starttime=T0, endtime=T0 + 300)
    assert min(p[:, 0].min() for p in drum_lines(ax)) * 60 == pytest.approx(50.0, abs=0.5)


def test_an_event_goes_on_in_the_next_row():
    events = tables.DETECTIONS.frame(
        [
            {
                "event_id": "a",
                "starttime": T0 + 90,
                "endtime": T0 + 130,
                "n_stations": 3,
                "trace_ids": ("YA.UV05.00.HHZ",),
            }
        ]
    )
    ax = ps.plot_helicorder(record(300), interval=100.0, events=events)
    bars = [c for c in ax.collections if isinstance(c, LineCollection)][-1].get_segments()
    spans = [tuple(np.round(b, 2).ravel()) for b in bars]
    assert spans == [(90.0, 0.42, 100.0, 0.42), (0.0, 1.42, 30.0, 1.42)]


def test_drum_cuts_what_is_too_large_and_says_so():
    trace = record(300, offset=0.0)
    trace.data[1000] = 1e7
    ax = ps.plot_helicorder(trace, interval=60.0)
    assert "cut (red)" in ax.get_xlabel()
    assert max(np.abs(p[:, 1]).max() for p in drum_lines(ax)) < 7
    with pytest.raises(ParameterError, match="interval"):
        ps.plot_helicorder(trace, interval=-1)
    with pytest.raises(ParameterError, match="channels"):
        ps.plot_helicorder(Stream([trace, record(10, station="B")]))


# series


def test_rsam_names_what_it_is_and_breaks(rsam_table):
    ax = ps.plot_rsam(rsam_table)
    assert ax.get_ylabel() == "RSAM (counts)"
    assert ax.get_title(loc="left") == "mean |amplitude| in windows of 1 min, 1–20 Hz"
    days, values = ax.lines[0].get_data()
    seconds = (np.asarray(days) - to_days(T0)) * 86400
    blank = np.isnan(values)
    assert not ((seconds[~blank] > 480.01) & (seconds[~blank] < 599.99)).any()  # windows 8, 9
    assert not ((seconds[~blank] > 840.01) & (seconds[~blank] < 899.99)).any()  # NaN, window 14
    mixed = rsam_table.assign(units=["m/s"] + ["counts"] * (len(rsam_table) - 1))
    with pytest.raises(ParameterError, match="mixes the units"):
        ps.plot_rsam(mixed)


def test_a_small_unit_keeps_its_factor(rsam_table):
    ax = ps.plot_rsam(rsam_table.assign(value=rsam_table["value"] * 1e-9, units="m/s"))
    assert ax.get_ylabel() == "RSAM (10⁻⁷ m/s)"
    assert ax.yaxis.get_major_formatter()(2e-7) == "2"


def test_steps_are_as_long_as_their_windows():
    days, values = steps(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 7.0]), 86400.0)
    assert np.array_equal(days, [0, 1, 1, 2, np.nan, 3, 4], equal_nan=True)
    assert np.array_equal(values, [5, 5, 6, 6, np.nan, 7, 7], equal_nan=True)


def test_unmonitored_time_is_hatched_not_quiet(rates):
    ax = ps.plot_event_rate(rates)
    assert ax.get_ylabel() == "events per 1 h"
    top = ax.get_ylim()[1]
    hatched = [p for p in ax.patches if p.get_hatch()]
    shares = {round((p.get_x() - to_days(T0)) * 24): abs(p.get_height()) / top for p in hatched}
    assert shares == pytest.approx({5: 1.0, 6: 1.0, 7: 0.75})
    bars = [p for p in ax.patches if not p.get_hatch()]
    assert [p.get_height() for p in bars] == rates["count"].tolist()
    with pytest.raises(ParameterError, match="show"):
        ps.plot_event_rate(rates, show="number")


def test_availability_counts_what_was_monitored(monitoring):
    ax = ps.plot_availability(monitoring, starttime=T0, endtime=T0 + 600)
    assert [t.get_text() for t in ax.texts] == ["73.3 %"]  # 170 + 270 of 600 s
    segments = tables.AVAILABILITY.frame(
        {
            "trace_id": "A",
            "starttime": T0 + a,
            "endtime": T0 + b - 0.01,
            "sampling_rate": 100.0,
            "npts": round((b - a) * 100),
        }
        for a, b in ((0, 300), (200, 450), (540, 600))  # overlapping segments count once
    )
    ax = ps.plot_availability(segments, starttime=T0, endtime=T0 + 600)
    assert [t.get_text() for t in ax.texts] == ["85.0 %"]
    with pytest.raises(ParameterError, match="state"):
        ps.plot_availability(monitoring.assign(state="asleep"))


# map


def test_map_is_true_to_shape_and_points_at_the_test_site():
    net = ps.load_network("paektu").select("1U.*")
    ax = ps.plot_station_map(net, alive=["1U.JGPD"])
    assert ax.get_aspect() == pytest.approx(1 / np.cos(np.radians(net.latitude)))
    words = [t.get_text() for t in ax.texts]
    assert any(w.startswith("Punggye-ri\n11") for w in words)
    assert {"JGPD", "PDBD", "MDPD", "SMSD", "PSRD", "SHRD"} <= set(words)
    assert any(w.endswith(" km") and "\n" not in w for w in words)  # the scale bar
    west, east = ax.get_xlim()
    assert east - west < 1.5  # the test site does not make the map small
    living, dead = (c for c in ax.collections if "records" in str(c.get_label()))
    assert len(living.get_offsets()) == 1
    assert len(dead.get_offsets()) == 5


def test_names_on_the_map_do_not_lie_on_one_another():
    net = ps.load_network("paektu")
    figure = Figure(figsize=(5, 5), dpi=100)
    ax = ps.plot_station_map(net, ax=figure.add_axes((0.1, 0.1, 0.88, 0.88)), extent_km=15)
    figure.canvas.draw()
    boxes = [
        t.get_window_extent()
        for t in ax.texts
        if t.get_text() and ax.bbox.contains(*t.get_window_extent().get_points().mean(axis=0))
    ]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            width = min(a.x1, b.x1) - max(a.x0, b.x0)
            height = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert width <= 1 or height <= 1


def test_map_from_a_table_and_nothing_else():
    table = ps.load_network("paektu").select("1U.*").station_table()
    assert isinstance(ps.plot_station_map(table), Axes)
    assert "no station" in ps.plot_station_map(table.head(0)).texts[0].get_text()
    with pytest.raises(ParameterError, match="Network"):
        ps.plot_station_map("paektu")


def test_time_columns_become_dates():
    frame = tables.GAPS.frame(
        [
            {
                "trace_id": "A",
                "starttime": UTCDateTime("2010-09-01T12:00:00"),
                "endtime": T0,
                "duration": 1.0,
            }
        ]
    )
    assert column_days(frame["starttime"])[0] == to_days("2010-09-01T12:00:00")


def test_axes_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="Axes"):
        ps.plot_waveforms(record(10), ax=Figure())


def test_settling_does_not_set_the_scale():
    trace = record(60, offset=0.0)
    trace.data[:100] *= 1000.0
    note(trace, valid_from=T0 + 2)
    ax = ps.plot_waveforms(trace)
    expected = np.abs(trace.data[200:] - np.median(trace.data)).max()
    assert ax.texts[0].get_text() == f"±{expected:.3g} counts"
    drawn = ax.lines[0].get_ydata()
    assert np.nanmax(np.abs(drawn)) == pytest.approx(0.5)


@pytest.mark.parametrize("log", [False, True])
def test_a_tone_is_drawn_at_its_frequency_and_time(log):
    """Read back from the pixels: a band at 10 Hz in the third quarter of the span."""
    values = np.full((51, 100), 1e-12)
    values[10, 50:75] = 1e-8
    ax = ps.plot_spectrogram(
        spectrogram(values), log=log, freqmin=1.0, vmin=-125, vmax=-80, colorbar=False
    )
    canvas = ax.figure.canvas
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1].astype(int)  # row 0 at the bottom
    box = ax.get_window_extent()
    inside = np.zeros(pixels.shape[:2], dtype=bool)
    inside[int(box.y0) + 3 : int(box.y1) - 3, int(box.x0) + 3 : int(box.x1) - 3] = True
    bright = inside & (pixels[..., 0] > 200) & (pixels[..., 1] > 200) & (pixels[..., 2] < 100)
    rows, columns = np.nonzero(bright)
    (left, low), (right, high) = ax.transData.inverted().transform(
        [(columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)]
    )
    assert low == pytest.approx(9.5, abs=0.7)
    assert high == pytest.approx(10.5, abs=0.7)
    assert (left - to_days(T0)) * 86400 == pytest.approx(2.5 + 50 * 5.0, abs=4.0)
    assert (right - to_days(T0)) * 86400 == pytest.approx(2.5 + 75 * 5.0, abs=4.0)


def test_colour_bar_shows_the_limits_of_the_picture():
    ax = ps.plot_spectrogram(spectrogram(), vmin=-130, vmax=-90)
    (bar,) = ax.child_axes
    assert bar.get_ylim() == (-130, -90)
    (ramp,) = bar.images
    picture = ax.images[0]
    for level in (-130.0, -111.0, -90.0):
        assert ramp.to_rgba(level) == pytest.approx(picture.to_rgba(level))
    assert np.asarray(ramp.get_array())[[0, -1], 0] == pytest.approx([-130, -90])


def test_drum_labels_stay_on_the_page():
    for span in (60.0, 86400.0):
        trace = record(span, rate=10.0)
        ax = ps.plot_helicorder(trace)
        figure = ax.figure
        figure.canvas.draw()
        page = figure.bbox
        for text in (ax.yaxis.label, ax.xaxis.label, *ax.get_yticklabels()):
            box = text.get_window_extent()
            assert box.x0 >= page.x0 - 1
            assert box.y0 >= page.y0 - 1
        widest = min(t.get_window_extent().x0 for t in ax.get_yticklabels() if t.get_text())
        assert ax.yaxis.label.get_window_extent().x1 <= widest + 1


def test_a_rate_is_drawn_with_its_interval(rates):
    known = rates["rate"].notna()
    table = rates.assign(
        rate_lower=rates["rate"].where(known) * 0.5, rate_upper=rates["rate"].where(known) * 2 + 9
    )
    ax = ps.plot_event_rate(table, show="rate")
    (bars,) = [c for c in ax.collections if c.get_label() == "95 % interval"]
    drawn = np.array([s[:, 1] for s in bars.get_segments()])
    np.testing.assert_allclose(drawn, table.loc[known, ["rate_lower", "rate_upper"]].to_numpy())
    assert ax.get_ylim()[1] > drawn.max()
    counts = ps.plot_event_rate(table)
    assert not [c for c in counts.collections if c.get_label() == "95 % interval"]
