"""paektuseis: volcano seismology from archived waveforms to station and event summaries.

Import it as ``import paektuseis as ps``. Importing loads nothing heavy: each
public name brings in its own subpackage when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._names import API as _API

if TYPE_CHECKING:  # what editors and type checkers see; nothing is imported at run time
    from . import synthetic as synthetic, tables as tables
    from ._language import languages as languages, speak as speak
    from .acquire import (
        FetchReport as FetchReport,
        FollowReport as FollowReport,
        ImportReport as ImportReport,
        fetch_waveforms as fetch_waveforms,
        follow_seedlink as follow_seedlink,
        import_waveforms as import_waveforms,
    )
    from .amplitude import (
        RATIO_FAMILY as RATIO_FAMILY,
        RatioBands as RatioBands,
        RsamBand as RsamBand,
        band_amplitudes as band_amplitudes,
        band_ratio as band_ratio,
        dsar as dsar,
        peak_amplitude as peak_amplitude,
        reduced_displacement as reduced_displacement,
        rsam as rsam,
    )
    from .batch import (
        ArchiveHealth as ArchiveHealth,
        ArchiveRun as ArchiveRun,
        Fault as Fault,
        Results as Results,
        check_archive as check_archive,
        open_results as open_results,
        run_archive as run_archive,
    )
    from .catalog import (
        BValue as BValue,
        CatalogueTables as CatalogueTables,
        InterEventTimes as InterEventTimes,
        Rate as Rate,
        Rules as Rules,
        b_value as b_value,
        classify_events as classify_events,
        cumulative_moment as cumulative_moment,
        detections_to_catalog as detections_to_catalog,
        event_features as event_features,
        event_rate as event_rate,
        event_table as event_table,
        find_swarms as find_swarms,
        frequency_magnitude as frequency_magnitude,
        from_catalog as from_catalog,
        inter_event_times as inter_event_times,
        magnitude_completeness as magnitude_completeness,
        rate_interval as rate_interval,
        read_catalogue as read_catalogue,
        simulate_magnitudes as simulate_magnitudes,
        to_catalog as to_catalog,
        write_catalogue as write_catalogue,
    )
    from .config import (
        Settings as Settings,
        load_settings as load_settings,
    )
    from .detection import (
        MatchResult as MatchResult,
        coincidence as coincidence,
        coincidence_candidates as coincidence_candidates,
        cut_events as cut_events,
        detect_triggers as detect_triggers,
        match_detections as match_detections,
        monitored_time as monitored_time,
        sta_lta as sta_lta,
        trigger_onsets as trigger_onsets,
    )
    from .errors import (
        ArchiveError as ArchiveError,
        ConfigError as ConfigError,
        MetadataError as MetadataError,
        NoRecordsError as NoRecordsError,
        OutputError as OutputError,
        PaektuseisError as PaektuseisError,
        ParameterError as ParameterError,
        WaveformError as WaveformError,
    )
    from .io import (
        Archive as Archive,
        ArchiveIndex as ArchiveIndex,
        ElevationGrid as ElevationGrid,
        IndexReport as IndexReport,
        atomic_path as atomic_path,
        index_archive as index_archive,
        join_segments as join_segments,
        read_elevation as read_elevation,
        read_events as read_events,
        read_stations as read_stations,
        read_table as read_table,
        read_waveforms as read_waveforms,
        reader_findings as reader_findings,
        safe_filename as safe_filename,
        safe_text as safe_text,
        write_events as write_events,
        write_sds as write_sds,
        write_table as write_table,
    )
    from .network import (
        Network as Network,
        NetworkStation as NetworkStation,
        VelocityModel as VelocityModel,
        load_network as load_network,
        station_table as station_table,
        travel_time as travel_time,
    )
    from .picking import (
        aic_function as aic_function,
        kurtosis_function as kurtosis_function,
        pick_phases as pick_phases,
        pick_with_model as pick_with_model,
        polarization as polarization,
    )
    from .pipeline import (
        completeness_map as completeness_map,
        process_day as process_day,
        process_event as process_event,
    )
    from .plotting import (
        event_summary as event_summary,
        network_summary as network_summary,
        plot_availability as plot_availability,
        plot_catalogue as plot_catalogue,
        plot_completeness_map as plot_completeness_map,
        plot_cumulative as plot_cumulative,
        plot_depth_section as plot_depth_section,
        plot_epicentres as plot_epicentres,
        plot_event_rate as plot_event_rate,
        plot_families as plot_families,
        plot_frequency_magnitude as plot_frequency_magnitude,
        plot_helicorder as plot_helicorder,
        plot_magnitude_time as plot_magnitude_time,
        plot_network_timeline as plot_network_timeline,
        plot_noise_density as plot_noise_density,
        plot_particle_motion as plot_particle_motion,
        plot_record_section as plot_record_section,
        plot_rsam as plot_rsam,
        plot_source_fit as plot_source_fit,
        plot_spectrogram as plot_spectrogram,
        plot_spectrum as plot_spectrum,
        plot_station_map as plot_station_map,
        plot_timeline as plot_timeline,
        plot_triggers as plot_triggers,
        plot_waveforms as plot_waveforms,
        save_figure as save_figure,
        station_summary as station_summary,
    )
    from .processing import (
        QualityThresholds as QualityThresholds,
        bandpass as bandpass,
        check_stations as check_stations,
        check_waveforms as check_waveforms,
        decimate_to as decimate_to,
        highpass as highpass,
        lowpass as lowpass,
        memory_time as memory_time,
        preprocess as preprocess,
        remove_response as remove_response,
        resample as resample,
        response_curve as response_curve,
        rotate_to_zne as rotate_to_zne,
        settling_time as settling_time,
        sound_pieces as sound_pieces,
        waveform_gaps as waveform_gaps,
    )
    from .report import (
        Report as Report,
        write_page as write_page,
        write_report as write_report,
    )
    from .similarity import (
        Template as Template,
        correlation_matrix as correlation_matrix,
        correlation_series as correlation_series,
        family_stacks as family_stacks,
        find_families as find_families,
        make_templates as make_templates,
        match_templates as match_templates,
    )
    from .source import (
        AmplitudeGrid as AmplitudeGrid,
        AmplitudeLocation as AmplitudeLocation,
        DurationScale as DurationScale,
        Ellipsoid as Ellipsoid,
        Location as Location,
        LocationGrid as LocationGrid,
        Magnitude as Magnitude,
        MagnitudeScale as MagnitudeScale,
        SingleStationLocation as SingleStationLocation,
        SourceFit as SourceFit,
        TravelTimeTable as TravelTimeTable,
        WoodAnderson as WoodAnderson,
        duration_magnitude as duration_magnitude,
        local_magnitude as local_magnitude,
        locate as locate,
        locate_by_amplitude as locate_by_amplitude,
        locate_single_station as locate_single_station,
        magnitude_scale as magnitude_scale,
        moment_magnitude as moment_magnitude,
        seismic_energy as seismic_energy,
        source_radius as source_radius,
        station_amplitudes as station_amplitudes,
        stress_drop as stress_drop,
        track_by_amplitude as track_by_amplitude,
        travel_time_table as travel_time_table,
    )
    from .spectral import (
        NoisePSD as NoisePSD,
        amplitude_spectrum as amplitude_spectrum,
        bandwidth as bandwidth,
        central_frequency as central_frequency,
        centroid_frequency as centroid_frequency,
        dominant_frequency as dominant_frequency,
        frequency_index as frequency_index,
        median_spectrum as median_spectrum,
        minute_spectra as minute_spectra,
        noise_models as noise_models,
        noise_psd as noise_psd,
        octave_bands as octave_bands,
        power_spectral_density as power_spectral_density,
        shape_factor as shape_factor,
        spectral_attributes as spectral_attributes,
        spectral_entropy as spectral_entropy,
        spectrogram as spectrogram,
        ssam as ssam,
    )
    from .tremor import (
        find_harmonic_tremor as find_harmonic_tremor,
        find_tremor as find_tremor,
        harmonic_strength as harmonic_strength,
        harmonic_track as harmonic_track,
        spectral_width as spectral_width,
    )
    from .types import (
        Band as Band,
        CompletenessMap as CompletenessMap,
        Estimate as Estimate,
        Spectrogram as Spectrogram,
        Spectrum as Spectrum,
        Timeline as Timeline,
    )

__version__ = "0.1.0"

_SUBPACKAGES = (
    "amplitude",
    "batch",
    "catalog",
    "cli",
    "config",
    "detection",
    "errors",
    "io",
    "network",
    "picking",
    "pipeline",
    "plotting",
    "processing",
    "provenance",
    "report",
    "similarity",
    "source",
    "spectral",
    "synthetic",
    "tables",
    "times",
    "tremor",
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
