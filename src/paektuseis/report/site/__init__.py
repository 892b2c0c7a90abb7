"""Results as a static site to pass on: it opens from a disk, in the reader's language."""

from .build import Report, write_report
from .single import write_page

__all__ = ["Report", "write_page", "write_report"]
