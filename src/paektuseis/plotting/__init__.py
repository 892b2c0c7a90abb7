"""Draws results; computes nothing of the science.

A panel is ``plot_x(result, *, ax=None, ...) -> Axes``; a page is
``*_summary(...) -> Figure``, composed for A4. Times are UTC and said so,
units come from the object drawn, gaps stay blank, and colours are readable
with colour blindness. No pyplot, no ``rcParams``: figures belong to the
caller, who saves them with :func:`save_figure`.
"""

from .availability import plot_availability
from .catalogue_page import plot_catalogue
from .completeness import plot_completeness_map
from .event_page import event_summary
from .families import plot_families
from .helicorder import plot_helicorder
from .hypocentres import plot_depth_section, plot_epicentres
from .magnitudes import plot_cumulative, plot_frequency_magnitude, plot_magnitude_time
from .maps import plot_station_map
from .network_page import network_summary
from .network_timeline import plot_network_timeline
from .noise import plot_noise_density
from .particle_motion import plot_particle_motion
from .record_section import plot_record_section
from .save import save_figure
from .series import plot_event_rate, plot_rsam
from .source_fit import plot_source_fit
from .spectra import plot_spectrogram, plot_spectrum
from .station_page import station_summary
from .timeline import plot_timeline
from .waveforms import plot_triggers, plot_waveforms

__all__ = [
    "event_summary",
    "network_summary",
    "plot_availability",
    "plot_catalogue",
    "plot_completeness_map",
    "plot_cumulative",
    "plot_depth_section",
    "plot_epicentres",
    "plot_event_rate",
    "plot_families",
    "plot_frequency_magnitude",
    "plot_helicorder",
    "plot_magnitude_time",
    "plot_network_timeline",
    "plot_noise_density",
    "plot_particle_motion",
    "plot_record_section",
    "plot_rsam",
    "plot_source_fit",
    "plot_spectrogram",
    "plot_spectrum",
    "plot_station_map",
    "plot_timeline",
    "plot_triggers",
    "plot_waveforms",
    "save_figure",
    "station_summary",
]
