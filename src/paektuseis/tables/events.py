"""Tables of events: what they are, how often, in which families."""

from __future__ import annotations

from .._schema import Column, Schema
from ._columns import END, EVENT, FMAX, FMIN, START, optional

EVENTS = Schema(
    "events",
    (
        EVENT,
        Column("time", "time", "UTC", "onset at the first station to trigger"),
        Column("endtime", "time", "UTC", "end of the longest trigger"),
        Column("duration", "float", "s", "endtime - time"),
        Column("n_stations", "int", "stations", "stations that triggered"),
        Column("detectors", "list", "", "detectors that saw it"),
        Column("trace_ids", "list", "", "channels that triggered, in order of onset"),
        Column("best_trace_id", "text", "", "channel with the largest ratio"),
        Column("peak_ratio", "float", "ratio", "largest characteristic function"),
        optional("dominant_frequency", "float", "Hz", "at the best station"),
        optional("frequency_index", "float", "log10 ratio", "at the best station"),
        optional("peak_amplitude", "float", "see units", "largest |amplitude| at the best station"),
        optional("peak_units", "text", "", "unit of peak_amplitude"),
        optional("flags", "list", "", "quality findings that touch the event"),
        optional("label", "text", "", "class, '' where none was given"),
        optional("latitude", "float", "degrees north", "epicentre, NaN where unknown"),
        optional("longitude", "float", "degrees east", "epicentre, NaN where unknown"),
        optional("depth_km", "float", "km below sea level", "negative above, NaN where unknown"),
        optional("origin_time", "time", "UTC", "NaT where unknown"),
        optional(
            "magnitude", "float", "", "local magnitude where there is one, else moment magnitude"
        ),
        optional("magnitude_kind", "text", "", "ML or Mw, '' where there is none"),
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
        optional("group", "text", "", "detector or class counted"),
        optional("rate_lower", "float", "events/day", "lower 95 % limit, gamma interval"),
        optional("rate_upper", "float", "events/day", "upper 95 % limit, gamma interval"),
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
        optional("probability", "float", "", "of the busiest window by the background rate"),
        optional("latitude", "float", "degrees north", "median epicentre, NaN where unknown"),
        optional("longitude", "float", "degrees east", "median epicentre, NaN where unknown"),
        optional("largest_magnitude", "float", "", "NaN where unknown"),
    ),
)

TRUTH = Schema(
    "truth",
    (
        EVENT,
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
        optional("note", "text", "", "remarks"),
    ),
)

ARRIVALS = Schema(
    "arrivals",
    (
        EVENT,
        Column("network", "text", "", "network code"),
        Column("station", "text", "", "station code"),
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival time"),
        optional("distance_km", "float", "km", "epicentral distance"),
        optional(
            "snr", "float", "ratio", "peak signal over noise rms in the event's band (vertical)"
        ),
    ),
)

FEATURES = Schema(
    "features",
    (
        EVENT,
        optional("detectors", "list", "", "detectors that saw it"),
        optional("n_measured", "float", "stations", "stations with a vertical record"),
        optional("n_seen", "float", "stations", "stations whose signal is twice the noise or more"),
        optional("snr", "float", "ratio", "amplitude over noise in the best band, median station"),
        optional("snr_low", "float", "ratio", "0.5-2 Hz"),
        optional("snr_mid", "float", "ratio", "2-5 Hz"),
        optional("snr_high", "float", "ratio", "5-15 Hz"),
        optional(
            "snr_vlp", "float", "ratio", "0.02-0.1 Hz, largest over three times the rms before"
        ),
        optional(
            "snr_ulp", "float", "ratio", "0.1-0.5 Hz, largest over three times the rms before"
        ),
        optional("frequency_index", "float", "log10 ratio", "10-20 Hz over 1-2 Hz, raw record"),
        optional("frequency_index_change", "float", "log10 ratio", "minus the station's reference"),
        optional(
            "fi_onset", "float", "log10 ratio", "5-15 over 0.5-3 Hz, noise taken off, first 5 s"
        ),
        optional("fi_coda", "float", "log10 ratio", "the same of the last two thirds"),
        optional("dominant_frequency", "float", "Hz", "largest power from 0.5 Hz up"),
        optional("dominant_frequency_std", "float", "Hz", "its scatter over the event"),
        optional("centroid_frequency", "float", "Hz", "mean weighted by power"),
        optional("bandwidth", "float", "Hz", "standard deviation about the centroid"),
        optional("spectral_entropy", "float", "", "0 one frequency, 1 all alike"),
        optional("duration", "float", "s", "time over twice the noise amplitude"),
        optional("significant_duration", "float", "s", "5 to 95 % of the energy"),
        optional("peak_delay", "float", "s", "from the onset to the strongest 2.6 s"),
        optional(
            "peak_delay_high", "float", "s", "the same of 5-15 Hz: S - P where S is the larger"
        ),
        optional(
            "low_peak", "float", "log10 ratio", "largest power in 0.8-4 Hz over mean of 4-12 Hz"
        ),
        optional(
            "low_peak_coda",
            "float",
            "log10 ratio",
            "the same, 2.6-10 s after the peak",
        ),
        optional("rise_time", "float", "s", "from the onset to the largest amplitude"),
        optional(
            "onset_share", "float", "", "largest amplitude of the first second over the largest"
        ),
        optional("kurtosis", "float", "", "of the samples, 3 for Gaussian noise"),
        optional(
            "harmonicity", "float", "log10 ratio", "line over what lies between, least of three"
        ),
        optional("fundamental", "float", "Hz", "lowest line"),
        optional(
            "vlp_ratio", "float", "log10 ratio", "energy in 0.02-0.1 Hz over that above 0.5 Hz"
        ),
        optional(
            "ulp_ratio", "float", "log10 ratio", "energy in 0.1-0.5 Hz over that above 0.5 Hz"
        ),
        optional("sp_time", "float", "s", "S - P, median of the stations with both"),
        optional("ps_ratio", "float", "log10 ratio", "P over S amplitude, 6-12 Hz"),
        optional("onset_spread", "float", "s", "latest onset - earliest onset"),
        optional("slowness", "float", "s/km", "of a plane wave through the onsets"),
        optional("slowness_uncertainty", "float", "s/km", "one standard error"),
        optional("apparent_velocity", "float", "km/s", "1 / slowness"),
        optional("apparent_velocity_uncertainty", "float", "km/s", "one standard error"),
        optional("backazimuth", "float", "degrees", "of the plane wave"),
        optional("plane_wave_rms", "float", "s", "what the plane wave leaves"),
        optional("origin_distance_km", "float", "km", "epicentre to the volcano's reference point"),
        optional("source_distance_km", "float", "km", "epicentre to the nearest known source"),
        optional("source_name", "text", "", "that source"),
        optional("catalogue_misfit", "float", "s", "onset - predicted first arrival, nearest"),
        optional("catalogue_distance", "float", "degrees", "of that earthquake"),
        optional("catalogue_magnitude", "float", "", "of that earthquake"),
    ),
)

CLASSES = Schema(
    "classes",
    (
        EVENT,
        Column("label", "text", "", "class of the event"),
        Column("margin", "float", "share", "score of the class - score of the next, 0 to 1"),
        Column("reason", "text", "", "sentence naming the features that decided"),
        optional("runner_up", "text", "", "class with the next score"),
        optional("method", "text", "", "rules or the name of a model"),
    ),
)

LABELS = (
    "VT", "LP", "hybrid", "VLP", "harmonic", "tremor", "explosion", "regional",
    "teleseism", "noise",
)  # fmt: skip

REFUSALS = Schema(
    "refusals",
    (
        EVENT,
        Column("step", "text", "", "picks, location, magnitude or class"),
        Column("reason", "text", "", "what was not given a value, and why"),
    ),
)

FAMILIES = Schema(
    "families",
    (
        Column("family", "text", "", "identifier of the family, '' for an event in none"),
        EVENT,
        Column("time", "time", "UTC", "onset of the event"),
        Column("correlation", "float", "", "with the family's stack or its master, -1 to 1"),
        Column("lag", "float", "s", "shift that aligns it with the master"),
        Column("relative_magnitude", "float", "", "log10 of the amplitude over the master's"),
        Column("n_stations", "int", "stations", "stations compared"),
        optional("master", "bool", "", "whether it is the family's master event"),
        FMIN,
        FMAX,
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
        optional("method", "text", "", "how the threshold was set"),
    ),
)

TREMOR = Schema(
    "tremor",
    (
        EVENT,
        START,
        END,
        Column("kind", "text", "", "sustained (amplitude) or harmonic"),
        Column("n_stations", "int", "stations", "most stations in agreement"),
        Column("stations", "list", "", "NET.STA in agreement at any time"),
        Column("peak", "float", "see units", "largest value at the best station"),
        Column("units", "text", "", "unit of peak"),
        Column("peak_time", "time", "UTC", "window of the peak"),
        Column("reduced_displacement", "float", "cm2", "at the peak, NaN where not physical"),
        optional("fundamental", "float", "Hz", "median fundamental, NaN unless harmonic"),
        optional("fundamental_min", "float", "Hz", "lowest fundamental of the track"),
        optional("fundamental_max", "float", "Hz", "highest fundamental of the track"),
        optional("glide", "float", "Hz/min", "slope of the fundamental with time (Theil-Sen)"),
        FMIN,
        FMAX,
    ),
)
