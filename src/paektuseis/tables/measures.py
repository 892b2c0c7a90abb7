"""Tables of measures of a record: amplitudes, ratios, spectral attributes, polarisation."""

from __future__ import annotations

from .._schema import Column, Schema
from ._columns import END, FMAX, FMIN, ID, START, optional

RSAM = Schema(
    "rsam",
    (
        ID,
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
        ID,
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
        ID,
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
        ID,
        START,
        END,
        Column("time", "time", "UTC", "instant of the value"),
        Column("value", "float", "see units", "amplitude"),
        Column("units", "text", "", "unit of value"),
        Column("statistic", "text", "", "peak_abs, peak_to_peak or reduced_displacement"),
        Column("freqmin", "float", "Hz", "lower corner of the band, NaN = open"),
        Column("freqmax", "float", "Hz", "upper corner of the band, NaN = open"),
        Column("coverage", "float", "share", "samples present / samples expected"),
        optional("event_id", "text", "", "event the window belongs to"),
    ),
)

ATTRIBUTES = Schema(
    "attributes",
    (
        ID,
        START,
        END,
        Column("attribute", "text", "", "name of the measure"),
        Column("value", "float", "see units", "its value"),
        Column("units", "text", "", "unit of value"),
        Column("freqmin", "float", "Hz", "lower end of the band used"),
        Column("freqmax", "float", "Hz", "upper end of the band used"),
        Column("coverage", "float", "share", "samples present / samples expected"),
        optional("method", "text", "", "definition, with the bands where it has several"),
        optional("event_id", "text", "", "event the window belongs to"),
    ),
)

POLARIZATION = Schema(
    "polarization",
    (
        ID,
        START,
        END,
        Column("rectilinearity", "float", "", "1 - (l2 + l3) / (2 l1), 1 for motion along a line"),
        Column("planarity", "float", "", "1 - 2 l3 / (l1 + l2), 1 for motion in a plane"),
        Column("azimuth", "float", "degrees", "of the main axis where it points up, from north"),
        Column("azimuth_uncertainty", "float", "degrees", "one standard error"),
        Column("backazimuth", "float", "degrees", "azimuth + 180: where a P from below comes from"),
        Column("incidence", "float", "degrees", "of the main axis: 0 vertical, 90 horizontal"),
        Column("incidence_uncertainty", "float", "degrees", "one standard error"),
        Column("amplitude", "float", "see units", "rms along the main axis"),
        Column("units", "text", "", "unit of amplitude"),
        FMIN,
        FMAX,
        optional("n_effective", "float", "samples", "independent samples in the window"),
    ),
)

HARMONICS = Schema(
    "harmonics",
    (
        ID,
        Column("starttime", "time", "UTC", "start of the window"),
        Column("window", "float", "s", "length of the window"),
        Column("fundamental", "float", "Hz", "of the harmonic product spectrum, NaN = none"),
        Column("hsi1", "float", "1/Hz", "harmonic strength of the fundamental"),
        Column("hsi2", "float", "1/Hz", "harmonic strength of the first overtone"),
        Column("hsi3", "float", "1/Hz", "harmonic strength of the second overtone"),
        Column("power", "float", "see units", "spectral density at the fundamental"),
        Column("units", "text", "", "unit of power"),
    ),
)
