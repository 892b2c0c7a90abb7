"""One page to mail: HTML with everything in it, and PDF."""

import re

import pytest
from pypdf import PdfReader

import paektuseis as ps

from .test_site import Page


def test_one_html_file_needs_no_other(results, tmp_path):
    path = ps.write_page(results, tmp_path / "one.html", station="1U.AAA")
    page = Page(path)
    for _tag, attrs in page.tags:
        for name in ("href", "src"):
            target = attrs.get(name) or ""
            assert target.startswith(("data:", "#")) or not target, target
    assert "monitored 97.9 %" in page.text
    assert any("data:image/png" in a["src"] for a in page.all("img"))  # spectral amplitudes
    assert page.all("style")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["one.html"]


def test_an_event_as_one_html_file_in_korean(results, tmp_path):
    path = ps.write_page(results, tmp_path / "e.html", event="vt-2014-06-15-1", language="ko")
    page = Page(path)
    assert page.all("html")[0]["lang"].startswith("ko")
    assert "vt-2014-06-15-1" in page.text
    assert not page.all("nav")[1:]  # nothing to go to but within the page


def words(path):
    return re.sub(r"\s+", " ", " ".join(p.extract_text() for p in PdfReader(path).pages))


def test_pdf_of_a_station_holds_its_numbers(results, tmp_path):
    path = ps.write_page(results, tmp_path / "s.pdf", station="1U.BBB", day="2014-06-15")
    text = words(path)
    for part in ("1U.BBB", "75.0 %", "6.0 h", "gap of 21600.0 s", "13:01:00.0"):
        assert part in text, part
    assert len(PdfReader(path).pages) == 2


def test_pdf_of_an_event_holds_its_numbers(results, tmp_path):
    path = ps.write_page(results, tmp_path / "e.pdf", event="vt-2014-06-15-1", synthetic=True)
    text = words(path)
    for part in ("10.0 ± 1.7 km", "42.0100°", "+0.012", "VT: short", "1.50", "SYNTHETIC"):
        assert part in text, part


def test_the_same_results_give_the_same_pdf(results, tmp_path):
    one = ps.write_page(results, tmp_path / "a.pdf", event="vt-2014-06-15-1").read_bytes()
    assert ps.write_page(results, tmp_path / "b.pdf", event="vt-2014-06-15-1").read_bytes() == one


def test_what_is_not_there_is_told_with_what_is(results, tmp_path):
    with pytest.raises(ps.ParameterError, match="vt-2014-06-15-0"):
        ps.write_page(results, tmp_path / "x.html", event="nothing")
    with pytest.raises(ps.ParameterError, match=r"1U\.AAA, 1U\.BBB"):
        ps.write_page(results, tmp_path / "x.html", station="1U.ZZZ")
    with pytest.raises(ps.ParameterError, match="one of the two"):
        ps.write_page(results, tmp_path / "x.html")
    with pytest.raises(ps.ParameterError, match=r"\.html or \.pdf"):
        ps.write_page(results, tmp_path / "x.txt", station="1U.AAA")


def test_waveforms_are_drawn_from_the_records(site, sample_dir, tmp_path):
    """The figure of an event is made anew from the archive, whatever the run drew."""
    day = site.parent / "day"
    event = sorted((day / "pages").glob("event-vt-*.png"))[0].stem.removeprefix("event-")
    path = ps.write_page(
        day, tmp_path / "e.html", event=event, records=sample_dir / "sds", synthetic=True
    )
    images = Page(path).all("img")
    assert len(images) == 1
    assert images[0]["src"].startswith("data:image/webp;base64,")
    assert images[0]["width"] == "780"
    assert len(images[0]["src"]) > 30_000  # traces, not an empty frame
    assert "Drawn from the records." in Page(path).text
    with pytest.raises(ps.ParameterError, match="no such folder"):
        ps.write_page(day, tmp_path / "x.html", event=event, records=tmp_path / "nowhere")
