"""The house stays in order: structure, style, types, documentation and promises of the package."""

import ast
import dataclasses
import importlib
import inspect
import io
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from numpydoc.docscrape import FunctionDoc

import paektuseis as ps

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCE = CHECKOUT / "src" / "paektuseis"
MODULES = sorted(SOURCE.rglob("*.py"))
MODULE_IDS = [str(path.relative_to(SOURCE)) for path in MODULES]
SUBPACKAGES = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
MAX_CODE_LINES = 400  # 60 to 250 is the aim; docstrings, comments and empty lines do not count


def run(*command: str, cwd: Path = CHECKOUT) -> None:
    """Run a tool; what it printed is the message of the failure."""
    environment = {**os.environ, "PYTHONWARNINGS": "default", "NO_COLOR": "1", "COLUMNS": "120"}
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, (
        f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    )


# --------------------------------------------------------------------------- tools


def test_ruff_finds_nothing() -> None:
    run(sys.executable, "-m", "ruff", "check", "--output-format=concise", ".")


def test_files_are_formatted() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.slow
def test_types_are_strict() -> None:
    run(sys.executable, "-m", "mypy", "-p", "paektuseis")


def test_imports_run_down_only() -> None:
    script = "import sys; from importlinter.cli import lint_imports_command as c; c()"
    run(sys.executable, "-c", script, "--no-cache")


# --------------------------------------------------------------------------- imports


def modules_after(statement: str, *, before: str = "") -> set[str]:
    """Return the modules that a statement loads beyond those of another, in a fresh process."""
    code = (
        f"import sys\n{before}\nknown = set(sys.modules)\n{statement}\n"
        "print('\\n'.join(sorted(set(sys.modules) - known)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return set(done.stdout.split())


def test_import_stays_light() -> None:
    loaded = modules_after("import paektuseis")
    heavy = {"scipy", "matplotlib", "numba", "pandas", "pyarrow", "typer", "rich", "jinja2"}
    assert not heavy & {name.partition(".")[0] for name in loaded}


def test_import_adds_only_itself_to_obspy() -> None:
    added = modules_after("import paektuseis", before="import obspy")
    assert {name for name in added if name.partition(".")[0] == "paektuseis"} >= {"paektuseis"}
    assert len(added) <= 5, sorted(added)


@pytest.mark.parametrize(
    "name", [s for s in SUBPACKAGES if s not in {"plotting", "report", "synthetic"}]
)
def test_numbers_come_without_matplotlib(name: str) -> None:
    """Only ``plotting``, and ``report`` that asks it for pages, load matplotlib.

    (``synthetic`` uses obspy's travel times and noise models, whose modules load it.)
    """
    loaded = modules_after(f"import paektuseis.{name}")
    assert "matplotlib" not in loaded


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'no_such_thing'"):
        ps.no_such_thing  # noqa: B018


# --------------------------------------------------------------------------- public names


@pytest.mark.parametrize("name", sorted(ps._API))
def test_public_name_resolves(name: str) -> None:
    home = importlib.import_module(f"paektuseis.{ps._API[name]}")
    assert getattr(ps, name) is getattr(home, name)
    assert name in ps.__all__
    assert name in dir(ps)
    if hasattr(home, "__all__"):
        assert name in home.__all__


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_subpackage_says_what_it_holds(name: str) -> None:
    module = importlib.import_module(f"paektuseis.{name}")
    assert module.__doc__, f"paektuseis.{name} has no docstring"
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public), f"paektuseis.{name}.__all__ names {public!r}"


def public_objects() -> Iterator[tuple[str, Any]]:
    """Every public function and class, with the name a user writes."""
    seen = set()
    for name in sorted(ps._API):
        seen.add(id(getattr(ps, name)))
        yield f"paektuseis.{name}", getattr(ps, name)
    for subpackage in SUBPACKAGES:
        module = importlib.import_module(f"paektuseis.{subpackage}")
        for name in module.__all__:
            value = getattr(module, name)
            if (inspect.isfunction(value) or inspect.isclass(value)) and id(value) not in seen:
                seen.add(id(value))
                yield f"paektuseis.{subpackage}.{name}", value


def documented_names(text: str) -> set[str]:
    """Names in the Parameters, Other Parameters and Attributes of a numpydoc docstring."""
    doc = FunctionDoc(None, doc=text)
    parameters = [*doc["Parameters"], *doc["Other Parameters"], *doc["Attributes"]]
    return {
        name.strip().lstrip("*") for p in parameters for name in p.name.split(",") if name.strip()
    }


def field_help(value: type) -> set[str]:
    """Names of fields that carry their own help, as settings do (printed by the program)."""
    if not dataclasses.is_dataclass(value):
        return set()
    return {f.name for f in dataclasses.fields(value) if f.metadata.get("help")}


def argument_names(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in {"self", "cls"}]


def documentation_faults(label: str, function: Any, text: str) -> list[str]:
    known = documented_names(text)
    faults = [f"{label}: argument {a!r} undocumented" for a in argument_names(function)
              if a not in known]  # fmt: skip
    returns = inspect.signature(function).return_annotation
    if returns not in (None, "None", inspect.Signature.empty):
        doc = FunctionDoc(None, doc=text)
        if not (doc["Returns"] or doc["Yields"]):
            faults.append(f"{label}: Returns {returns} undocumented")
    return faults


def test_every_public_name_is_documented() -> None:
    """Summary, each argument, what comes back; fields of top-level classes; methods of all."""
    faults = []
    for label, value in public_objects():
        text = inspect.getdoc(value) or ""
        if not text:
            faults.append(f"{label}: no docstring")
        elif inspect.isclass(value):
            if issubclass(value, Exception):
                continue
            known = documented_names(text) | field_help(value)
            # the small records of a subpackage may speak through the names of their fields
            if label.count(".") == 1:
                faults += [
                    f"{label}: field {a!r} undocumented"
                    for a in argument_names(value)
                    if a not in known
                ]
            for name, member in vars(value).items():
                if name.startswith("_"):
                    continue
                function = member.__func__ if isinstance(member, classmethod) else member
                if isinstance(function, property):
                    if not inspect.getdoc(function):
                        faults.append(f"{label}.{name}: no docstring")
                elif inspect.isfunction(function):
                    doc = inspect.getdoc(function) or ""
                    if not doc:
                        faults.append(f"{label}.{name}: no docstring")
                    elif len(argument_names(function)) > 1:
                        faults += documentation_faults(f"{label}.{name}", function, doc)
        elif inspect.isfunction(value):
            faults += documentation_faults(label, value, text)
    assert not faults, "\n".join(faults)


def test_every_argument_is_annotated() -> None:
    bare = []
    for label, value in public_objects():
        if inspect.isfunction(value):
            signature = inspect.signature(value)
            bare += [f"{label}({p.name})" for p in signature.parameters.values()
                     if p.annotation is inspect.Parameter.empty]  # fmt: skip
            if signature.return_annotation is inspect.Signature.empty:
                bare.append(f"{label} -> ?")
    assert not bare, bare


# --------------------------------------------------------------------------- source text


def code_lines(text: str) -> int:
    """Count the lines that hold code: no docstring, comment or empty line."""
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            first = node.body[0]
            documentation |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
             tokenize.ENDMARKER}  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in quiet:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - documentation)


def test_code_lines_are_counted() -> None:
    text = (
        '"""One.\n\nTwo."""\n\n# three\nx = (1,\n     2)\n\ndef f():\n    """F."""\n    return x\n'
    )
    assert code_lines(text) == 4


@pytest.mark.parametrize("path", MODULES, ids=MODULE_IDS)
def test_module_is_short_and_begins_with_its_purpose(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module begins with one paragraph on its idea"
    assert code_lines(text) <= MAX_CODE_LINES, f"{code_lines(text)} lines of code: split it"


FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "socket", "requests",
                     "urllib.request", "http.client", "ftplib", "yaml", "matplotlib.pyplot",
                     "pylab"}  # fmt: skip
# where nobody is above to be told: the program's own end, and parsers that raise whatever
CATCHES_ALL = {"cli/app.py", "io/_worker_child.py"}
# the two modules that open connections, and by what
CONNECT = {"acquire/_seedlink.py": "socket", "acquire/_fdsn.py": "http.client"}
FORBIDDEN_CALLS = {"eval", "exec", "__import__", "breakpoint"}


def forbidden(tree: ast.AST, *, cli: bool) -> Iterator[str]:
    """Yield what the library must not contain, with its line."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (f"line {node.lineno}: import of {n}" for n in names if n in FORBIDDEN_MODULES)
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        ):
            yield f"line {node.lineno}: an except that catches everything"
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if called in FORBIDDEN_CALLS or (called == "print" and not cli):
                yield f"line {node.lineno}: call of {called}"
            for keyword in node.keywords:
                if keyword.arg in {"allow_pickle", "shell"} and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    yield f"line {node.lineno}: {keyword.arg} that is not False"


@pytest.mark.parametrize("path", MODULES, ids=MODULE_IDS)
def test_module_holds_nothing_forbidden(path: Path) -> None:
    cli = path.relative_to(SOURCE).parts[0] == "cli"
    found = list(forbidden(ast.parse(path.read_text(encoding="utf-8")), cli=cli))
    if path.relative_to(SOURCE).as_posix() in CATCHES_ALL:
        found = [f for f in found if not f.endswith("catches everything")]
    if module := CONNECT.get(path.relative_to(SOURCE).as_posix()):
        found = [f for f in found if not f.endswith(f"import of {module}")]
    assert not found, found


def test_the_search_for_forbidden_things_finds_them() -> None:
    bad = (
        "import pickle\nfrom matplotlib import pyplot as plt\nprint(1)\neval('1')\n"
        "np.load(f, allow_pickle=True)\nrun(c, shell=True)\n"
        "try:\n    pass\nexcept Exception:\n    pass\ntry:\n    pass\nexcept:\n    pass\n"
    )
    assert len(list(forbidden(ast.parse(bad), cli=False))) == 8
    assert not list(forbidden(ast.parse("print(1)\nnp.load(f, allow_pickle=False)"), cli=True))


# --------------------------------------------------------------------------- the whole tree

SKIPPED_FOLDERS = {"_build", "generated", "build", "dist", "__pycache__"}


def tree() -> Iterator[Path]:
    """Yield every file of the project: no caches, no built pages, no version control."""
    for folder, folders, files in os.walk(CHECKOUT):
        folders[:] = [
            f
            for f in folders
            if f not in SKIPPED_FOLDERS
            and (not f.startswith(".") or f in {".ci", ".github"})
            and not f.endswith(".egg-info")
            and not (Path(folder, f) / "pyvenv.cfg").exists()
        ]
        yield from (Path(folder, name) for name in files)


TEXT = {".py", ".md", ".rst", ".toml", ".ipynb", ".cff", ".txt", ".cfg", ".json", ".csv", ""}


def test_no_path_of_one_machine_in_the_tree() -> None:
    pattern = re.compile(
        r"(?<![\w.])(?:/home/|/Users/|/root/|/work/|/tmp/v/)\w|\b[A-Z]:\\\\?Users\\"
    )
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()[:80]}"
        for path in tree()
        if path.suffix in TEXT and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_only_synthetic_records_in_the_tree() -> None:
    """Waveforms, responses and catalogues of others are never part of the project."""
    suffixes = {".mseed", ".ms", ".seed", ".sac", ".gcf", ".gse", ".gse2", ".sgy", ".segy", ".h5",
                ".xml", ".dataless", ".resp", ".npz", ".npy", ".zip", ".gz", ".hdf5"}  # fmt: skip
    sample = CHECKOUT / "data" / "sample"
    stray = [
        str(path.relative_to(CHECKOUT))
        for path in tree()
        if path.suffix.lower() in suffixes and sample not in path.parents
    ]
    assert not stray
    assert "synthetic" in (sample / "README.md").read_text(encoding="utf-8").lower()


def test_tree_is_small() -> None:
    sizes = {path: path.stat().st_size for path in tree()}
    sample = sum(s for p, s in sizes.items() if CHECKOUT / "data" / "sample" in p.parents)
    assert 0 < sample <= 15e6
    assert sum(sizes.values()) - sample <= 8e6, sorted(sizes.items(), key=lambda i: -i[1])[:5]


# --------------------------------------------------------------------------- papers of the project


def test_version_is_the_same_everywhere() -> None:
    version = re.escape(ps.__version__)
    citation = (CHECKOUT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^version: {version}$", citation, re.MULTILINE)
    newest = re.search(r"^## \[(?!Unreleased)([^\]]+)\]", changelog, re.MULTILINE)
    assert newest
    assert newest.group(1) == ps.__version__
    assert "### Changed results" in changelog


def test_ci_runs_the_command_of_the_readme() -> None:
    command = 'pip install ".[test]" && pytest'
    assert command in (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert command in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(CHECKOUT / ".ci" / "run", os.X_OK)


@pytest.mark.slow
def test_documentation_builds_without_warnings(tmp_path: Path) -> None:
    """Built from a copy: the pages that Sphinx generates do not belong in the checkout."""
    shutil.copytree(
        CHECKOUT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "generated")
    )
    shutil.copytree(CHECKOUT / "data", tmp_path / "data")  # the gallery draws the sample
    run(
        sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
        "-d", str(tmp_path / "doctrees"), str(tmp_path / "docs"), str(tmp_path / "html"),
        cwd=tmp_path,
    )  # fmt: skip
    page = (tmp_path / "html" / "conventions.html").read_text(encoding="utf-8")
    from paektuseis import tables

    for schema in tables.ALL:
        for column in schema.columns:
            assert f">{column.name}<" in page, f"{schema.name}.{column.name} is not documented"
    api = "".join(
        p.read_text(encoding="utf-8") for p in (tmp_path / "html" / "api").rglob("*.html")
    )
    assert not [name for name in ps._API if f"paektuseis.{name}" not in api]
    gallery = (CHECKOUT / "docs" / "gallery" / "index.rst").read_text(encoding="utf-8")
    drawn = {p.stem for p in (tmp_path / "docs" / "gallery" / "generated").glob("*.png")}
    assert drawn == set(re.findall(r"^\.\. gallery-figure:: (\S+)", gallery, re.MULTILINE))


def test_every_module_is_reachable() -> None:
    """Each file is importable under its own name: nothing half-finished lies in the tree."""
    names = [m.name for m in pkgutil.walk_packages(ps.__path__, "paektuseis.")]
    for name in names:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    assert len(names) >= len(SUBPACKAGES)


def test_editors_see_every_public_name() -> None:
    """The names imported for type checkers are those that are loaded when used."""
    source = (CHECKOUT / "src" / "paektuseis" / "__init__.py").read_text(encoding="utf-8")
    seen: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for line in node.body:
                assert isinstance(line, ast.ImportFrom)
                seen.update({alias.name: line.module or "" for alias in line.names})
    assert seen == {**ps._API, "synthetic": "", "tables": ""}
