"""Texts in the reader's language: chosen, filled, and none forgotten."""

import datetime as dt
import io
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from obspy import Stream, Trace

import paektuseis as ps
from paektuseis import _language as language, _messages as messages
from paektuseis._language import mark, plural, retell, translate
from paektuseis.errors import ConfigError, ParameterError

OTHERS = [code for code in ps.languages() if code != "en"]


def test_english_is_the_message_itself() -> None:
    assert translate("{n} stations of {name}", n=6, name="{x}") == "6 stations of {x}"
    assert translate("braces {stay} without values") == "braces {stay} without values"
    assert plural("{n} event", "{n} events", 1) == "1 event"
    assert plural("{n} event", "{n} events", 21) == "21 events"
    assert mark("station") == "station"


def test_speak_is_for_the_block_and_nests() -> None:
    assert language.current_language() == "en"
    with ps.speak("ko"):
        assert translate("station") == "관측소"
        with ps.speak("zh"):
            assert translate("station") == "台站"
        assert translate("station") == "관측소"
        with pytest.raises(RuntimeError, match="left"), ps.speak("zh"):
            raise RuntimeError("left")
        assert language.current_language() == "ko"
    assert translate("station") == "station"


def test_another_thread_speaks_english() -> None:
    heard: list[str] = []
    with ps.speak("ko"):
        thread = threading.Thread(target=lambda: heard.append(translate("station")))
        thread.start()
        thread.join()
    assert heard == ["station"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("ko_KP", "ko"),
        ("zh_CN", "zh"),
        ("zh-Hans", "zh"),
        ("EN", "en"),
    ],
)
def test_language_with_its_country(asked: str, code: str) -> None:
    assert language.known_language(asked) == code


@pytest.mark.parametrize("asked", ["xx", "zh-TW", "zh_Hant", "", "korean"])
def test_language_without_catalogue_is_refused(asked: str) -> None:
    with pytest.raises(ParameterError, match="en, ko, zh"), ps.speak(asked):
        pass


def test_text_without_translation_stays_english() -> None:
    with ps.speak("ko"):
        assert translate("no such text {n}", n=1) == "no such text 1"


def test_a_language_is_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalogue of a language with three plural forms, beside the others."""
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "ru.po").write_text(RUSSIAN, encoding="utf-8")
    monkeypatch.setattr(language.resources, "files", lambda package: tmp_path)
    for cached in (language._loaded, language._messages, language._plural_rule):
        cached.cache_clear()
    try:
        assert language.languages() == ["en", "ru"]
        with language.speak("ru"):
            assert translate("station") == "станция"
            said = [plural("{n} station", "{n} stations", n) for n in (1, 2, 5, 21, 112)]
        assert said == ["1 станция", "2 станции", "5 станций", "21 станция", "112 станций"]
    finally:
        for cached in (language._loaded, language._messages, language._plural_rule):
            cached.cache_clear()


RUSSIAN = r"""
msgid ""
msgstr ""
"Language: ru\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "station"
msgstr "станция"

msgid "{n} station"
msgid_plural "{n} stations"
msgstr[0] "{n} станция"
msgstr[1] "{n} станции"
msgstr[2] "{n} станций"
"""


@pytest.mark.parametrize("content", [b"not a catalogue\n", b'msgid "a"\nmsgstr "\xff\xfe"\n'])
def test_broken_catalogue_is_named(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "xx.po").write_bytes(content)
    monkeypatch.setattr(language.resources, "files", lambda package: tmp_path)
    language._loaded.cache_clear()
    with pytest.raises(ConfigError, match=r"locale/xx\.po"):
        language.load_catalogue("xx")
    language._loaded.cache_clear()


def test_dates_and_numbers() -> None:
    day = dt.date(2026, 7, 27)
    assert language.format_date(day) == "2026-07-27"
    assert language.format_number(12345.5) == "12,345.5"
    assert language.format_number(-3, decimals=1) == "−3.0"
    assert language.format_number(float("nan")) == "–"
    with ps.speak("ko"):
        assert language.format_date(day, weekday=True) == "2026년 7월 27일 월요일"
        assert language.page_language() == "ko"
    with ps.speak("zh"):
        assert language.format_date(day) == "2026年7月27日"
        assert language.page_language() == "zh-Hans"


# --------------------------------------------------------------------------- made elsewhere


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small catalogue of our own, as Korean."""
    texts: dict[str, str | tuple[str, ...]] = {
        "gap of {seconds} s": "{seconds}초 공백",
        "{name}: gap of {seconds} s in {name}": "{name}의 공백 {seconds}",
        "no finding": "발견 없음",
        "{a}: {b}": "never",
        "peak of {value:.1f} {units} is clipped": "{units} 단위 최댓값 {value} 포화",
        "counts": "카운트",
    }
    monkeypatch.setattr(language, "_messages", lambda code: texts if code == "ko" else {})
    for cached in (language._patterns, language._retold):
        cached.cache_clear()
    yield
    for cached in (language._patterns, language._retold):
        cached.cache_clear()


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("gap of 3.2 s", "3.2초 공백"),
        ("A..B: gap of 1 s in A..B", "A..B의 공백 1"),
        ("A: gap of 1 s in B", "A: gap of 1 s in B"),  # one name twice, or not this message
        ("no finding; gap of 3 s", "발견 없음; 3초 공백"),
        ("something else; no finding", "something else; 발견 없음"),
        ("x: y", "x: y"),  # too few words to tell
        ("peak of 8.0 counts is clipped", "카운트 단위 최댓값 8.0 포화"),
        ("gap of {seconds} s", "{seconds}초 공백"),  # braces from outside stay braces
        ("", ""),
    ],
)
def test_a_sentence_is_said_again(english: str, korean: str) -> None:
    assert retell(english) == english
    with ps.speak("ko"):
        assert retell(english) == korean


# --------------------------------------------------------------------------- the catalogues


@pytest.mark.parametrize("code", OTHERS)
def test_no_text_of_the_code_is_without_translation(code: str) -> None:
    lacking = messages.lacking(code)
    assert not lacking, f"python -m paektuseis._messages update, then translate: {lacking}"


@pytest.mark.parametrize("code", OTHERS)
def test_translations_keep_their_fields(code: str) -> None:
    assert not messages.faults(language.load_catalogue(code))


def catalogue_of(text: str) -> Catalog:
    return read_po(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("translation", "fault"),
    [
        ("x", "field {n} is missing"),
        ("{n} {m}", "field {m} is not in the English text"),
        ("{n", "expected '}'"),
        ("{n.__class__}", "no plain name"),
        ("{} {n}", "no plain name"),
    ],
)
def test_a_faulty_translation_is_found(translation: str, fault: str) -> None:
    found = messages.faults(catalogue_of(f'msgid "{{n}} s"\nmsgstr "{translation}"\n'))
    assert found
    assert any(fault in f for f in found), found


def test_a_missing_translation_is_found(tmp_path: Path) -> None:
    """Code, a plural and a template: each message that no catalogue has is reported."""
    (tmp_path / "a.py").write_text(
        'translate("station")\nplural("{n} xx", "{n} yy", 3)\nmark("brand new")\n', encoding="utf-8"
    )
    (tmp_path / "b.html").write_text('<p title="{{ _("from a page") }}">', encoding="utf-8")
    assert messages.lacking("ko", tmp_path) == [
        ("{n} xx", "{n} yy"),
        "brand new",
        "from a page",
    ]


def test_update_keeps_translations_and_drops_what_the_code_no_longer_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A catalogue with nothing but its language, and one message gone from the code."""
    po = tmp_path / "locale" / "ru.po"
    po.parent.mkdir()
    po.write_text(
        'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "station"\nmsgstr "станция"\n\nmsgid "gone"\nmsgstr "нет"\n',
        encoding="utf-8",
    )
    (tmp_path / "a.py").write_text('translate("station")\nplural("{n} a", "{n} as", 2)\n')
    monkeypatch.setattr(language.resources, "files", lambda package: tmp_path)
    language._loaded.cache_clear()
    try:
        assert messages.update("ru", tmp_path) == 1
        once = po.read_bytes()
        language._loaded.cache_clear()
        assert messages.update("ru", tmp_path) == 1
        assert po.read_bytes() == once
        language._loaded.cache_clear()
        catalogue = language.load_catalogue("ru")
        assert catalogue.get("station").string == "станция"
        assert catalogue.get("gone") is None
        assert catalogue.num_plurals == 3
        assert messages.lacking("ru", tmp_path) == [("{n} a", "{n} as")]
    finally:
        language._loaded.cache_clear()


def test_a_template_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(Exception, match="xpected"):
        messages.lacking("ko", tmp_path)


# --------------------------------------------------------------------------- words of tables

SENTENCES = [
    "VT: significant duration 5.60 s (< 11), fi onset 0.21 (> 0.06), frequency index -0.03 "
    "(> -0.4); against it: peak delay 3.52 s (< 8)",
    "regional: onset +1.2 s from the predicted arrival of a catalogued earthquake at 3.4 degrees, "
    "significant duration 31.00 s (> 11)",
    "explosion: significant duration 20.10 s (> 11 and < 32), ps ratio 0.10 (> 0.05)",
    "the pick of S at 1U.JGPD..HHE is -7.13 s off and does not count; the pick of P at "
    "1U.SHRD..HHZ is +1.43 s off and does not count",
    "no station gave a value: 1U.JGPD..HH: 1U.JGPD..HHE: SNR 1.2 under 3; 1U.JGPD..HHN: SNR 2 "
    "under 3",
    "Mw: 1U.JGPD..HH: P: 1U.JGPD..HH: P stands above the noise only from 1 to 3 Hz; 4 times the "
    "lowest frequency is needed; S: 1U.JGPD..HH: no frequency from 1 to 30 Hz stands 3 times above "
    "the noise",
    "corner of S, that of P 1.72 times it: corner is near or above the highest usable frequency "
    "30.1 Hz",
    "with one station: no direction: rectilinearity 0.52 is below 0.7; no distance: no pick of S",
    "its class is teleseism: no hypocentre in the model of the volcano is given",
    "segment of 12.5 s is not longer than the 20.8 s of filter settling and LTA warm-up",
    "day.gcf: 3 records stand in the file twice; used once",
    "a.mseed: record times run away from 100 Hz by +0.02 s over the file; split so that no sample "
    "is more than half a sample off",
]
LEFT = re.compile(r"[a-z]{3,}")
NAMES = re.compile(r"day\.gcf|a\.mseed")


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_of_tables_are_said_again(sentence: str, code: str) -> None:
    with ps.speak(code):
        said = retell(sentence)
    assert not LEFT.findall(NAMES.sub("", said)), said
    numbers = r"\d+(?:\.\d+)?"
    assert sorted(re.findall(numbers, said)) == sorted(re.findall(numbers, sentence))


@pytest.mark.parametrize("code", OTHERS)
def test_findings_on_damaged_records_are_said_again(code: str) -> None:
    """A day with a gap, a dead and a clipped stretch, spikes, steps, an offset and zeros."""
    rng = np.random.default_rng(3)
    data = np.round(rng.normal(scale=200.0, size=360_000)).astype(np.int32) + 900_000
    data[20_000:32_000] = 77
    data[60_000] += 90_000
    data[100_000:] += 8_000
    data[150_000:150_400] = 0
    np.clip(data, None, 900_000 + 8_400, out=data)
    first = Trace(data[:200_000], {"sampling_rate": 100.0, "station": "A", "channel": "HHZ"})
    second = Trace(data[200_000:], dict(first.stats))
    second.stats.starttime = first.stats.endtime + 30.0
    findings = ps.check_waveforms(Stream([first, second]))
    assert findings["check"].nunique() >= 5
    with ps.speak(code):
        said = [retell(m) for m in findings["message"]]
    assert not [s for s in said if LEFT.search(s)]


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize(
    "text",
    [": ".join(["ab"] * 5000), "; ".join(["ab cd"] * 700), ", ".join(["a: b"] * 900),
     "median to " * 39, "abc " * 900, "(" * 300 + "abc", "{n} abc {" * 40],
    ids=["colons", "semicolons", "commas", "words of messages", "long", "brackets", "braces"],
)  # fmt: skip
def test_text_from_outside_may_be_anything(text: str, code: str) -> None:
    with ps.speak(code):
        assert retell(text) == text


@pytest.mark.parametrize("code", OTHERS)
def test_codes_and_phases_are_no_words(code: str) -> None:
    """``S`` is south on a section, and a phase elsewhere: a code is never said again."""
    with ps.speak(code):
        assert [retell(t) for t in ("S", "N", "VT", "1U.PDBD..HHZ", "3.2")] == [
            "S", "N", "VT", "1U.PDBD..HHZ", "3.2",
        ]  # fmt: skip
