"""SYNTHETIC records of a volcano network, with known truth.

:func:`simulate_network` returns waveforms in counts as a nominal broad-band
station would record them, metadata, and tables of what was planted: events,
arrivals and faults. The building blocks (sources, propagation, noise,
instrument, faults) are public, so that signals can be planted elsewhere.
"""

from .faults import FAULTS, FaultPlan, Gap
from .instrument import INSTRUMENTS, Instrument, make_inventory
from .labelled import LABELLED_KINDS, LabelledWindow, labelled_events
from .noise import noise_psd, noise_trace
from .programme import default_programme
from .propagation import Path, ground_motion, trace_path
from .sample import SAMPLE_SEED, sample_simulation, write_sample
from .simulate import Simulation, simulate_network
from .sources import KINDS, SourceEvent, corner_frequency, seismic_moment

__all__ = [
    "FAULTS",
    "INSTRUMENTS",
    "KINDS",
    "LABELLED_KINDS",
    "SAMPLE_SEED",
    "FaultPlan",
    "Gap",
    "Instrument",
    "LabelledWindow",
    "Path",
    "Simulation",
    "SourceEvent",
    "corner_frequency",
    "default_programme",
    "ground_motion",
    "labelled_events",
    "make_inventory",
    "noise_psd",
    "noise_trace",
    "sample_simulation",
    "seismic_moment",
    "simulate_network",
    "trace_path",
    "write_sample",
]
