"""Pages made from the code itself, so that they cannot disagree with it.

``.. table-schemas::`` lists every table of :mod:`paektuseis.tables`. The
lists of public names under ``api/generated`` are written before Sphinx looks
for sources.
"""

from __future__ import annotations

import importlib
import inspect
import types
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

KINDS = {
    "time": "datetime64[ns, UTC]",
    "text": "str",
    "float": "float64",
    "int": "int64",
    "bool": "bool",
    "list": "tuple of str",
}


class TableSchemas(Directive):
    """One section and one table for each schema."""

    def run(self) -> list[nodes.Node]:
        """Write reStructuredText and let Sphinx read it."""
        from paektuseis import tables

        lines: list[str] = []
        for schema in tables.ALL:
            lines += [f".. _table-{schema.name}:", "", schema.name, "^" * len(schema.name), ""]
            lines += [".. list-table::", "   :header-rows: 1", "   :widths: 20 20 20 40", ""]
            rows = [("column", "type", "unit", "meaning")]
            for column in schema.columns:
                remark = "" if column.required else " (optional)"
                rows.append(
                    (
                        f"``{column.name}``",
                        KINDS[column.kind],
                        column.unit or "\u2013",
                        column.meaning.replace("|", r"\|").replace("*", r"\*") + remark,
                    )
                )
            for row in rows:
                lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
            lines.append("")
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source="tables.py"), node)
        return list(node.children)


def _groups() -> dict[str, list[str]]:
    """Return the public names of each subpackage, in the order of the house."""
    import paektuseis

    groups: dict[str, list[str]] = {}
    for name, home in paektuseis._API.items():
        groups.setdefault(home, []).append(f"paektuseis.{name}")
    for home in ("synthetic", "tables"):
        module = importlib.import_module(f"paektuseis.{home}")
        names = getattr(module, "__all__", ["Schema", "Column"])
        groups[home] = [
            f"paektuseis.{home}.{n}" for n in names if callable(getattr(module, n, None))
        ]
    return groups


def write_api_lists(app: Sphinx) -> None:
    """Write one page of names a subpackage into ``api/generated``."""
    folder = Path(app.srcdir) / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    for number, (home, names) in enumerate(_groups().items(), start=1):
        module = importlib.import_module(f"paektuseis.{home}")
        summary = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0]
        title = "paektuseis" if home.startswith("_") else f"paektuseis.{home}"
        rows = "\n".join(f"   {name}" for name in names)
        page = (
            f"{title}\n{'=' * len(title)}\n\n{summary}\n\n"
            f".. autosummary::\n   :toctree:\n   :nosignatures:\n\n{rows}\n"
        )
        target = folder / f"group-{number:02d}-{home}.rst"
        if not target.exists() or target.read_text(encoding="utf-8") != page:
            target.write_text(page, encoding="utf-8")


def methods_of(name: str) -> list[str]:
    """Return the public methods and properties that a class defines itself (for the template)."""
    module, _, attribute = name.rpartition(".")
    value = getattr(importlib.import_module(module), attribute)
    if not isinstance(value, type) or issubclass(value, Exception):
        return []
    kinds = (types.FunctionType, property, classmethod, staticmethod)
    return [n for n, m in vars(value).items() if not n.startswith("_") and isinstance(m, kinds)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and what has to be written before the sources are read."""
    app.add_directive("table-schemas", TableSchemas)
    write_api_lists(app)  # now: Sphinx looks for sources before any event that could be listened to
    app.config.autosummary_context = {"methods_of": methods_of}
    return {"parallel_read_safe": True, "parallel_write_safe": True}
