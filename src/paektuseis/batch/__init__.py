"""Years of archive: plan the days, run them, resume, read the results.

:func:`run_archive` turns an archive into tables day by day, each day whole or not at all;
:func:`open_results` reads any span of them; :func:`check_archive` tells what is wrong with
an archive before that.
"""

from ._faults import Fault
from .doctor import ArchiveHealth, check_archive
from .executors import dask_executor
from .results import Results, open_results
from .run import ArchiveRun, Progress, run_archive

__all__ = [
    "ArchiveHealth",
    "ArchiveRun",
    "Fault",
    "Progress",
    "Results",
    "check_archive",
    "dask_executor",
    "open_results",
    "run_archive",
]
