"""Whole pages, files and the house rules of drawing."""

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from obspy import Stream, UTCDateTime

import paektuseis as ps
from paektuseis import OutputError, ParameterError, WaveformError, tables
from paektuseis.plotting._style import number_text, safe_text, unit_text

from .conftest import T0, record

NASTY = "a $x^{$ b\x07\x00\ud800\u202e\\frac{ $$ \n end"


def words(figure):
    return [t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def said(figure, text):
    return any(text in w for w in words(figure))


def network_stream(seconds=90.0):
    stream = Stream()
    for i, code in enumerate(("SHRD", "JGPD", "SMSD")):
        trace = record(seconds, station=code, seed=i)
        trace.stats.network = "1U"
        trace.data[4000:4600] += 3000 * np.sin(np.arange(600) / 5.0) * np.exp(-np.arange(600) / 150)
        stream.append(trace)
    return stream


EVENT = {
    "event_id": "vt-20100901T000040.000",
    "time": T0 + 40,
    "endtime": T0 + 47,
    "duration": 7.0,
    "n_stations": 3,
    "peak_ratio": 12.0,
    "detectors": ("vt", "lp"),
    "best_trace_id": "1U.JGPD.00.HHZ",
}


def test_station_page_from_a_stream_alone(gappy):
    before = gappy.copy()
    page = ps.station_summary(gappy)
    assert isinstance(page, Figure)
    assert tuple(page.get_size_inches()) == pytest.approx((8.27, 11.69))
    assert len(page.axes) >= 6
    for text in (
        "YA.UV05.00.HHZ · 2010-09-01 00:00 to 00:10 UTC",
        "counts, unfiltered · 2 pieces",
        "record, above 1 Hz",
        "power spectral density, windows of",
        "mean |amplitude|",
        "83.3 %",
        "no table of events was given",
        "dB rel. 1 (counts)²/Hz",
    ):
        assert said(page, text), text
    assert not said(page, "SYNTHETIC")
    assert [t.data is not None for t in gappy] == [True, True]
    for old, new in zip(before, gappy, strict=True):
        assert old == new


def test_station_page_draws_what_it_is_given(gappy, rsam_table, monitoring):
    quality = tables.QUALITY.frame(
        {
            "trace_id": "YA.UV05.00.HHZ",
            "starttime": T0,
            "endtime": T0 + i,
            "check": check,
            "severity": severity,
            "message": message,
            "value": 1.0,
        }
        for i, (check, severity, message) in enumerate(
            [
                ("spike", "warning", "a spike"),
                ("dead", "error", NASTY.replace("\ud800", "")),
                ("spike", "warning", "x"),
            ]
        )
    )
    events = tables.DETECTIONS.frame(
        {
            "event_id": str(s),
            "starttime": T0 + s,
            "endtime": T0 + s + 5,
            "n_stations": 1,
            "trace_ids": ("YA.UV05.00.HHZ",),
        }
        for s in (50, 150, 9999)
    )
    net = ps.load_network("paektu")
    page = ps.station_summary(
        gappy,
        detections=events,
        rsam=rsam_table,
        monitoring=monitoring,
        quality=quality,
        network=net,
        title_note=NASTY,
        synthetic=True,
    )
    assert said(page, "SYNTHETIC RECORD")
    assert said(page, "in windows of 1 min, 1–20 Hz")
    assert said(page, "1 error, 2 warnings")
    assert said(page, "a spike (2 times")
    assert said(page, "Mount Paektu")
    findings = [w for w in words(page) if w.startswith("• ")]
    assert findings[0].startswith("• error")  # the worst first
    assert "2" in words(page)  # two of three events lie in the span
    with pytest.raises(ParameterError, match="one of them"):
        ps.station_summary(gappy, events=events, detections=events)
    with pytest.raises(ParameterError, match="trace_id"):
        ps.station_summary(gappy, trace_id="XX.NO..HHZ")
    with pytest.raises(WaveformError, match="no samples"):
        ps.station_summary(Stream())


def test_a_record_too_short_for_a_spectrum_still_has_a_page():
    page = ps.station_summary(record(3.0))
    assert isinstance(page, Figure)
    assert said(page, "YA.UV05.00.HHZ")


def test_event_page_from_a_stream_alone():
    page = ps.event_summary(network_stream())
    assert said(page, "no event was given")
    assert said(page, "no positions were given")
    assert said(page, "above 1 Hz")


def test_event_page_with_everything():
    stream, net = network_stream(), ps.load_network("paektu")
    before = stream.copy()
    trace = stream.select(station="JGPD")[0]
    spectrum = ps.amplitude_spectrum(trace, starttime=T0 + 39, endtime=T0 + 47)
    page = ps.event_summary(
        stream,
        event=pd.DataFrame([EVENT]),
        attributes=ps.spectral_attributes(spectrum),
        amplitudes=ps.peak_amplitude(stream, starttime=T0 + 39, endtime=T0 + 47),
        network=net,
        spectrum=spectrum,
    )
    for text in (
        "event of 2010-09-01 00:00:40.0 UTC",
        "detectors vt, lp",
        "2.7 km",
        "noise before, 8 s",
        "1–2 Hz",
        "10–20 Hz",
        "dominant frequency",
        "1U.SHRD.00.HHZ",
        "Punggye-ri",
        "not located",
        "frequency index",
    ):
        assert said(page, text), text
    assert said(page, "counts·s") or said(page, "counts/Hz")
    for old, new in zip(before, stream, strict=True):
        assert old == new


@pytest.mark.parametrize("form", [dict, pd.Series])
def test_an_event_comes_in_any_form(form):
    row = {**EVENT, "time": pd.Timestamp("2010-09-01T00:00:40Z"), "endtime": pd.NaT}
    assert said(ps.event_summary(network_stream(), event=form(row)), "event of 2010-09-01 00:00:40")


def test_an_event_elsewhere_is_refused():
    with pytest.raises(ParameterError, match="outside the records"):
        ps.event_summary(network_stream(), event={**EVENT, "time": T0 + 4000})
    with pytest.raises(ParameterError, match="one row"):
        ps.event_summary(network_stream(), event=pd.DataFrame([EVENT, EVENT]))
    with pytest.raises(ParameterError, match="best_trace_id"):
        ps.event_summary(network_stream(), best_trace_id="XX.A..HHZ")


def test_network_page(rsam_table, rates, monitoring):
    events = pd.DataFrame([EVENT]).assign(time=pd.to_datetime(["2010-09-01T00:00:40Z"]))
    page = ps.network_summary(
        network=ps.load_network("paektu"),
        starttime=T0,
        endtime=T0 + 86400,
        events=events,
        monitoring=monitoring,
        rates=rates,
        rsam=rsam_table,
        synthetic=True,
    )
    for text in (
        "Mount Paektu · 2010-09-01 UTC",
        "SYNTHETIC",
        "1 event",
        "not monitored",
        "2010-09-01 00:00:40.0",
        "1U.JGPD.00.HHZ",
        "no quality table was given",
    ):
        assert said(page, text), text
    bare = ps.network_summary(starttime=T0, endtime=T0 + 60)
    assert said(bare, "no availability was given")
    with pytest.raises(ParameterError, match="starttime and endtime"):
        ps.network_summary()


# files


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_same_figure_gives_the_same_bytes(tmp_path, suffix):
    files = []
    for name in ("a", "b"):
        ax = ps.plot_waveforms(record(20), title=NASTY)
        files.append(ps.save_figure(ax.figure, tmp_path / f"{name}{suffix}"))
    first, second = (f.read_bytes() for f in files)
    assert first == second
    assert len(first) > 5000
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


def test_a_page_is_deterministic(tmp_path, gappy):
    first, second = (
        ps.save_figure(ps.station_summary(gappy), tmp_path / name).read_bytes()
        for name in ("a.png", "b.png")
    )
    assert first == second


def test_dpi_and_suffix(tmp_path):
    from PIL import Image

    figure = ps.plot_waveforms(record(20)).figure
    path = ps.save_figure(figure, tmp_path / "a.PNG", dpi=50)
    with Image.open(path) as image:
        assert image.size[0] == 400
    for bad in ("a.jpg", "a", "a.pickle"):
        with pytest.raises(ParameterError, match="cannot write"):
            ps.save_figure(figure, tmp_path / bad)
    with pytest.raises(ParameterError, match="dpi=0"):
        ps.save_figure(figure, tmp_path / "a.png", dpi=0)
    with pytest.raises(ParameterError, match="Figure"):
        ps.save_figure(figure.axes[0], tmp_path / "a.png")


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OutputError, match="taken"):
        ps.save_figure(ps.plot_waveforms(record(20)).figure, tmp_path / "taken" / "a.png")


# house rules


def test_no_pyplot_no_rcparams():
    code = (
        "import sys, numpy as np, matplotlib\n"
        "from obspy import Trace\n"
        "import paektuseis as ps\n"
        "names = [k for k in matplotlib.rcParams if k != 'backend']\n"  # reading it loads pyplot
        "before = {k: matplotlib.rcParams[k] for k in names}\n"
        "noise = np.random.default_rng(0).normal(size=30000)\n"
        "page = ps.station_summary(Trace(noise, {'sampling_rate': 100.0, 'station': 'A'}))\n"
        "page.canvas.draw()\n"
        "ps.event_summary(Trace(noise, {'sampling_rate': 100.0, 'station': 'A'}))\n"
        "assert {k: matplotlib.rcParams[k] for k in names} == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_saving_puts_the_svg_salt_back(tmp_path):
    before = matplotlib.rcParams["svg.hashsalt"]
    ps.save_figure(ps.plot_waveforms(record(20)).figure, tmp_path / "a.svg")
    assert matplotlib.rcParams["svg.hashsalt"] == before


def test_no_letter_is_smaller_than_seven_points(gappy):
    for page in (ps.station_summary(gappy), ps.event_summary(network_stream(), event=EVENT)):
        page.canvas.draw()
        sizes = {t.get_fontsize() for t in page.findobj(Text) if t.get_text().strip()}
        assert min(sizes) >= 7.0


def test_everything_is_on_the_paper(gappy):
    net = ps.load_network("paektu")
    for page in (
        ps.station_summary(gappy),
        ps.event_summary(network_stream(), event=EVENT, network=net),
    ):
        page.canvas.draw()
        box = page.get_tightbbox()  # inches, of everything that is drawn
        width, height = page.get_size_inches()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_text_from_outside_is_only_text():
    assert safe_text("a$b$") == r"a\$b\$"
    assert safe_text("a\x07\n\u202eb") == "a� �b"
    assert len(safe_text("x" * 5000)) == 200
    assert unit_text("(m/s**2)**2/Hz") == "(m/s²)²/Hz"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234.4, "1234"),
        (0.123456, "0.123"),
        (-2.5, "−2.5"),
        (5.094e-6, "5.09×10⁻⁶"),
        (123456.0, "1.23×10⁵"),
        (float("nan"), "–"),
    ],
)
def test_numbers_as_a_person_writes_them(value, text):
    assert number_text(value) == text


@pytest.mark.real
def test_a_real_day_is_drawn_quickly(real_data):
    import time

    path = real_data / "piton_undervolc_2010" / "waveforms" / "YA.UV05.00.HHZ.D.2010.244"
    stream = ps.read_waveforms(path)
    ax = ps.plot_helicorder(stream, starttime="2010-09-01", endtime="2010-09-02")
    assert len([t for t in ax.get_yticklabels() if t.get_text()]) == 24
    times = []
    for _ in range(3):
        begin = time.process_time()
        ps.plot_helicorder(
            stream, starttime="2010-09-01", endtime="2010-09-02"
        ).figure.canvas.draw()
        times.append(time.process_time() - begin)
    assert min(times) < 2.0  # about 0.3 s on an idle core
    assert UTCDateTime("2010-09-01") == stream[0].stats.starttime


def test_traces_are_filtered_as_the_detector_heard_them(triggers):
    heard = triggers.assign(
        trace_id="1U.JGPD.00.HHZ", starttime=pd.Timestamp(T0.datetime, tz="UTC")
    )
    page = ps.event_summary(network_stream(), event=EVENT, triggers=heard.assign(freqmin=5.0))
    assert said(page, "above 5 Hz · red: trigger")
    page = ps.event_summary(network_stream(), event=EVENT, triggers=heard)  # corner not known
    assert said(page, "above 1 Hz · red: trigger")
    page = ps.event_summary(network_stream(), event=EVENT, freqmin=None)
    assert said(page, "unfiltered")


def test_the_head_of_a_page_stays_on_the_page():
    row = {**EVENT, "flags": tuple(f"no_response YA.UV{i:02d}.00.HHZ" for i in range(30))}
    page = ps.event_summary(network_stream(), event=row, title_note="note " * 100)
    page.canvas.draw()
    assert page.get_tightbbox().x1 <= page.get_size_inches()[0]
    assert said(page, " …")
