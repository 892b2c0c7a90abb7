"""What a run leaves behind: tables, catalogue, pages and an index to open first."""

from .index import write_index
from .pages import PagePrinter, Workers, event_page, network_page, station_page
from .products import run_record, write_products
from .site import Report, write_page, write_report

__all__ = [
    "PagePrinter",
    "Report",
    "Workers",
    "event_page",
    "network_page",
    "run_record",
    "station_page",
    "write_index",
    "write_page",
    "write_products",
    "write_report",
]
