"""Getting data in: from disks, data centres and real-time streams into one archive.

Everything ends in an SDS archive whose day files only grow: samples that are missing are
added, samples that are there are left alone, and what contradicts them is reported.
"""

from .fetching import FetchReport, fetch_waveforms
from .following import FollowReport, follow_seedlink
from .importing import ImportReport, import_waveforms

__all__ = [
    "FetchReport",
    "FollowReport",
    "ImportReport",
    "fetch_waveforms",
    "follow_seedlink",
    "import_waveforms",
]
