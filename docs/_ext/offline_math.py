"""Formulas as MathML: browsers draw it themselves, so the pages read the same without a network."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# characters that people type into formulas of docstrings
PLAIN = str.maketrans({"…": r"\ldots ", "−": "-", "·": r"\cdot ", "≤": r"\le ", "≥": r"\ge "})


def _mathml(node: nodes.Node, *, block: bool) -> str:
    latex = node.astext().translate(PLAIN)
    try:
        return str(latex2mathml.tex2mathml(latex, as_block=block))
    except MathError as error:
        logger.warning("formula cannot be set (%s): %s", error, latex, location=node)
        return f"<code>{html.escape(latex)}</code>"


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(f'<span class="math">{_mathml(node, block=False)}</span>')
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{_mathml(node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``offline``."""
    app.add_html_math_renderer("offline", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
