"""Figures in Korean and Chinese: no English left, no letter drawn as a box."""

import re

import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.text import Text
from obspy import Stream

import paektuseis as ps
from paektuseis import ParameterError, tables
from paektuseis.plotting import _fonts
from paektuseis.plotting._pages import wrap

from .conftest import T0, record
from .test_catalogue_figures import PAEKTU, magnitude, origin
from .test_timeline import line

OTHERS = [code for code in ps.languages() if code != "en"]

# proper names, codes and units that are the same in every language
KEPT = re.compile(
    r"paektuseis|UTC|RSAM|PSD|NLNM|NHNM|Peterson|STA|LTA|SNR|DSAR|VLP|GVP|"
    r"\b[A-Z0-9]{1,2}\.[A-Z0-9]+(?:\.[A-Z0-9]*){0,2}|\b[A-Z]{4}\b(?: HH[ZNE])?|"
    r"HH[ZNE]|\b[a-z]+-\d+T\d+\.\d+\b|made|Mean"
)


def drawn(figure, tmp_path):
    """Draw a figure (a letter without a glyph is a warning, and warnings are errors)."""
    ps.save_figure(figure, tmp_path / "figure.png", dpi=50)
    return [t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_visible()]


def english(texts):
    return sorted({w for t in texts for w in re.findall("[A-Za-z]{3,}", KEPT.sub("", t))})


@pytest.fixture(params=OTHERS)
def language(request):
    with ps.speak(request.param):
        try:
            _fonts.fonts()
        except ParameterError as error:
            pytest.skip(str(error))
        yield request.param


@pytest.fixture(scope="module")
def sample(sample_dir):
    """Vertical records of two stations of the sample, with what was found in them."""
    archive = ps.Archive(sample_dir / "sds")
    start, _ = archive.span()
    raw = archive.read("1U.*.HHZ", start + 120, start + 480)
    ratio = ps.sta_lta(ps.bandpass(ps.preprocess(raw), freqmin=5, freqmax=20), sta=0.5, lta=20)
    triggers = ps.trigger_onsets(ratio, thr_on=3.5, thr_off=1.5)
    stations = ps.read_stations(sample_dir / "stations.xml")
    detections = ps.coincidence(
        triggers, min_stations=4, window=3, stations=ps.station_table(stations)
    )
    return {"raw": raw, "triggers": triggers, "detections": detections, "start": start + 120,
            "quality": ps.check_waveforms(raw)}  # fmt: skip


REASON = (
    "VT: significant duration 5.60 s (< 11), fi onset 0.21 (> 0.06), frequency index -0.03 "
    "(> -0.4); against it: peak delay 3.52 s (< 8)"
)


def test_station_page(sample, language, tmp_path):
    page = ps.station_summary(
        sample["raw"], trace_id="1U.PDBD..HHZ", detections=sample["detections"],
        quality=sample["quality"], network=PAEKTU, synthetic=True,
    )  # fmt: skip
    texts = drawn(page, tmp_path)
    assert not english(texts)
    name = {"ko": "백두산", "zh": "长白山"}[language]
    assert any(name in t for t in texts)


def _shift(sample):
    return pd.Timedelta(seconds=float(sample["start"] - T0))


def test_network_page(sample, language, tmp_path, monitoring):
    page = ps.network_summary(
        network=PAEKTU, detections=sample["detections"], quality=sample["quality"],
        monitoring=monitoring.assign(
            starttime=monitoring["starttime"] + _shift(sample),
            endtime=monitoring["endtime"] + _shift(sample),
            trace_id="1U.PDBD..HHZ",
        ),
        rsam=ps.rsam(sample["raw"], window=60),
    )  # fmt: skip
    assert not english(drawn(page, tmp_path))


def test_event_page(sample, language, tmp_path):
    event = sample["detections"].iloc[0]
    cut = sample["raw"].slice(sample["start"], sample["start"] + 180)
    when = ps.times.as_utc(event["starttime"])
    picks = tables.PICKS.frame(
        {"trace_id": t.id, "phase": "P", "time": when + i, "uncertainty": 0.1, "polarity": "up",
         "snr": 9.0, "method": "AIC", "quality": "A"}
        for i, t in enumerate(cut)
    )  # fmt: skip
    page = ps.event_summary(
        cut,
        event=event,
        triggers=sample["triggers"],
        picks=picks,
        origin=origin(note="the pick of S at 1U.JGPD..HHE is -7.13 s off and does not count"),
        magnitudes=tables.MAGNITUDES.frame([magnitude(0, 1.2)]),
        classification={
            "label": "hybrid", "margin": 0.4, "reason": REASON, "runner_up": "explosion",
        },
        attributes=ps.spectral_attributes(cut),
        amplitudes=ps.peak_amplitude(cut),
        network=PAEKTU,
    )  # fmt: skip
    assert not english(drawn(page, tmp_path))


def test_catalogue_page(language, tmp_path):
    labels = [*tables.LABELS]
    page = ps.plot_catalogue(
        tables.ORIGINS.frame(origin(i) for i in range(len(labels) + 1)),
        magnitudes=tables.MAGNITUDES.frame(magnitude(i, 0.1 * i) for i in range(5)),
        classes=tables.CLASSES.frame(
            {"event_id": f"e{i}", "label": label, "margin": 1.0, "reason": ""}
            for i, label in enumerate(labels)
        ),
        network=PAEKTU,
    )
    assert not english(drawn(page, tmp_path))


def test_timeline_page(language, tmp_path):
    assert not english(drawn(ps.plot_timeline(line(), synthetic=True), tmp_path))


def test_panels(language, tmp_path, gappy, triggers, rates):
    panels = [
        ps.plot_triggers(ps.sta_lta(ps.preprocess(gappy), sta=1, lta=10), triggers),
        ps.plot_helicorder(gappy),
        ps.plot_event_rate(rates, show="rate"),
        ps.plot_families(tables.FAMILIES.frame()),
        ps.plot_station_map(PAEKTU, alive=["1U.JGPD"]),
        ps.plot_spectrum(ps.power_spectral_density(record(60.0), window=10)),
        ps.plot_particle_motion(Stream([record(10.0)])),
    ]
    for ax in panels:
        assert not english(drawn(ax.figure, tmp_path)), ax.get_title(loc="left")


def test_english_needs_no_font_of_the_system(monkeypatch):
    latin = [e for e in font_manager.fontManager.ttflist if e.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", latin)
    _fonts._at_hand.cache_clear()
    try:
        assert _fonts.fonts() == ["DejaVu Sans"]
    finally:
        _fonts._at_hand.cache_clear()


def test_a_korean_name_in_an_english_figure_has_its_letters(language, tmp_path):
    """Once the machine's font is known, names of the user's own are drawn with it too."""
    _fonts._at_hand.cache_clear()
    try:
        with ps.speak("en"):
            ax = ps.plot_helicorder(record(60.0), title="백두산 长白山")
            assert "백두산 长白山" in drawn(ax.figure, tmp_path)
    finally:
        _fonts._at_hand.cache_clear()


def test_no_font_is_an_error_that_says_what_to_do(monkeypatch):
    latin = [e for e in font_manager.fontManager.ttflist if e.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", latin)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    _fonts._added.cache_clear()
    try:
        with ps.speak("ko"), pytest.raises(ParameterError, match="fonts-noto-cjk") as caught:
            ps.plot_helicorder(record(60.0))
        assert "한국어" in str(caught.value)
        assert "Malgun Gothic" in str(caught.value)
    finally:
        _fonts._added.cache_clear()


def test_a_font_that_lacks_a_letter_is_not_taken(monkeypatch):
    """Of two fonts the first in rank lacks one letter of the catalogue."""
    entries = [_Entry("Noto Sans CJK KR", "a.ttf"), _Entry("UnBatang", "b.ttf")]
    monkeypatch.setattr(_fonts, "_entries", lambda wanted, others: entries)
    needed = {ord(c) for c in "관측소"}
    have = {"a.ttf": needed - {ord("소")}, "b.ttf": needed, "latin": set()}
    monkeypatch.setattr(_fonts, "_latin_file", lambda: "latin")
    monkeypatch.setattr(_fonts, "catalogue_letters", lambda code: set("관측소"))
    monkeypatch.setattr(_fonts, "_letters", lambda path, index: frozenset(have[path]))
    _fonts._added.cache_clear()
    try:
        assert _fonts._added("ko") == ("UnBatang",)
    finally:
        _fonts._added.cache_clear()


class _Entry:
    def __init__(self, name, fname):
        self.name, self.fname, self.index = name, fname, 0


@pytest.mark.parametrize("letters", [4, 10, 23])
def test_lines_of_wide_letters_keep_their_width_and_every_letter(letters):
    text = "1U.PDBD..HHZ：高立尖峰，最大 -12801 计数（为通常样点差的 985 倍）；结束。"
    lines = wrap(text, letters)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for one in lines:
        wide = sum(1.7 if ord(c) > 0x2E80 else 1.0 for c in one)
        assert wide <= letters + 2 * 1.7
        assert one[0] not in "，。；："


def test_korean_breaks_at_spaces():
    assert wrap("고립된 스파이크가 여러 번", 18) == ["고립된 스파이크가", "여러 번"]


def test_latin_text_is_wrapped_as_before():
    assert wrap("one two three", 8) == ["one two", "three"]


def test_events_of_a_table_are_not_touched(sample):
    """Drawing in another language leaves the tables as they were."""
    before = sample["quality"].copy()
    with ps.speak("ko"):
        ps.station_summary(sample["raw"], trace_id="1U.PDBD..HHZ", quality=sample["quality"])
    pd.testing.assert_frame_equal(before, sample["quality"])


def test_a_pdf_holds_its_letters_as_text(language, tmp_path):
    from pypdf import PdfReader

    ax = ps.plot_helicorder(record(60.0))
    path = ps.save_figure(ax.figure, tmp_path / "drum.pdf")
    text = PdfReader(path).pages[0].extract_text()
    assert {"ko": "필터", "zh": "未滤波"}[language] in text
    assert path.stat().st_size < 400_000  # the letters used, not the whole font
