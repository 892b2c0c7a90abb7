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

CLASS_WORDS: dict[str, str] = {
    "VT": mark("VT"),
    "LP": mark("LP"),
    "hybrid": mark("hybrid"),
    "VLP": mark("VLP"),
    "harmonic": mark("harmonic"),
    "tremor": mark("tremor"),
    "explosion": mark("explosion"),
    "regional": mark("regional"),
    "teleseism": mark("teleseism"),
    "noise": mark("noise"),
    "": mark("no class"),
}
"""What each class of events is called in a table or key; the empty label is that of none."""

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

READINGS = (
    mark("record without samples"),
    mark("record of text, not samples"),
    mark("bytes that are all zero where a record should stand"),
    mark("bytes that are no record"),
    mark("record cut by the end of the file"),
    mark("cut record at the end of the file"),
    mark("record header with an impossible time"),
    mark("blockette chain that does not lead forward"),
    mark("record length missing or outside 128 bytes to 1 MiB"),
    mark("impossible sampling rate"),
    mark("encoding unknown to this reader"),
    mark("samples said to begin outside the record"),
    mark("more samples claimed than the record can hold"),
    mark("Steim data whose last sample differs from its check"),
    mark("word order that differs from its neighbours' and gives impossible samples"),
    mark(
        "record that alone states another encoding than those around it, with nothing to prove it"
    ),
    mark("Steim data with fewer samples than claimed"),
    mark("recorder flags a telemetry synchronisation error"),
    mark("recorder flags a digital filter that may be charging"),
    mark("time correction in the header applied"),
    mark("record begins within a leap second"),
    mark("block begins within a leap second"),
    mark("record length in the header is wrong"),
    mark("the next record begins earlier"),
    mark("word order neither 0 nor 1"),
    mark("that of the header taken"),
    mark("no blockette 1000: length found by the next record, read as Steim-1"),
    mark("fixed header and blockette 100 state different sampling rates"),
    mark("{n:d} record(s) from byte {byte:d} ({start}): {words}"),
    mark("{n:d} bytes from byte {byte:d}: {words}"),
    mark("{n:d} block(s), {size:d} bytes from byte {byte:d} (after {time}): {words}"),
    mark("record at byte {byte:d} ({start}): {words}"),
    mark("left out as a gap of {n:d} samples"),
    mark("{n:d} records stand in the file twice"),
    mark("{n:d} blocks stand in the file twice"),
    mark("used once"),
    mark("sampling rates of the records differ by up to {share:.4f} %"),
    mark("{rate:g} Hz taken"),
    mark("record times up to {shift:+.2f} samples off the grid of the first"),
    mark("joined"),
    mark("record times run away from {rate:g} Hz by {drift:+.3g} s over the file"),
    mark("split so that no sample is more than half a sample off"),
    mark("timing quality 0 % in all records: not stated, or a clock without reference"),
    mark("timing quality down to {least:g} % in {n:d} records"),
    mark("holds samples of {trace_id} too"),
    mark("holds {n:d} records of {trace_id}"),
    mark("{n:d} records of another day than the name says, the first of {day}"),
    mark("the clock jumped by {there:+.6g} s at {start} and back {later:.6g} s later"),
    mark("no time between can be trusted"),
    mark("samples are {one} and {other}"),
    mark("kept apart"),
    mark("{n:d} samples of quality {one} also as {other}, {count:d} of them different"),
    mark("the latter kept"),
    mark("joined although {shift:+.2f} samples off the grid of the piece before"),
    mark("{n:d} samples present twice and equal"),
    mark("{n:d} samples present twice, {count:d} of them different"),
    mark("{n:d} left out as a gap"),
    mark("kept once"),
    mark(
        "float32 samples of {trace_id} are mostly denormal numbers, as of integers labelled float"
    ),
    mark("left out"),
    mark("{n:d} samples of {trace_id} are {word}"),
    mark("left out as {n:d} gap(s)"),
    mark("the gap value -2**31"),
    mark("NaN, infinite or above 1e30"),
    mark("{n:d} bytes at the end were never written"),
    mark("{n:d} more of this kind in {name}, the first: {words}"),
)
"""Readings of files: what was found in them, and what became of it."""

METHODS = (
    mark("nm (Wood-Anderson of unit gain)"),
    mark("rules"),
    mark("octree search, Gaussian errors with outliers, origin time integrated out"),
    mark("{model} (global model, does not show the volcano)"),
    mark("at {latitude:g} N {longitude:g} E"),
    mark("AIC and kurtosis"),
    mark("AIC, across P"),
    mark("nuclear test site"),
    mark("deep earthquakes"),
    mark("{place} (nuclear test site)"),
    mark("{place} (deep earthquakes)"),
)
"""Methods and models in tables."""
