"""Every table the library makes or takes: its columns, their types, units and meaning.

Tables are ``pandas.DataFrame`` in long form. Times are UTC-aware
``datetime64[ns, UTC]``; a list of ids in a cell is a tuple of strings. A
:class:`Schema` builds a table from rows and checks one at the border.
"""

from __future__ import annotations

from ._schema import Column as Column, Kind as Kind, Schema as Schema


def station_of(trace_id: str) -> str:
    """Return ``NET.STA`` of a trace id (``NET.STA.LOC.CHA``).

    Examples
    --------
    >>> station_of("1U.JGPD..HHZ")
    '1U.JGPD'
    """
    return ".".join(str(trace_id).split(".")[:2])


def _opt(name: str, kind: Kind, unit: str, meaning: str) -> Column:
    return Column(name, kind, unit, meaning, required=False)


_ID = Column("trace_id", "text", "", "NET.STA.LOC.CHA")
_START = Column("starttime", "time", "UTC", "first instant")
_END = Column("endtime", "time", "UTC", "last instant")
_EVENT = Column("event_id", "text", "", "identifier made of detector and time")
_FMIN = _opt("freqmin", "float", "Hz", "lower corner of the band, NaN = open")
_FMAX = _opt("freqmax", "float", "Hz", "upper corner of the band, NaN = open")

STATIONS = Schema(
    "stations",
    (
        Column("network", "text", "", "network code"),
        Column("station", "text", "", "station code"),
        Column("latitude", "float", "degrees north", "WGS84"),
        Column("longitude", "float", "degrees east", "WGS84"),
        Column("elevation_m", "float", "m above sea level", "NaN where unknown"),
        _opt("starttime", "time", "UTC", "begin of operation, NaT where unknown"),
        _opt("endtime", "time", "UTC", "end of operation, NaT where unknown or open"),
        _opt("distance_km", "float", "km", "distance from the volcano's reference point"),
        _opt("azimuth", "float", "degrees", "direction from the reference point, from north"),
        _opt("channels", "list", "", "channels as LOC.CHA"),
        _opt("certainty", "text", "", "how sure the position is"),
        _opt("note", "text", "", "remarks"),
    ),
)

GAPS = Schema(
    "gaps",
    (
        _ID,
        Column("starttime", "time", "UTC", "time the first missing sample should have"),
        Column("endtime", "time", "UTC", "time of the first sample after the gap"),
        Column("duration", "float", "s", "missing time"),
    ),
)

QUALITY = Schema(
    "quality",
    (
        _ID,
        _START,
        _END,
        Column("check", "text", "", "name of the check"),
        Column("severity", "text", "", "info, warning or error"),
        Column("message", "text", "", "what was found, for a person"),
        Column("value", "float", "see units", "the measured figure"),
        _opt("units", "text", "", "unit of value"),
        _opt("limit", "float", "see units", "the figure it was held against"),
        _opt("path", "text", "", "file it was found in"),
    ),
)
SEVERITIES = ("info", "warning", "error")
METADATA_CHECKS = ("no_response", "wrong_epoch", "response")
"""Checks that speak of metadata: they stop a conversion, but the samples are still good."""

AVAILABILITY = Schema(
    "availability",
    (
        _ID,
        Column("starttime", "time", "UTC", "first sample of the segment"),
        Column("endtime", "time", "UTC", "last sample of the segment"),
        Column("sampling_rate", "float", "Hz", "samples a second"),
        Column("npts", "int", "samples", "samples in the segment"),
    ),
)

TRIGGERS = Schema(
    "triggers",
    (
        _ID,
        Column("starttime", "time", "UTC", "characteristic function rose above thr_on"),
        Column("endtime", "time", "UTC", "characteristic function fell below thr_off"),
        Column("peak_ratio", "float", "ratio", "largest value of the characteristic function"),
        Column("peak_time", "time", "UTC", "time of that largest value"),
        _opt("duration", "float", "s", "endtime - starttime"),
        _opt("open_end", "bool", "", "the record ended before the function fell below thr_off"),
        _opt("method", "text", "", "characteristic function"),
        _opt("sta", "float", "s", "short window"),
        _opt("lta", "float", "s", "long window"),
        _opt("thr_on", "float", "ratio", "threshold to switch on"),
        _opt("thr_off", "float", "ratio", "threshold to switch off"),
        _FMIN,
        _FMAX,
        _opt("detector", "text", "", "name of the detector that made it"),
        _opt("flag", "text", "", "why it is not counted ('' = it is)"),
    ),
)

MONITORING = Schema(
    "monitoring",
    (
        _ID,
        _START,
        _END,
        Column("state", "text", "", "monitored, blind (warm-up) or missing (no samples)"),
        _opt("cause", "text", "", "why it was not monitored"),
        _opt("duration", "float", "s", "endtime - starttime"),
        _opt("detector", "text", "", "name of the detector"),
    ),
)

DETECTIONS = Schema(
    "detections",
    (
        _EVENT,
        Column("starttime", "time", "UTC", "earliest trigger"),
        Column("endtime", "time", "UTC", "latest end of a trigger"),
        Column("n_stations", "int", "stations", "stations (not channels) that triggered"),
        Column("trace_ids", "list", "", "channels that triggered, in order of onset"),
        _opt("duration", "float", "s", "endtime - starttime"),
        _opt("peak_ratio", "float", "ratio", "largest characteristic function of all channels"),
        _opt("best_trace_id", "text", "", "channel of that largest value"),
        _opt("spread", "float", "s", "latest onset - earliest onset"),
        _opt("veto", "text", "", "why it is no event ('' = it may be one)"),
        _FMIN,
        _FMAX,
        _opt("detector", "text", "", "name of the detector that made it"),
    ),
)

MATCHES = Schema(
    "matches",
    (
        Column("outcome", "text", "", "hit, miss or false"),
        Column("reference_index", "int", "", "row of the reference, -1 for a false detection"),
        Column("reference_time", "time", "UTC", "time in the reference, NaT for a false detection"),
        Column("event_id", "text", "", "detection, '' for a miss"),
        Column("detection_time", "time", "UTC", "start of the detection, NaT for a miss"),
        Column("residual", "float", "s", "detection - reference, NaN unless a hit"),
    ),
)

RSAM = Schema(
    "rsam",
    (
        _ID,
        Column("starttime", "time", "UTC", "start of the window"),
        Column("window", "float", "s", "length of the window"),
        Column("value", "float", "see units", "amplitude, NaN below min_coverage"),
        Column("units", "text", "", "unit of value"),
        Column("statistic", "text", "", "mean_abs, median_abs, rms or max_abs"),
        Column("freqmin", "float", "Hz", "lower corner of the band, NaN = open"),
        Column("freqmax", "float", "Hz", "upper corner of the band, NaN = open"),
        Column("coverage", "float", "share", "samples present / samples expected"),
    ),
)

SSAM = Schema(
    "ssam",
    (
        _ID,
        Column("starttime", "time", "UTC", "start of the window"),
        Column("window", "float", "s", "length of the window"),
        Column("value", "float", "see units", "mean spectral amplitude, NaN below min_coverage"),
        Column("units", "text", "", "unit of value"),
        Column("statistic", "text", "", "mean_amplitude"),
        Column("freqmin", "float", "Hz", "lower end of the band (included)"),
        Column("freqmax", "float", "Hz", "upper end of the band (not included)"),
        Column("coverage", "float", "share", "transforms present / transforms expected"),
    ),
)

RATIOS = Schema(
    "ratios",
    (
        _ID,
        Column("starttime", "time", "UTC", "start of the window"),
        Column("window", "float", "s", "length of the window"),
        Column("ratio", "text", "", "name: vlar, lrar, rmar, dsar or the user's own"),
        Column("value", "float", "", "amplitude in the lower band / in the higher band"),
        Column("statistic", "text", "", "amplitude measure: mean_abs, median_abs, rms or max_abs"),
        Column("quantity", "text", "", "what was compared: the unit of the two amplitudes"),
        Column("low_freqmin", "float", "Hz", "lower band, lower corner"),
        Column("low_freqmax", "float", "Hz", "lower band, upper corner"),
        Column("high_freqmin", "float", "Hz", "higher band, lower corner"),
        Column("high_freqmax", "float", "Hz", "higher band, upper corner"),
        Column("coverage", "float", "share", "samples present / samples expected"),
    ),
)

AMPLITUDES = Schema(
    "amplitudes",
    (
        _ID,
        _START,
        _END,
        Column("time", "time", "UTC", "instant of the value"),
        Column("value", "float", "see units", "amplitude"),
        Column("units", "text", "", "unit of value"),
        Column("statistic", "text", "", "peak_abs, peak_to_peak or reduced_displacement"),
        Column("freqmin", "float", "Hz", "lower corner of the band, NaN = open"),
        Column("freqmax", "float", "Hz", "upper corner of the band, NaN = open"),
        Column("coverage", "float", "share", "samples present / samples expected"),
        _opt("event_id", "text", "", "event the window belongs to"),
    ),
)

ATTRIBUTES = Schema(
    "attributes",
    (
        _ID,
        _START,
        _END,
        Column("attribute", "text", "", "name of the measure"),
        Column("value", "float", "see units", "its value"),
        Column("units", "text", "", "unit of value"),
        Column("freqmin", "float", "Hz", "lower end of the band used"),
        Column("freqmax", "float", "Hz", "upper end of the band used"),
        Column("coverage", "float", "share", "samples present / samples expected"),
        _opt("method", "text", "", "definition, with the bands where it has several"),
        _opt("event_id", "text", "", "event the window belongs to"),
    ),
)

EVENTS = Schema(
    "events",
    (
        _EVENT,
        Column("time", "time", "UTC", "onset at the first station to trigger"),
        Column("endtime", "time", "UTC", "end of the longest trigger"),
        Column("duration", "float", "s", "endtime - time"),
        Column("n_stations", "int", "stations", "stations that triggered"),
        Column("detectors", "list", "", "detectors that saw it"),
        Column("trace_ids", "list", "", "channels that triggered, in order of onset"),
        Column("best_trace_id", "text", "", "channel with the largest ratio"),
        Column("peak_ratio", "float", "ratio", "largest characteristic function"),
        _opt("dominant_frequency", "float", "Hz", "at the best station"),
        _opt("frequency_index", "float", "log10 ratio", "at the best station"),
        _opt("peak_amplitude", "float", "see units", "largest |amplitude| at the best station"),
        _opt("peak_units", "text", "", "unit of peak_amplitude"),
        _opt("flags", "list", "", "quality findings that touch the event"),
        _opt("label", "text", "", "class, '' where none was given"),
        _opt("latitude", "float", "degrees north", "epicentre, NaN where unknown"),
        _opt("longitude", "float", "degrees east", "epicentre, NaN where unknown"),
        _opt("depth_km", "float", "km below sea level", "negative above, NaN where unknown"),
        _opt("origin_time", "time", "UTC", "NaT where unknown"),
        _opt("magnitude", "float", "", "local magnitude where there is one, else moment magnitude"),
        _opt("magnitude_kind", "text", "", "ML or Mw, '' where there is none"),
    ),
)

RATES = Schema(
    "rates",
    (
        Column("starttime", "time", "UTC", "start of the window"),
        Column("window", "float", "s", "length of the window"),
        Column("count", "int", "events", "events that start in the window"),
        Column("rate", "float", "events/day", "count over monitored time, NaN if too little"),
        Column("monitored", "float", "share", "share of the window with enough stations alive"),
        Column("stations_alive", "float", "stations", "mean number of stations monitored"),
        Column("min_stations", "int", "stations", "stations needed for a detection"),
        _opt("group", "text", "", "detector or class counted"),
        _opt("rate_lower", "float", "events/day", "lower 95 % limit, gamma interval"),
        _opt("rate_upper", "float", "events/day", "upper 95 % limit, gamma interval"),
    ),
)

SWARMS = Schema(
    "swarms",
    (
        Column("rule", "text", "", "cluster, count or rate"),
        Column("starttime", "time", "UTC", "first event"),
        Column("endtime", "time", "UTC", "last event"),
        Column("n_events", "int", "events", "events of the swarm"),
        Column("event_ids", "list", "", "their ids in order of time"),
        Column("largest_rate", "float", "events/day", "in the busiest window"),
        _opt("probability", "float", "", "of the busiest window by the background rate"),
        _opt("latitude", "float", "degrees north", "median epicentre, NaN where unknown"),
        _opt("longitude", "float", "degrees east", "median epicentre, NaN where unknown"),
        _opt("largest_magnitude", "float", "", "NaN where unknown"),
    ),
)

TRUTH = Schema(
    "truth",
    (
        _EVENT,
        Column("time", "time", "UTC", "first arrival at any station: what a detector should find"),
        Column("origin_time", "time", "UTC", "origin time"),
        Column("label", "text", "", "kind of event planted"),
        Column("latitude", "float", "degrees north", "source"),
        Column("longitude", "float", "degrees east", "source"),
        Column("depth_km", "float", "km below sea level", "source, negative above"),
        Column("magnitude", "float", "Mw or as labelled", "size, NaN where it has none"),
        Column("duration", "float", "s", "from first arrival to the end of the signal"),
        Column("freqmin", "float", "Hz", "band the signal lives in"),
        Column("freqmax", "float", "Hz", "band the signal lives in"),
        Column("snr", "float", "ratio", "fourth-largest station SNR in that band (vertical)"),
        _opt("note", "text", "", "remarks"),
    ),
)

ARRIVALS = Schema(
    "arrivals",
    (
        _EVENT,
        Column("network", "text", "", "network code"),
        Column("station", "text", "", "station code"),
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival time"),
        _opt("distance_km", "float", "km", "epicentral distance"),
        _opt("snr", "float", "ratio", "peak signal over noise rms in the event's band (vertical)"),
    ),
)

PICKS = Schema(
    "picks",
    (
        _opt("event_id", "text", "", "event the pick belongs to, '' where none is known"),
        _ID,
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival"),
        Column("uncertainty", "float", "s", "one standard error of the time"),
        Column("snr", "float", "ratio", "rms after the pick over rms before it, in its band"),
        Column("polarity", "text", "", "first motion: up, down or '' where it is not clear"),
        Column("quality", "text", "", "A (best), B, C or D"),
        _opt("method", "text", "", "picker"),
        _FMIN,
        _FMAX,
    ),
)
PHASES = ("P", "S")
POLARITIES = ("", "up", "down")
QUALITIES = ("A", "B", "C", "D")

POLARIZATION = Schema(
    "polarization",
    (
        _ID,
        _START,
        _END,
        Column("rectilinearity", "float", "", "1 - (l2 + l3) / (2 l1), 1 for motion along a line"),
        Column("planarity", "float", "", "1 - 2 l3 / (l1 + l2), 1 for motion in a plane"),
        Column("azimuth", "float", "degrees", "of the main axis where it points up, from north"),
        Column("azimuth_uncertainty", "float", "degrees", "one standard error"),
        Column("backazimuth", "float", "degrees", "azimuth + 180: where a P from below comes from"),
        Column("incidence", "float", "degrees", "of the main axis: 0 vertical, 90 horizontal"),
        Column("incidence_uncertainty", "float", "degrees", "one standard error"),
        Column("amplitude", "float", "see units", "rms along the main axis"),
        Column("units", "text", "", "unit of amplitude"),
        _FMIN,
        _FMAX,
        _opt("n_effective", "float", "samples", "independent samples in the window"),
    ),
)

RESIDUALS = Schema(
    "residuals",
    (
        _opt("event_id", "text", "", "event located"),
        _ID,
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival picked"),
        Column("residual", "float", "s", "picked - predicted"),
        Column("weight", "float", "share", "weight in the solution, 0 = not used"),
        Column("distance_km", "float", "km", "epicentral distance"),
        Column("azimuth", "float", "degrees", "from epicentre to station, from north"),
        _opt("takeoff", "float", "degrees", "at the source, 0 down, 180 up"),
        _opt("uncertainty", "float", "s", "standard error used for the pick and the model"),
    ),
)

ORIGINS = Schema(
    "origins",
    (
        _EVENT,
        Column("time", "time", "UTC", "origin time"),
        Column("latitude", "float", "degrees north", "epicentre, NaN where unknown"),
        Column("longitude", "float", "degrees east", "epicentre, NaN where unknown"),
        Column("depth_km", "float", "km below sea level", "negative above, NaN where unknown"),
        Column("time_uncertainty", "float", "s", "one standard error"),
        Column("horizontal_uncertainty_km", "float", "km", "semi-major axis, 68 % ellipse"),
        Column("depth_uncertainty_km", "float", "km", "half of the central 68 % of depth"),
        Column("n_picks", "int", "picks", "arrivals used"),
        Column("n_stations", "int", "stations", "stations used"),
        Column("rms", "float", "s", "weighted root mean square of the residuals"),
        Column("azimuthal_gap", "float", "degrees", "largest angle without a station"),
        Column("nearest_km", "float", "km", "epicentral distance of the nearest station"),
        Column("method", "text", "", "how it was located"),
        Column("model", "text", "", "velocity model"),
        Column("quality", "text", "", "A (best), B, C or D"),
        _opt("semi_minor_km", "float", "km", "semi-minor axis, 68 % ellipse of the epicentre"),
        _opt("major_azimuth", "float", "degrees", "direction of the semi-major axis, from north"),
        _opt("distance_km", "float", "km", "from the station, where one station located it"),
        _opt("distance_uncertainty_km", "float", "km", "one standard error"),
        _opt("backazimuth", "float", "degrees", "from the station, where one located it"),
        _opt("backazimuth_uncertainty", "float", "degrees", "one standard error"),
        _opt("incidence", "float", "degrees", "at the station, 0 from straight below"),
        _opt("note", "text", "", "remarks: what is not resolved"),
    ),
)

MAGNITUDES = Schema(
    "magnitudes",
    (
        _EVENT,
        Column("kind", "text", "", "ML, Md, Mw or Me"),
        Column("scale", "text", "", "name of the formula"),
        Column("value", "float", "", "magnitude, NaN where refused"),
        Column("uncertainty", "float", "", "one standard error, NaN for a single station"),
        Column("n", "int", "stations", "stations used"),
        Column("stations", "list", "", "NET.STA used"),
        _opt("corner_frequency", "float", "Hz", "Mw: corner of the source spectrum"),
        _opt("corner_uncertainty", "float", "Hz", "one standard error"),
        _opt("moment", "float", "N m", "Mw: seismic moment"),
        _opt("note", "text", "", "why refused, or remarks"),
    ),
)

STATION_MAGNITUDES = Schema(
    "station_magnitudes",
    (
        _opt("event_id", "text", "", "event"),
        _ID,
        Column("kind", "text", "", "ML, Md, Mw or Me"),
        Column("scale", "text", "", "name of the formula"),
        Column("value", "float", "", "magnitude at the station"),
        Column("residual", "float", "", "value - network value"),
        Column("amplitude", "float", "see units", "amplitude, duration or moment it rests on"),
        Column("units", "text", "", "unit of amplitude"),
        Column("distance_km", "float", "km", "hypocentral distance"),
        _opt("time", "time", "UTC", "instant of the amplitude"),
        _opt("snr", "float", "ratio", "amplitude over that of the noise before"),
        _opt("used", "bool", "", "whether it counts in the network value"),
        _opt("note", "text", "", "why it does not count"),
    ),
)

FEATURES = Schema(
    "features",
    (
        _EVENT,
        _opt("detectors", "list", "", "detectors that saw it"),
        _opt("n_measured", "float", "stations", "stations with a vertical record"),
        _opt("n_seen", "float", "stations", "stations whose signal is twice the noise or more"),
        _opt("snr", "float", "ratio", "amplitude over noise in the best band, median station"),
        _opt("snr_low", "float", "ratio", "0.5-2 Hz"),
        _opt("snr_mid", "float", "ratio", "2-5 Hz"),
        _opt("snr_high", "float", "ratio", "5-15 Hz"),
        _opt("snr_vlp", "float", "ratio", "0.02-0.1 Hz, largest over three times the rms before"),
        _opt("snr_ulp", "float", "ratio", "0.1-0.5 Hz, largest over three times the rms before"),
        _opt("frequency_index", "float", "log10 ratio", "10-20 Hz over 1-2 Hz, raw record"),
        _opt("frequency_index_change", "float", "log10 ratio", "minus the station's reference"),
        _opt("fi_onset", "float", "log10 ratio", "5-15 over 0.5-3 Hz, noise taken off, first 5 s"),
        _opt("fi_coda", "float", "log10 ratio", "the same of the last two thirds"),
        _opt("dominant_frequency", "float", "Hz", "largest power from 0.5 Hz up"),
        _opt("dominant_frequency_std", "float", "Hz", "its scatter over the event"),
        _opt("centroid_frequency", "float", "Hz", "mean weighted by power"),
        _opt("bandwidth", "float", "Hz", "standard deviation about the centroid"),
        _opt("spectral_entropy", "float", "", "0 one frequency, 1 all alike"),
        _opt("duration", "float", "s", "time over twice the noise amplitude"),
        _opt("significant_duration", "float", "s", "5 to 95 % of the energy"),
        _opt("peak_delay", "float", "s", "from the onset to the strongest 2.6 s"),
        _opt("peak_delay_high", "float", "s", "the same of 5-15 Hz: S - P where S is the larger"),
        _opt("low_peak", "float", "log10 ratio", "largest power in 0.8-4 Hz over mean of 4-12 Hz"),
        _opt(
            "low_peak_coda",
            "float",
            "log10 ratio",
            "the same, 2.6-10 s after the peak",
        ),
        _opt("rise_time", "float", "s", "from the onset to the largest amplitude"),
        _opt("onset_share", "float", "", "largest amplitude of the first second over the largest"),
        _opt("kurtosis", "float", "", "of the samples, 3 for Gaussian noise"),
        _opt("harmonicity", "float", "log10 ratio", "line over what lies between, least of three"),
        _opt("fundamental", "float", "Hz", "lowest line"),
        _opt("vlp_ratio", "float", "log10 ratio", "energy in 0.02-0.1 Hz over that above 0.5 Hz"),
        _opt("ulp_ratio", "float", "log10 ratio", "energy in 0.1-0.5 Hz over that above 0.5 Hz"),
        _opt("sp_time", "float", "s", "S - P, median of the stations with both"),
        _opt("ps_ratio", "float", "log10 ratio", "P over S amplitude, 6-12 Hz"),
        _opt("onset_spread", "float", "s", "latest onset - earliest onset"),
        _opt("slowness", "float", "s/km", "of a plane wave through the onsets"),
        _opt("slowness_uncertainty", "float", "s/km", "one standard error"),
        _opt("apparent_velocity", "float", "km/s", "1 / slowness"),
        _opt("apparent_velocity_uncertainty", "float", "km/s", "one standard error"),
        _opt("backazimuth", "float", "degrees", "of the plane wave"),
        _opt("plane_wave_rms", "float", "s", "what the plane wave leaves"),
        _opt("origin_distance_km", "float", "km", "epicentre to the volcano's reference point"),
        _opt("source_distance_km", "float", "km", "epicentre to the nearest known source"),
        _opt("source_name", "text", "", "that source"),
        _opt("catalogue_misfit", "float", "s", "onset - predicted first arrival, nearest"),
        _opt("catalogue_distance", "float", "degrees", "of that earthquake"),
        _opt("catalogue_magnitude", "float", "", "of that earthquake"),
    ),
)

CLASSES = Schema(
    "classes",
    (
        _EVENT,
        Column("label", "text", "", "class of the event"),
        Column("margin", "float", "share", "score of the class - score of the next, 0 to 1"),
        Column("reason", "text", "", "sentence naming the features that decided"),
        _opt("runner_up", "text", "", "class with the next score"),
        _opt("method", "text", "", "rules or the name of a model"),
    ),
)
LABELS = (
    "VT", "LP", "hybrid", "VLP", "harmonic", "tremor", "explosion", "regional",
    "teleseism", "noise",
)  # fmt: skip

REFUSALS = Schema(
    "refusals",
    (
        _EVENT,
        Column("step", "text", "", "picks, location, magnitude or class"),
        Column("reason", "text", "", "what was not given a value, and why"),
    ),
)

FAMILIES = Schema(
    "families",
    (
        Column("family", "text", "", "identifier of the family, '' for an event in none"),
        _EVENT,
        Column("time", "time", "UTC", "onset of the event"),
        Column("correlation", "float", "", "with the family's stack or its master, -1 to 1"),
        Column("lag", "float", "s", "shift that aligns it with the master"),
        Column("relative_magnitude", "float", "", "log10 of the amplitude over the master's"),
        Column("n_stations", "int", "stations", "stations compared"),
        _opt("master", "bool", "", "whether it is the family's master event"),
        _FMIN,
        _FMAX,
    ),
)

REPEATS = Schema(
    "repeats",
    (
        Column("template", "text", "", "name of the template"),
        Column("time", "time", "UTC", "instant the template's start is found at"),
        Column("correlation", "float", "", "mean over the channels, -1 to 1"),
        Column("threshold", "float", "", "value it had to exceed"),
        Column("mad", "float", "", "median absolute deviation of the correlation that day"),
        Column("n_channels", "int", "channels", "channels with a record there"),
        Column("relative_magnitude", "float", "", "log10 of amplitude over the template's"),
        _opt("method", "text", "", "how the threshold was set"),
    ),
)

TREMOR = Schema(
    "tremor",
    (
        _EVENT,
        _START,
        _END,
        Column("kind", "text", "", "sustained (amplitude) or harmonic"),
        Column("n_stations", "int", "stations", "most stations in agreement"),
        Column("stations", "list", "", "NET.STA in agreement at any time"),
        Column("peak", "float", "see units", "largest value at the best station"),
        Column("units", "text", "", "unit of peak"),
        Column("peak_time", "time", "UTC", "window of the peak"),
        Column("reduced_displacement", "float", "cm2", "at the peak, NaN where not physical"),
        _opt("fundamental", "float", "Hz", "median fundamental, NaN unless harmonic"),
        _opt("fundamental_min", "float", "Hz", "lowest fundamental of the track"),
        _opt("fundamental_max", "float", "Hz", "highest fundamental of the track"),
        _opt("glide", "float", "Hz/min", "slope of the fundamental with time (Theil-Sen)"),
        _FMIN,
        _FMAX,
    ),
)

JOBS = Schema(
    "jobs",
    (
        Column("job", "text", "", "name of the job and of its folder of results"),
        Column("starttime", "time", "UTC", "start of the span"),
        Column("endtime", "time", "UTC", "end of the span (not included)"),
        Column("key", "text", "", "hash of settings, code and input files"),
        Column("state", "text", "", "planned, running, done or failed"),
        Column("owner", "text", "", "who does it or did it last, '' for nobody yet"),
        Column("attempts", "int", "", "times it was begun under this key"),
        Column("reason", "text", "", "why it failed"),
        Column("problems", "list", "", "what could not be done within it"),
        Column("seconds", "float", "s", "wall time it took, NaN where unknown"),
        Column("finished", "time", "UTC", "when it was done or failed, NaT where unknown"),
        _opt("n_rows", "int", "rows", "rows of its tables, 0 where unknown"),
        _opt("n_bytes", "int", "bytes", "size of its results, 0 where unknown"),
    ),
)

ALL: tuple[Schema, ...] = (
    STATIONS,
    GAPS,
    QUALITY,
    AVAILABILITY,
    TRIGGERS,
    MONITORING,
    DETECTIONS,
    MATCHES,
    RSAM,
    SSAM,
    RATIOS,
    AMPLITUDES,
    ATTRIBUTES,
    EVENTS,
    RATES,
    SWARMS,
    TRUTH,
    ARRIVALS,
    PICKS,
    POLARIZATION,
    RESIDUALS,
    ORIGINS,
    MAGNITUDES,
    STATION_MAGNITUDES,
    FEATURES,
    CLASSES,
    REFUSALS,
    FAMILIES,
    REPEATS,
    TREMOR,
    JOBS,
)
