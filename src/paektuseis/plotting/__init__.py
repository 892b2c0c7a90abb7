"""Draws results; computes nothing of the science.

A panel is ``plot_x(result, *, ax=None, ...) -> Axes``; a page is
``*_summary(...) -> Figure``, composed for A4. Times are UTC and said so,
units come from the object drawn, gaps stay blank, and colours are readable
with colour blindness. No pyplot, no ``rcParams``: figures belong to the
caller, who saves them with :func:`save_figure`.
"""

from .availability import plot_availability
from .event_page import event_summary
from .helicorder import plot_helicorder
from .maps import plot_station_map
from .network_page import network_summary
from .save import save_figure
from .series import plot_event_rate, plot_rsam
from .spectra import plot_spectrogram, plot_spectrum
from .station_page import station_summary
from .timeline import plot_timeline
from .waveforms import plot_triggers, plot_waveforms

__all__ = [
    "event_summary",
    "network_summary",
    "plot_availability",
    "plot_event_rate",
    "plot_helicorder",
    "plot_rsam",
    "plot_spectrogram",
    "plot_spectrum",
    "plot_station_map",
    "plot_timeline",
    "plot_triggers",
    "plot_waveforms",
    "save_figure",
    "station_summary",
]
