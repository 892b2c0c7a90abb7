"""Figures of a page made by the code above them, so that they cannot disagree with it.

``.. gallery-figure:: name`` stands below ``code-block:: python`` blocks: all blocks of the
page so far are run, in order and in one namespace, from the top of the checkout, and what
the last one called ``figure`` is written to ``gallery/generated/name.png``. The text of the
directive says what there is to see, and is the picture's alternative text.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from code_blocks import python_blocks
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

CHECKOUT = Path(__file__).resolve().parents[2]


class GalleryFigure(Directive):
    """The figure that the code above made."""

    required_arguments = 1
    has_content = True
    namespaces: ClassVar[dict[str, tuple[int, dict[str, Any]]]] = {}

    def run(self) -> list[nodes.Node]:
        """Run what has not run yet, save the figure and show it."""
        page = str(self.state.document.current_source)
        # the page as it stands on the disk: docutils may have put lines of its own before it
        lines = Path(page).read_text(encoding="utf-8").splitlines()
        marker = f".. gallery-figure:: {self.arguments[0]}"
        here = next(i for i, line in enumerate(lines) if line.strip() == marker)
        done, namespace = self.namespaces.get(page, (0, {"__name__": "__page__"}))
        before = Path.cwd()
        os.chdir(CHECKOUT)
        try:
            for _, end, code in python_blocks(lines[:here]):
                if end > done:
                    exec(compile(code, f"{page} (before line {end})", "exec"), namespace)
                    done = end
            self.namespaces[page] = (done, namespace)
            uri = self._save(namespace["figure"], Path(page))
        finally:
            os.chdir(before)
        words = " ".join(line.strip() for line in self.content)
        picture = nodes.image(uri=uri, alt=words)
        caption = nodes.caption("", words)
        return [nodes.figure("", picture, caption)]

    def _save(self, figure: Any, page: Path) -> str:
        import paektuseis as ps

        folder = page.parent / "generated"
        folder.mkdir(exist_ok=True)
        ps.save_figure(figure, folder / f"{self.arguments[0]}.png", dpi=90)
        return f"generated/{self.arguments[0]}.png"


def forget(app: Sphinx, name: str, source: list[str]) -> None:
    """Let a page that is read again run its code again."""
    GalleryFigure.namespaces.pop(str(app.env.doc2path(name)), None)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("gallery-figure", GalleryFigure)
    app.connect("source-read", forget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
