"""The command line: ``paektuseis VERB``. Parse, call, exit code; no science.

Exit codes: 0 done; 1 done, with problems reported; 2 wrong usage, or nothing
usable in what was given; 3 no data; 4 a product could not be written; 130
interrupted; 143 told to terminate. Data go to standard output, everything else to
standard error.
"""

from .app import main

__all__ = ["main"]
