"""The report in a browser: opened from the disk, as its readers do."""

import importlib.util
import io
import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from pypdf import PdfReader

import paektuseis as ps

from ._chromium import Browser, chromium

LANGUAGES = ("en", "ko", "zh")
RULES = "{runOnly:{type:'tag',values:['wcag2a','wcag2aa','wcag21a','wcag21aa','best-practice']}}"

AS_PREFERRED = "localStorage.clear(), delete document.documentElement.dataset.theme"
"""What an earlier test chose is forgotten."""


@pytest.fixture(scope="session")
def browser():
    program = chromium()
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium, or set PAEKTUSEIS_CHROMIUM")
    made = Browser(program)
    yield made
    made.close()


@pytest.fixture
def window(browser):
    """A fresh window of a desk."""
    browser.errors.clear()
    browser.requests.clear()
    browser.size(1280, 900)
    browser.colours("light")
    return browser


def home(site: Path, language: str) -> Path:
    return site if language == "en" else site / language


def some(site: Path, language: str) -> list[Path]:
    """Every kind of page, in one language: stations and events with most and least on them."""
    root = home(site, language)
    events = sorted((root / "event").iterdir(), key=lambda p: p.stat().st_size)
    stations = sorted((root / "station").iterdir(), key=lambda p: p.stat().st_size)
    whole = [root / f"{n}.html" for n in ("index", "catalogue", "methods")]
    return [*whole, stations[0], stations[-1], events[0], events[-1]]


def test_every_page_opens_without_error_or_request(site, window):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        window.open(page)
        assert window.run("document.querySelectorAll('h1').length") == 1, page
    assert window.errors == []
    outside = [u for u in window.requests if not u.startswith(("file:", "data:", "about:"))]
    assert outside == []
    assert len(window.requests) >= 3 * len(pages)  # page, sheet and script: they were watched


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_shows_every_kind_of_page_without_scrolling_sideways(site, window, language):
    window.size(390, 844)
    for page in some(site, language):
        window.open(page)
        wide = window.run("document.documentElement.scrollWidth")
        assert wide <= 390, (page, wide)


def axe_script() -> str:
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core is not here: pip install axe-core-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_serious_violation(site, window, language, scheme):
    script = axe_script()
    window.colours(scheme)
    for page in some(site, language):
        window.open(page)
        window.run(AS_PREFERRED)
        red = window.run("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
        assert (red < 60) == (scheme == "dark")
        window.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        window.run(script)
        found = window.run(
            f"axe.run(document, {RULES}).then(r => r.violations.map(v => [v.id, v.impact, "
            "v.nodes.slice(0, 3).map(n => n.html + ' ' + (n.any[0] ? n.any[0].message : ''))]))"
        )
        bad = [v for v in found if v[1] in ("serious", "critical")]
        assert bad == [], (page, bad)


def test_the_catalogue_sorts_by_its_buttons(site, window):
    window.open(site / "catalogue.html")
    rows = "Array.from(document.querySelectorAll('#events tbody tr'))"
    cells = rows + ".map(r => r.cells[{}].textContent)"
    heads = "document.querySelectorAll('#events thead th')"
    column = 9  # stations
    window.run(f"{heads}[{column}].querySelector('button').click()")
    counts = [int(t) for t in window.run(cells.format(column))]
    assert counts == sorted(counts)
    assert len(set(counts)) > 1
    assert window.run(f"{heads}[{column}].getAttribute('aria-sort')") == "ascending"
    window.run(f"{heads}[{column}].querySelector('button').click()")
    assert [int(t) for t in window.run(cells.format(column))] == sorted(counts, reverse=True)
    assert window.run(f"{heads}[0].getAttribute('aria-sort')") == "none"
    window.run(f"{heads}[3].querySelector('button').click()")
    sizes = window.run(cells.format(3))
    known = [float(s.split()[-1].replace("−", "-")) for s in sizes if s != "–"]
    assert known == sorted(known)
    assert sizes[len(known) :] == ["–"] * (len(sizes) - len(known))  # unknown ones come last


def test_the_catalogue_filters_by_class_text_and_magnitude(site, window):
    window.open(site / "catalogue.html")
    rows = "Array.from(document.querySelectorAll('#events tbody tr'))"
    shown = f"{rows}.filter(r => !r.hidden)"
    total = window.run(f"{rows}.length")

    def put(name: str, value: str) -> None:
        window.run(
            f"{{const e = document.getElementById('{name}'); e.value = '{value}'; "
            "e.dispatchEvent(new Event('input', {bubbles: true}))}"
        )

    put("f-class", "LP")
    assert set(window.run(f"{shown}.map(r => r.dataset.k)")) == {"LP"}
    count = window.run(f"{shown}.length")
    assert 0 < count < total
    assert f"{count} " in window.run("document.getElementById('f-count').textContent")
    put("f-class", "")
    put("f-mag", "1")
    sizes = window.run(f"{shown}.map(r => r.cells[3].textContent)")
    assert 0 < len(sizes) < total
    assert all(float(s.split()[-1].replace("−", "-")) >= 1 for s in sizes)
    put("f-mag", "")
    put("f-text", "no such thing")
    assert window.run(f"{shown}.length") == 0
    put("f-text", "")
    assert window.run(f"{shown}.length") == total


def test_the_theme_is_chosen_and_stays(site, window):
    window.open(site / "index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = window.run(paper)
    window.run("document.getElementById('theme').click()")
    dark = window.run(paper)
    assert dark != light
    window.open(site / "methods.html")
    assert window.run(paper) == dark
    window.run("document.getElementById('theme').click()")
    assert window.run(paper) == light


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_switch_leads_to_the_same_page(site, window, language):
    for page in some(site, language):
        window.open(page)
        links = window.run(
            "Array.from(document.querySelectorAll('.lang a')).map(a => [a.hreflang, a.href])"
        )
        assert [code for code, _href in links] == list(LANGUAGES)
        for code, href in links:
            target = Path(unquote(href.removeprefix("file://")))
            assert target == home(site, code) / page.relative_to(home(site, language))
            assert target.is_file()


def test_downloads_are_what_they_say(site, window):
    window.open(site / "catalogue.html")
    links = window.run("Array.from(document.querySelectorAll('a[download]')).map(a => a.href)")
    paths = [Path(unquote(h.removeprefix("file://"))) for h in links]
    assert [p.name for p in paths] == ["catalogue.csv", "events.xml", "bulletin.txt"]
    rows = window.run("document.querySelectorAll('#events tbody tr').length")
    assert len(ps.read_table(paths[0], ps.tables.EVENTS)) == rows
    assert len(ps.read_events(paths[1])) == rows
    assert paths[2].read_text().count("\nEvent ") == rows


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_page_prints(site, window, language):
    window.colours("dark")  # paper is white all the same
    for page in some(site, language)[:7:3]:
        window.open(page)
        pdf = PdfReader(io.BytesIO(window.print()))
        assert len(pdf.pages) >= 1
        text = "".join(p.extract_text() for p in pdf.pages)
        assert "2014-06-15" in text
        assert "한국어" not in text  # what only a screen can use is not printed


def test_pages_can_be_read_without_script(site, window):
    window.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(site / "catalogue.html")
        document = window.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        rows = window.call("DOM.querySelectorAll", nodeId=document, selector="#events tbody tr")
        assert len(rows["nodeIds"]) > 3
        hidden = window.call("DOM.querySelectorAll", nodeId=document, selector="#filter[hidden]")
        assert len(hidden["nodeIds"]) == 1  # nothing is offered that would not work
    finally:
        window.call("Emulation.setScriptExecutionDisabled", value=False)


def test_keys_reach_the_content_first(site, window):
    window.open(site / "index.html")
    for kind in ("rawKeyDown", "keyUp"):
        window.call(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
    assert window.run("document.activeElement.className") == "skip"
    assert window.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_look(site, window):
    """Saves pictures for people, where a folder for them is named."""
    folder = os.environ.get("PAEKTUSEIS_PICTURES")
    if not folder:
        pytest.skip("set PAEKTUSEIS_PICTURES to a folder to have the pages as pictures")
    for width, scheme in ((1280, "light"), (390, "light"), (1280, "dark")):
        window.colours(scheme)
        window.size(width, 900)
        for page in some(site, "en"):
            window.open(page)
            window.run(AS_PREFERRED)
            window.picture(Path(folder) / f"{page.stem[:40]}-{width}-{scheme}.png")
