"""From a Stream to a new Stream, or to a table of findings.

Every verb works on contiguous pieces and leaves its input alone; what a filter, a taper or a
conversion has done to a trace (unit, band, valid span) goes with it (``paektuseis.provenance``).
"""

from .curves import response_curve
from .filters import bandpass, highpass, lowpass, memory_time, settling_time
from .gaps import waveform_gaps
from .preparation import preprocess, sound_pieces
from .quality import QualityThresholds, check_waveforms
from .response import remove_response
from .rotation import rotate_to_zne
from .sampling import decimate_to, resample
from .station_checks import check_stations

__all__ = [
    "QualityThresholds",
    "bandpass",
    "check_stations",
    "check_waveforms",
    "decimate_to",
    "highpass",
    "lowpass",
    "memory_time",
    "preprocess",
    "remove_response",
    "resample",
    "response_curve",
    "rotate_to_zne",
    "settling_time",
    "sound_pieces",
    "waveform_gaps",
]
