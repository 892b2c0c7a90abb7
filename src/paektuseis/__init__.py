"""paektuseis: volcano seismology from archived waveforms to station and event summaries.

Import it as ``import paektuseis as ps``. Importing loads nothing heavy: each
public name brings in its own subpackage when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# public name -> subpackage that defines it
_API: dict[str, str] = {
    # errors
    "ArchiveError": "errors",
    "ConfigError": "errors",
    "MetadataError": "errors",
    "OutputError": "errors",
    "PaektuseisError": "errors",
    "ParameterError": "errors",
    "WaveformError": "errors",
    # values
    "Band": "types",
    "Estimate": "types",
    "Spectrogram": "types",
    "Spectrum": "types",
    # network
    "Network": "network",
    "NetworkStation": "network",
    "VelocityModel": "network",
    "load_network": "network",
    "station_table": "network",
    "travel_time": "network",
    # io
    "Archive": "io",
    "read_waveforms": "io",
    "read_stations": "io",
    "read_events": "io",
    "write_events": "io",
    "write_table": "io",
    "read_table": "io",
    "write_sds": "io",
    "join_segments": "io",
    "reader_findings": "io",
    "atomic_path": "io",
    "safe_filename": "io",
    "safe_text": "io",
    # processing
    "waveform_gaps": "processing",
    "check_waveforms": "processing",
    "preprocess": "processing",
    "bandpass": "processing",
    "highpass": "processing",
    "lowpass": "processing",
    "resample": "processing",
    "decimate_to": "processing",
    "remove_response": "processing",
    "response_curve": "processing",
    "rotate_to_zne": "processing",
    "settling_time": "processing",
    "QualityThresholds": "processing",
    # detection
    "sta_lta": "detection",
    "trigger_onsets": "detection",
    "coincidence": "detection",
    "coincidence_candidates": "detection",
    "monitored_time": "detection",
    "match_detections": "detection",
    "cut_events": "detection",
    "MatchResult": "detection",
    # spectral
    "amplitude_spectrum": "spectral",
    "power_spectral_density": "spectral",
    "spectrogram": "spectral",
    "spectral_attributes": "spectral",
    "frequency_index": "spectral",
    "dominant_frequency": "spectral",
    "centroid_frequency": "spectral",
    "central_frequency": "spectral",
    "shape_factor": "spectral",
    "bandwidth": "spectral",
    "spectral_entropy": "spectral",
    "noise_models": "spectral",
    # amplitude
    "rsam": "amplitude",
    "peak_amplitude": "amplitude",
    "reduced_displacement": "amplitude",
    # catalog
    "detections_to_catalog": "catalog",
    "event_table": "catalog",
    "event_rate": "catalog",
    # plotting
    "plot_waveforms": "plotting",
    "plot_triggers": "plotting",
    "plot_spectrum": "plotting",
    "plot_spectrogram": "plotting",
    "plot_helicorder": "plotting",
    "plot_rsam": "plotting",
    "plot_event_rate": "plotting",
    "plot_availability": "plotting",
    "plot_station_map": "plotting",
    "station_summary": "plotting",
    "event_summary": "plotting",
    "network_summary": "plotting",
    "save_figure": "plotting",
    # config, pipeline
    "Settings": "config",
    "load_settings": "config",
    "process_day": "pipeline",
    "process_event": "pipeline",
}
_SUBPACKAGES = (
    "amplitude",
    "catalog",
    "cli",
    "config",
    "detection",
    "errors",
    "io",
    "network",
    "pipeline",
    "plotting",
    "processing",
    "provenance",
    "report",
    "spectral",
    "synthetic",
    "tables",
    "times",
    "types",
)

__all__ = ["__version__", *sorted(_API), "synthetic", "tables"]


def __getattr__(name: str) -> Any:
    if name in _API:
        value = getattr(importlib.import_module(f".{_API[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBPACKAGES})
