"""From bytes to obspy objects and back.

Waveform files of any supported format are read without running, fetching or
unpacking anything (:func:`read_waveforms`), archives are read across imperfect
day files (:class:`Archive`), metadata and catalogues from checked bytes, and
everything is written whole or not at all.
"""

from ._findings import reader_findings
from ._foreign import safe_text
from ._output import atomic_path, make_folder, safe_filename, write_text
from ._segments import join_segments
from .archive import Archive
from .elevation import ElevationGrid, read_elevation
from .events import read_events, write_events
from .index import ArchiveIndex
from .indexing import IndexReport, index_archive
from .metadata import read_stations
from .sds import write_sds
from .table_files import read_table, write_table
from .waveforms import read_waveforms

__all__ = [
    "Archive",
    "ArchiveIndex",
    "ElevationGrid",
    "IndexReport",
    "atomic_path",
    "index_archive",
    "join_segments",
    "make_folder",
    "read_elevation",
    "read_events",
    "read_stations",
    "read_table",
    "read_waveforms",
    "reader_findings",
    "safe_filename",
    "safe_text",
    "write_events",
    "write_sds",
    "write_table",
    "write_text",
]
