"""Figures to files: the same bytes every time, and never half a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..errors import OutputError, ParameterError

# no date, no version: two runs of the same record give the same file
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": "paektuseis"},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": "paektuseis"},
    "svg": {"Date": None, "Creator": "paektuseis"},
}


def save_figure(figure: Figure, path: str | Path, *, dpi: float = 150) -> Path:
    """Write a figure as PNG, PDF or SVG, by the suffix of the path.

    The file appears whole or not at all, and holds no date: the same figure
    gives the same bytes.

    Parameters
    ----------
    figure : Figure
    path : str or Path
        Ends in ``.png``, ``.pdf`` or ``.svg``.
    dpi : float
        Dots per inch of pixels (also of rasters inside PDF and SVG).

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ParameterError
        If it is no figure, the suffix is none of the three or dpi is not positive.
    OutputError
        If the file cannot be written.
    """
    if not isinstance(figure, Figure):
        raise ParameterError(f"figure is a {type(figure).__name__}; give a matplotlib Figure")
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in _METADATA:
        raise ParameterError(
            f"{path.name}: cannot write {path.suffix or 'a file without suffix'}; "
            "end the name in .png, .pdf or .svg"
        )
    if not 10 <= dpi <= 2400:
        raise ParameterError(f"dpi={dpi}; give 10 to 2400 dots per inch")
    from ..io import atomic_path

    with atomic_path(path) as temporary:
        _write(figure, Path(temporary), kind, dpi)
    return path


def _write(figure: Figure, path: Path, kind: str, dpi: float) -> None:
    if figure.canvas is None:  # pragma: no cover - a Figure always has one
        FigureCanvasAgg(figure)
    # the ids in an SVG are random unless salted, and the default hinting of letters costs a
    # tenth of a page; both are set for this one file and put back
    with matplotlib.rc_context({"svg.hashsalt": "paektuseis", "text.hinting": "none"}):
        try:
            options: dict[str, Any] = {"pil_kwargs": {"compress_level": 2}} if kind == "png" else {}
            figure.savefig(path, format=kind, dpi=dpi, metadata=_METADATA[kind], **options)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error}") from error
