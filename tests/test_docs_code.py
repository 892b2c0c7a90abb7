"""The code that people read runs: blocks of README and documentation, and the doctests."""

import ast
import doctest
import importlib
import os
import pkgutil
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest

import paektuseis as ps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs" / "_ext"))
import code_blocks

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"] + [
    path
    for path in sorted((CHECKOUT / "docs").rglob("*.rst"))
    if not {"_build", "generated"} & set(path.parts)
]
NOT_RUN = re.compile(r"# not run: \S")


def markdown_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and code of each fenced Python block."""
    for match in re.finditer(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield text[: match.start(1)].count("\n") + 1, match.group(1)


def rst_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and code of each ``code-block:: python``."""
    for first, _, code in code_blocks.python_blocks(text.splitlines()):
        yield first + 1, code + "\n"


def blocks(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    return list(markdown_blocks(text) if path.suffix == ".md" else rst_blocks(text))


@pytest.fixture
def like_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds ``data/sample`` as the checkout does, and may be written to."""
    source = CHECKOUT / "data"
    try:
        (tmp_path / "data").symlink_to(source, target_is_directory=True)
    except OSError:  # a file system without links
        shutil.copytree(source, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def label(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize(
    "path", [p for p in PAGES if p.exists() and blocks(p)], ids=lambda path: label(path)
)
def test_code_of_page_runs(path: Path, like_the_checkout: Path) -> None:
    """Blocks of one page run in order, in one namespace; one not run says why in its first line."""
    namespace: dict[str, object] = {"__name__": "__page__"}
    with matplotlib.rc_context():
        for number, code in blocks(path):
            if NOT_RUN.match(code.lstrip()):
                continue
            # as many empty lines as precede the block, so that a traceback names the page's line
            source = "\n" * (number - 1) + code
            exec(compile(source, str(path), "exec"), namespace)
    assert os.path.samefile(os.getcwd(), like_the_checkout), "a page changed the working folder"


def test_readme_has_code() -> None:
    ran = [c for _, c in blocks(CHECKOUT / "README.md") if not NOT_RUN.match(c.lstrip())]
    assert ran, "README.md shows no code that runs"


def test_blocks_are_found() -> None:
    page = "Text\n\n.. code-block:: python\n   :caption: x\n\n   a = 1\n\n   b = 2\n\nText\n"
    assert list(rst_blocks(page)) == [(4, "\n\na = 1\n\nb = 2\n\n")]
    assert list(markdown_blocks("x\n```python\na = 1\n```\n")) == [(3, "a = 1\n")]
    assert NOT_RUN.match("# not run: needs a disk")
    assert not NOT_RUN.match("# not run:")


MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ps.__path__, "paektuseis.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str, like_the_checkout: Path) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    for test in finder.find(module, name):
        if test.examples:
            runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def test_doctests_are_there() -> None:
    """Guards against a finder that finds nothing."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for m in MODULES for t in finder.find(importlib.import_module(m), m) if t.examples]
    assert len(found) >= 20, len(found)


# --------------------------------------------------------------------------- error messages


def message_templates() -> list[str]:
    """Return every text of the code, with ``\0`` where a value is filled in."""
    out = []
    for path in sorted((CHECKOUT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else "\0" for v in node.values)
                out.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                out.append(node.value)
    return out


def quoted_messages() -> list[str]:
    page = (CHECKOUT / "docs" / "troubleshooting.rst").read_text(encoding="utf-8")
    return re.findall(r"^``(.*)``$", page, re.MULTILINE)


def pattern(message: str) -> re.Pattern[str]:
    """Fixed parts of a message in their order, a value at least between each two."""
    return re.compile("[^\n]*\0[^\n]*".join(re.escape(part) for part in message.split("…")))


@pytest.mark.parametrize("message", quoted_messages())
def test_error_message_still_exists(message: str) -> None:
    """What the page of error messages quotes is what the code says."""
    wanted = pattern(message)
    assert any(wanted.search(template) for template in TEMPLATES), message


def test_another_message_would_be_noticed() -> None:
    assert len(quoted_messages()) >= 25
    said = "freqmax=\0 Hz is above \0; lower it"
    assert pattern("freqmax=… Hz is above …; lower it").search(said)
    assert not pattern("freqmax=… Hz is below …; lower it").search(said)
    assert not pattern("a … text").search("a fixed text")


TEMPLATES = message_templates()


def test_architecture_page_shows_the_house_as_it_is() -> None:
    """Every package of the import contract, in its order."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [
        name.strip().removeprefix("paektuseis.") for layer in layers for name in layer.split("|")
    ]
    public = [name for name in names if not name.startswith("_")]
    page = (CHECKOUT / "docs" / "architecture.rst").read_text(encoding="utf-8")
    house = page.split("::\n", 2)[1].split("**Imports")[0]
    told = re.findall(r"^    (\S.*?)(?:  |$)", house, re.MULTILINE)
    listed = [name.strip() for line in told for name in re.split(r"[|,]", line)]
    assert listed == public


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert not [link for link in links if not (CHECKOUT / link).exists()]
    if name == "README.md":
        assert len(links) > 8
