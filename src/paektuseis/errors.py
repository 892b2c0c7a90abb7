"""The errors that paektuseis raises.

::

    PaektuseisError
    ├── ParameterError   (ValueError)   an argument the caller can correct
    ├── WaveformError    (ValueError)   samples or a waveform file that cannot be used
    ├── MetadataError    (LookupError)  station, response or velocity model missing or wrong
    ├── ArchiveError     (OSError)      an archive that cannot be read
    │   └── NoRecordsError              an archive that holds nothing of what was asked for
    ├── OutputError      (OSError)      a product that cannot be written
    └── ConfigError      (ValueError)   a settings or network file that cannot be understood

Every message says what came, what is allowed and what to do next, and names
the trace, file or key it speaks of.
"""


class PaektuseisError(Exception):
    """Base of every error raised on purpose by paektuseis."""


class ParameterError(PaektuseisError, ValueError):
    """An argument outside what the function accepts."""


class WaveformError(PaektuseisError, ValueError):
    """Waveform data that cannot be read or processed."""


class MetadataError(PaektuseisError, LookupError):
    """Station metadata, response or model missing, ambiguous or unphysical."""

    # LookupError subclasses such as KeyError quote their message; plain text reads better.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArchiveError(PaektuseisError, OSError):
    """A waveform archive that cannot be opened or listed."""


class NoRecordsError(ArchiveError):
    """An archive that can be read and holds nothing of what was asked for."""


class OutputError(PaektuseisError, OSError):
    """A product that cannot be written where it should go."""


class ConfigError(PaektuseisError, ValueError):
    """A settings or network file with an unknown key or an impossible value."""
