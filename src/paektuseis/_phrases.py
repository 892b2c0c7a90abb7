"""Words and sentences of tables that pages and figures say in the reader's language.

Tables hold English: findings, reasons, notes and names, with numbers in them. What is
written here is known to the catalogues, so that :func:`paektuseis._language.retell` finds
such a sentence again. A field with a number's format takes numbers only; a sentence with a
semicolon stands here as its parts.
"""

from __future__ import annotations

from ._language import mark

JOINTS = (mark("; "), mark(", "), mark(": "))
"""What the parts of a sentence are joined by."""

MEASURES = (
    mark("power spectral density"),
    mark("amplitude spectrum"),
    mark("displacement"),
    mark("velocity"),
    mark("acceleration"),
    mark("peak abs"),
    mark("mean abs"),
    mark("median abs"),
    mark("mean amplitude"),
    mark("rms"),
    mark("bandwidth"),
    mark("central frequency"),
    mark("centroid frequency"),
    mark("dominant frequency"),
    mark("frequency index"),
    mark("shape factor"),
    mark("spectral entropy"),
    mark("recursive"),
    mark("classic"),
    mark("allen"),
    mark("spike"),
    mark("files"),
    mark("samples"),
)
"""Kinds of spectra, statistics and measures."""

CHECKS = (
    mark("clipped"),
    mark("flat"),
    mark("gap"),
    mark("step"),
    mark("overlap"),
    mark("conflict"),
    mark("dropout"),
    mark("held"),
    mark("calibration"),
    mark("dc offset"),
    mark("dc drift"),
    mark("no response"),
    mark("sampling rate"),
    mark("clock"),
    mark("nonfinite"),
    mark("response"),
)
"""Kinds of findings."""

FEATURES = (
    mark("snr"),
    mark("snr mid"),
    mark("snr vlp"),
    mark("snr ulp"),
    mark("low peak"),
    mark("fi onset"),
    mark("sp time"),
    mark("ps ratio"),
    mark("peak delay"),
    mark("peak delay high"),
    mark("significant duration"),
    mark("apparent velocity"),
    mark("harmonicity"),
    mark("kurtosis"),
    mark("vlp ratio"),
    mark("{feature} {value:.2f} ({limits})"),
    mark("{feature} {value:.2f} {unit} ({limits})"),
    mark("against it: {feature} {value:.2f} ({limits})"),
    mark("against it: {feature} {value:.2f} {unit} ({limits})"),
    mark("{low:g} to {high:g}"),
    mark("> {low:g} and < {high:g}"),
    mark("< {high:g} and > {low:g}"),
    mark("no feature was measured"),
    mark(
        "onset {misfit:+.1f} s from the predicted arrival of a catalogued earthquake at "
        "{distance:.1f} degrees"
    ),
    mark("epicentre {away:.0f} km away"),
)
"""What a feature of an event is called, and how a class gives its reason."""

FINDINGS = (
    mark("{seconds:.6g} s without samples"),
    mark("sampled at {rate:.9g} Hz, most of the channel at {usual:.9g} Hz"),
    mark("two records of the same {seconds:.6g} s, on different sample times"),
    mark("{n:d} samples ({seconds:.6g} s) come twice, identical"),
    mark(
        "samples lie {ms:+.4g} ms ({miss:+.3f} sample) off the times of the segment "
        "before: the clock was set"
    ),
    mark("{n:d} samples are no measurement ({kinds})"),
    mark("{share:.0f} % of the samples are denormal floats: wrongly decoded"),
    mark("every sample is {value:.9g} for {seconds:.6g} s: dead or stuck"),
    mark(
        "every sample is {value:.9g} for {seconds:.6g} s: dead or stuck, the part of a "
        "longer run in this span"
    ),
    mark("the value {value:.9g} is held for {seconds:.6g} s on a live channel"),
    mark(
        "{n:d} samples stand at the extremes ({low:.9g}, {high:.9g}): clipped, amplitudes"
        " are too small"
    ),
    mark(
        "{n:d} isolated spike of up to {height:+.6g} {units} ({times:.0f} times the usual"
        " difference of samples)"
    ),
    mark(
        "{n:d} isolated spikes of up to {height:+.6g} {units} ({times:.0f} times the "
        "usual difference of samples)"
    ),
    mark("the level jumps by {height:+.6g} {units} and stays"),
    mark(
        "{n:d} steps up and down by turns, {height:.6g} {units} high: a square wave of "
        "the calibration"
    ),
    mark("{n:d} zeros in a row on a live channel: a drop-out or a gap filled with zeros"),
    mark("the mean is {level:+.6g} counts: check the offset (mass position)"),
    mark("the mean drifts by {change:+.6g} counts over {hours:.3g} h"),
    mark("{n:d} more findings of {check} like this one"),
    mark("no metadata: {epochs}"),
    mark("counts only"),
    mark("no epoch covers this time ({epochs})"),
    mark("the epoch has no response"),
    mark("the metadata say {stated:g} Hz, the samples come at {rate:g} Hz"),
    mark("{n:d} epochs with different responses hold at once"),
    mark("close the wrong one"),
    mark("recorder flags amplifier saturation"),
    mark("recorder flags digitizer clipping"),
    mark("recorder flags spikes"),
    mark("recorder flags glitches"),
    mark("recorder flags missing or padded data"),
    mark("recorder flags the time tag as questionable"),
    mark("filter settling and LTA warm-up, {seconds:g} s"),
    mark(
        "segment of {length:g} s is not longer than the {needed:g} s of filter settling "
        "and LTA warm-up"
    ),
)
"""Findings on records."""

NOTES = (
    mark("picks"),
    mark("location"),
    mark("class"),
    mark("the pick of {phase} at {trace_id} is {seconds:.2f} s off and does not count"),
    mark("the depth is at the ceiling of the search ({km:.2f} km)"),
    mark("the depth is at the floor of the search ({km:g} km)"),
    mark("the epicentre is at the edge of the region searched"),
    mark("{picks:d} picks at {stations:d} stations"),
    mark(
        "a location needs {min_picks:d} at {min_stations:d} (min_picks, min_stations), or"
        " locate_single_station"
    ),
    mark("S refused: SNR {snr:.2f} is below {share:g} * min_snr = {limit:g}"),
    mark("P refused: SNR {snr:.2f} is below min_snr={limit:g}"),
    mark("P refused: evidence of {evidence:.2f} is below min_evidence={limit:g}"),
    mark("SNR {snr:.2g} under {limit:g}"),
    mark("one horizontal"),
    mark("extrapolated"),
    mark("no station gave a value: {reasons}"),
    mark("no station gave a value"),
    mark("a single station: {known}"),
    mark("corner of S, that of P {ratio:.3g} times it"),
    mark("corner is near or above the highest usable frequency {high:.3g} Hz"),
    mark("plateau not in the usable band, from {low:.3g} Hz, against a corner of {corner:.3g} Hz"),
    mark("{phase} stands above the noise only from {low:.3g} to {high:.3g} Hz"),
    mark("{times:g} times the lowest frequency is needed"),
    mark("no frequency from {low:.3g} to {high:.3g} Hz stands {times:g} times above the noise"),
    mark("S comes {gap:.2g} s after P, too soon for a spectrum of P"),
    mark("no velocity model given: {model} assumed"),
    mark("elevation unknown, sea level taken"),
    mark("S predicted, not picked"),
    mark("features"),
    mark("with one station"),
    mark("the location is of quality {grade}, its place is not used"),
    mark("the epicentre is known to {km:.0f} km, its place is not used"),
    mark("no direction: {reason}"),
    mark("no distance: {reason}"),
    mark("no pick of S"),
    mark("P is {snr:.1f} times the noise, below {limit:g}"),
    mark("rectilinearity {value:.2f} is below {limit:g}"),
    mark("its class is {label}: no hypocentre in the model of the volcano is given"),
)
"""Notes on picks, hypocentres and magnitudes, and why there is none."""

PLACES = (
    mark("Mount Paektu"),
    mark("Lake centre"),
    mark("GVP summit point"),
    mark("Punggye-ri"),
    mark("Wangqing deep earthquakes"),
    mark("synthetic volcano"),
)
"""Names of places."""
