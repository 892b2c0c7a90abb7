"""Figures as small pictures for pages: no date, the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from ..errors import ParameterError

QUALITY = 30
"""Of WebP, 0 to 100: lines and letters stay sharp at the size a page shows them."""
WIDTH = 780
"""Pixels, about what a page shows."""
MOST_PIXELS = 60_000_000


def figure_picture(figure: Figure, *, keep: float = 1.0) -> tuple[bytes, tuple[int, int]]:
    """Return a figure as a small WebP.

    Parameters
    ----------
    figure : Figure
    keep : float
        Share of its height kept, from above.

    Returns
    -------
    data : bytes
    size : tuple of int
        Width and height, pixels.
    """
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=110, metadata={"Software": "paektuseis"})
    with Image.open(raw) as image:
        return _small(image.convert("RGB"), keep)


def small_picture(path: str | Path, *, keep: float = 1.0) -> tuple[bytes, tuple[int, int]]:
    """Return a PNG file as a small WebP: a sixth of its size.

    Parameters
    ----------
    path : str or Path
    keep : float
        Share of its height kept, from above.

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
    return _small(read_picture(path), keep)


def read_picture(path: str | Path) -> Image.Image:
    """Return a PNG file as a picture in red, green and blue.

    Raises
    ------
    ParameterError
        If it is no PNG, or one of unreasonable size.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} by {image.height} pixels is too large for a page")
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise ParameterError(f"{path}: cannot be read as a PNG: {error}") from error


def _small(plain: Image.Image, keep: float) -> tuple[bytes, tuple[int, int]]:
    plain = plain.crop((0, 0, plain.width, round(plain.height * keep)))
    if plain.width > WIDTH:
        height = round(plain.height * WIDTH / plain.width)
        plain = plain.resize((WIDTH, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    plain.save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue(), plain.size
