"""Results as a static site to pass on: it opens from a disk, in the reader's language."""

from .build import Report, write_report

__all__ = ["Report", "write_report"]
