"""No English is left on a page in another language but names, codes and units."""

import re
from html.parser import HTMLParser

import pytest

import paektuseis as ps

from .conftest import make_day

OTHERS = [code for code in ps.languages() if code != "en"]
READ = ("alt", "title", "aria-label", "placeholder", "content")
# the same in every language: codes, abbreviations, file names, and names of methods and people
KEPT = re.compile(
    r"paektuseis|UTC|RSAM|SSAM|DSAR|dsar|QuakeML|CSV|ISC|IMS|STA|LTA|SNR|VLP|AIC|rms|RMS|"
    r"\b1U\.\w+(?:\.\w*)*|\b(?:AAA|BBB)\b|HH[ZNE]|\bvt-[\d-]+|\b\w+\.(?:json|toml|csv|xml|html|txt)\b|"
    r"StationXML|--network|English|light|dark|\{\w+\}|\bhill\b|Hill|short"
)
# made up by the results these pages are of: what a run writes is another test's
MADE_UP = re.compile(r"gap of|warm-up|short|too few picks|octree|layers|luckett")


class Text(HTMLParser):
    """Collects what a reader sees or hears, settings and citations left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skip += tag in ("script", "style", "pre", "code", "cite")
        given = dict(attrs)
        if tag == "meta" and given.get("name") != "description":
            return
        self.found += [value for key in READ if (value := given.get(key))]

    def handle_endtag(self, tag: str) -> None:
        self.skip -= tag in ("script", "style", "pre", "code", "cite")

    def handle_data(self, data: str) -> None:
        if not self.skip and data.strip():
            self.found.append(data.strip())


def english(page: str) -> set[str]:
    reader = Text()
    reader.feed(page)
    found = (re.findall(r"[A-Za-z]{3,}", KEPT.sub("", t)) for t in reader.found
             if not MADE_UP.search(t))  # fmt: skip
    return {word for words in found for word in words}


@pytest.mark.parametrize("language", OTHERS)
def test_pages_are_wholly_in_their_language(tmp_path, language):
    ps.write_report(make_day(tmp_path / "d1"), tmp_path / "site", languages=language)
    pages = [p for p in (tmp_path / "site").rglob("*.html") if p.name != "methods.html"]
    assert len(pages) >= 4
    left = {p.name: english(p.read_text(encoding="utf-8")) for p in pages}
    assert not {name: words for name, words in left.items() if words}


@pytest.mark.parametrize("language", OTHERS)
def test_a_deaf_day_is_said_in_the_language(tmp_path, language):
    ps.write_report(make_day(tmp_path / "d1", deaf=True, events=0), tmp_path / "site",
                    languages=language)  # fmt: skip
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert {"ko": "감시 불능", "zh": "失聪"}[language] in page
    assert not english(page)
