"""Figures as small PNG files for pages: few colours, no date, the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..errors import ParameterError

COLOURS = 64
MOST_PIXELS = 60_000_000


def figure_png(figure: Figure, *, dpi: float = 80.0) -> tuple[bytes, tuple[int, int]]:
    """Return a figure as a PNG of few colours.

    Parameters
    ----------
    figure : Figure
    dpi : float
        Dots per inch.

    Returns
    -------
    data : bytes
    size : tuple of int
        Width and height, pixels.
    """
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=dpi, metadata={"Software": "paektuseis"})
    raw.seek(0)
    return _few_colours(raw)


def compact_png(path: str | Path) -> tuple[bytes, tuple[int, int]]:
    """Return a PNG file with few colours: a fourth of its size, and no difference to read.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    data : bytes
    size : tuple of int
        Width and height, pixels.

    Raises
    ------
    ParameterError
        If it is no PNG, or one of unreasonable size.
    """
    try:
        with Path(path).open("rb") as file:
            return _few_colours(file)
    except (OSError, ValueError, SyntaxError) as error:
        raise ParameterError(f"{path}: cannot be read as a PNG: {error}") from error


def _few_colours(file: Any) -> tuple[bytes, tuple[int, int]]:
    from PIL import Image

    with Image.open(file, formats=["PNG"]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width} by {image.height} pixels is too large for a page")
        plain = image.convert("RGB")
    few = plain.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue(), few.size
