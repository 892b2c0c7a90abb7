"""The static report: what its pages say, against results whose every number is known."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import paektuseis as ps
from paektuseis.report.site import _files

from .conftest import make_day


class Page(HTMLParser):
    """A page taken apart: tags with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.tags, self.texts = path, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def pages(root: Path) -> list[Page]:
    return [Page(p) for p in sorted(root.rglob("*.html"))]


def test_every_number_of_an_event_stands_on_its_page(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="en")
    text = Page(tmp_path / "site" / "event" / "vt-2014-06-15-0.html").text
    assert "42.0100° N , 128.0500° E" in text.replace("° E", "° E") or "42.0100° N" in text
    for words in (
        "10.0 ± 1.7 km", "3.2 km by 1.1 km, major axis 30° from north", "13:00:00.00",
        "margin over the next class 75.0 %", "VT: short", "+0.012", "± 0.11 s", "3.25×10⁻⁶ m/s",
        "2 picks at 2 stations, gap 271°, nearest 4.4 km, rms 0.025 s", "−0.25",
    ):  # fmt: skip
        assert words in text, words


def test_an_event_without_location_says_why(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="en")
    text = Page(tmp_path / "site" / "event" / "vt-2014-06-15-2.html").text
    assert "Not located. too few picks: 1 of 4" in text


def test_station_page_tells_recorded_blind_and_missing_time(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="en")
    text = Page(tmp_path / "site" / "station" / "2014-06-15_1U.BBB.html").text
    assert "recorded 75.0 %" in text  # 18 of 24 hours
    assert "6.0 h" in text  # the gap
    text = Page(tmp_path / "site" / "station" / "2014-06-15_1U.AAA.html").text
    assert "monitored 97.9 %" in text  # 23.5 of 24 hours
    assert "blind 2.1 %" in text


def test_index_counts_events_by_class_with_the_stations_alive(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="en")
    page = Page(tmp_path / "site" / "index.html")
    assert "stations alive (mean) 1.8 of 2" in page.text  # 18 h of two, 6 h of one: 1.75
    assert "time with enough stations 87.5 %" in page.text
    assert "VT 2" in page.text
    assert "1 of 3 events have no location" in page.text
    assert "AAA: 1.9 km" in page.text or "AAA: 2.0 km" in page.text  # read aloud for the map


def test_a_quiet_day_and_a_deaf_one_differ(tmp_path):
    make_day(tmp_path / "in" / "a", "2014-06-15", events=0)
    make_day(tmp_path / "in" / "b", "2014-06-16", events=0, deaf=True)
    ps.write_report(tmp_path / "in", tmp_path / "site", languages="en")
    text = Page(tmp_path / "site" / "index.html").text
    assert "0, quiet" in text
    assert "deaf" in text
    deaf = Page(tmp_path / "site" / "station" / "2014-06-16_1U.AAA.html").text
    assert "Deaf, not quiet" in deaf
    quiet = Page(tmp_path / "site" / "station" / "2014-06-15_1U.AAA.html").text
    assert "triggered for no event" in quiet


def test_every_page_is_built_to_be_read_by_anyone(results, tmp_path):
    ps.write_report(results, tmp_path / "site")
    found = pages(tmp_path / "site")
    assert len(found) == 3 * (3 + 2 + 3)
    for page in found:
        assert len(page.all("h1")) == 1, page.path
        assert len(page.all("main")) == 1
        assert page.all("html")[0]["lang"]
        assert all(h.get("scope") for h in page.all("th")), page.path
        assert len(page.all("table")) == len(page.all("caption"))
        assert all(i.get("alt") for i in page.all("img")), page.path
        for drawing in [a for a in page.all("svg") if a.get("role") == "img"]:
            ids = {a.get("id") for _tag, a in page.tags}
            assert set(drawing["aria-labelledby"].split()) <= ids
        named = [a["id"] for _tag, a in page.tags if "id" in a]
        assert len(named) == len(set(named)), page.path


def test_every_link_leads_to_a_file_of_the_site(results, tmp_path):
    ps.write_report(results, tmp_path / "site")
    count = 0
    for page in pages(tmp_path / "site"):
        for tag, name in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")):
            for attrs in page.all(tag):
                target = attrs.get(name) or ""
                if target.startswith(("#", "data:")) or not target:
                    continue
                assert "://" not in target, target
                where = (page.path.parent / unquote(target.partition("#")[0])).resolve()
                assert where.is_file(), (page.path, target)
                assert (tmp_path / "site").resolve() in where.parents
                count += 1
    assert count > 100


def test_text_from_outside_is_text(tmp_path):
    make_day(tmp_path / "day", note=(evil := '<script>alert(1)</script>"&'), title=evil)
    ps.write_report(tmp_path / "day", tmp_path / "site", languages="en")
    for page in pages(tmp_path / "site"):
        scripts = page.all("script")
        assert [set(s) for s in scripts] == [{"src"}], page.path
    raw = (tmp_path / "site" / "event" / "vt-2014-06-15-0.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in raw


def test_a_second_run_makes_nothing_and_a_change_only_its_pages(tmp_path):
    for date in ("2014-06-15", "2014-06-16"):
        make_day(tmp_path / "in" / date, date)
    site = tmp_path / "site"
    first = ps.write_report(tmp_path / "in", site, languages="en")
    assert first.written > 0
    again = ps.write_report(tmp_path / "in", site, languages="en")
    assert (again.written, again.removed) == (0, 0)
    before = {p: p.stat().st_mtime_ns for p in site.rglob("*.html")}
    make_day(tmp_path / "in" / "2014-06-16", "2014-06-16", note=" more")
    ps.write_report(tmp_path / "in", site, languages="en")
    changed = {p.name for p, t in before.items() if p.stat().st_mtime_ns != t}
    assert not any(name.startswith(("2014-06-15", "vt-2014-06-15")) for name in changed)
    assert "2014-06-16_1U.BBB.html" in changed  # its finding reads otherwise
    assert "2014-06-16_1U.AAA.html" not in changed
    assert "index.html" in changed


def test_a_day_that_is_gone_leaves_the_site(tmp_path):
    for date in ("2014-06-15", "2014-06-16"):
        make_day(tmp_path / "in" / date, date)
    site = tmp_path / "site"
    ps.write_report(tmp_path / "in", site, languages="en")
    (site / "notes.txt").write_text("mine")
    done = ps.write_report(tmp_path / "in", site, languages="en", endtime="2014-06-16")
    assert done.removed > 0
    left = {p.name for p in site.rglob("*") if p.is_file()}
    assert not any("2014-06-16" in name for name in left)
    assert "notes.txt" in left
    assert "2014-06-15_1U.AAA.html" in left


def test_a_list_of_files_cannot_name_others(tmp_path, results):
    site = tmp_path / "site"
    site.mkdir()
    victim = tmp_path / "victim.txt"
    victim.write_text("keep")
    evil = {"../victim.txt": "x", str(victim): "x", "a/../../victim.txt": "x"}
    manifest = {"format": 1, "days": {}, "pages": evil, "shared": {}}
    (site / _files.MANIFEST).write_text(json.dumps(manifest))
    ps.write_report(results, site, languages="en")
    assert victim.read_text() == "keep"


def test_one_language_lies_at_the_root(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="ko")
    page = Page(tmp_path / "site" / "index.html")
    assert page.all("html")[0]["lang"].startswith("ko")
    assert not (tmp_path / "site" / "ko").exists()


def test_local_time_stands_beside_utc(results, tmp_path):
    ps.write_report(results, tmp_path / "site", languages="en", local_time="Asia/Shanghai")
    text = Page(tmp_path / "site" / "event" / "vt-2014-06-15-0.html").text
    assert "13:00:00.00" in text
    assert "(21:00:00 CST)" in text


def test_what_cannot_be_had_is_said(results, tmp_path):
    with pytest.raises(ps.ParameterError, match="klingon"):
        ps.write_report(results, tmp_path / "s", languages="klingon")
    with pytest.raises(ps.ParameterError, match="Atlantis"):
        ps.write_report(results, tmp_path / "s", local_time="Asia/Atlantis")
    with pytest.raises(ps.ParameterError, match="no day from"):
        ps.write_report(results, tmp_path / "s", starttime="2015-01-01")
    with pytest.raises(ps.ArchiveError, match="no results"):
        ps.write_report(results / "tables", tmp_path / "s")
    assert not os.path.exists(tmp_path / "s")


def with_pages(day: Path) -> Path:
    """Put PNG pages beside the tables, as a run draws them: 1000 by 1414 pixels of noise."""
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 255, (1414, 1000, 3), dtype=np.uint8)
    (day / "pages").mkdir()
    for name in ("station-1U.AAA..HHZ", "event-vt-2014-06-15-0"):
        Image.fromarray(pixels).save(day / "pages" / f"{name}.png")
    return day


def test_pages_a_run_drew_are_taken_over_where_their_language_is_read(results, tmp_path):
    ps.write_report(with_pages(results), tmp_path / "site", languages=["en", "ko"])
    site = tmp_path / "site"
    english = Page(site / "event" / "vt-2014-06-15-0.html").all("img")
    assert len(english) == 1
    assert (english[0]["width"], english[0]["height"]) == ("780", "882")  # 0.8 of 1414, made small
    assert "vt" not in english[0]["alt"] or "2014-06-15 13:00:00" in english[0]["alt"]
    assert Page(site / "event" / "vt-2014-06-15-1.html").all("img") == []
    korean = Page(site / "ko" / "event" / "vt-2014-06-15-0.html")
    assert korean.all("img") == []
    links = [a["href"] for a in korean.all("a") if a["href"].endswith(".webp")]
    assert len(links) == 1
    assert (korean.path.parent / links[0]).resolve() == (
        (site / "event" / english[0]["src"]).resolve()
    )


def test_a_page_that_is_no_picture_is_told(results, tmp_path):
    (results / "pages").mkdir()
    (results / "pages" / "event-vt-2014-06-15-0.png").write_bytes(b"no picture")
    done = ps.write_report(results, tmp_path / "site", languages="en")
    assert any("cannot be read as a PNG" in p for p in done.problems)
    assert (tmp_path / "site" / "event" / "vt-2014-06-15-0.html").is_file()


def test_spectral_amplitudes_become_pixels(results):
    """Bands go up, time goes right, and a brighter pixel is a larger value."""
    import io

    from PIL import Image

    from paektuseis.report.site._day import DayTables
    from paektuseis.report.site._source import open_source
    from paektuseis.report.site._station_view import ssam_picture

    data = ssam_picture(DayTables(open_source(results).days[0]), "1U.AAA")
    index = np.asarray(Image.open(io.BytesIO(data)))
    assert index.shape == (24, 24)  # four bands of six pixels, 24 hours
    assert (index > 0).all()
    assert (np.diff(index[3].astype(int)) >= 0).all()  # the values grow with the hour
    assert (np.diff(index[::6, 5].astype(int)) <= 0).all()  # and with the band, which goes up


def test_a_year_of_quiet_is_split_into_months(monkeypatch, tmp_path):
    from paektuseis.report.site import _catalogue

    monkeypatch.setattr(_catalogue, "ONE_PAGE", 3)
    for date in ("2014-06-30", "2014-07-01"):
        make_day(tmp_path / "in" / date, date)
    ps.write_report(tmp_path / "in", tmp_path / "site", languages="en")
    last = Page(tmp_path / "site" / "catalogue.html")
    first = Page(tmp_path / "site" / "catalogue-2014-06.html")
    assert "6 events" in last.text
    assert "vt-2014-07-01-0.html" in str(last.all("a"))
    assert "vt-2014-06-30-0.html" not in str(last.all("a"))
    assert "vt-2014-06-30-0.html" in str(first.all("a"))
    table = ps.read_table(tmp_path / "site" / "files" / "catalogue.csv", ps.tables.EVENTS)
    assert len(table) == 6


def test_figures_stay_with_pages_that_stay(tmp_path):
    """A day of which one page changes keeps the figures of the others."""
    day = make_day(tmp_path / "day")
    with_pages(day)
    site = tmp_path / "site"
    ps.write_report(day, site, languages="en")
    figures = {p.name for p in (site / "figures").iterdir()}
    assert len(figures) == 3  # two pages of the run, and spectral amplitudes of 1U.AAA
    make_day(day, note=" more")
    ps.write_report(day, site, languages="en")
    assert {p.name for p in (site / "figures").iterdir()} == figures
    for page in pages(site):
        for image in page.all("img"):
            assert (page.path.parent / unquote(image["src"])).is_file()
