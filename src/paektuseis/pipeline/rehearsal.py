"""Compiling ahead: the verbs of a day run once on a few seconds of noise."""

from __future__ import annotations

import numpy as np
from obspy import Stream, Trace

from ..amplitude import peak_amplitude, rsam
from ..config import Settings
from ..detection import coincidence_candidates, monitored_time, sta_lta, trigger_onsets
from ..processing import bandpass, check_waveforms, preprocess
from ..spectral import amplitude_spectrum, power_spectral_density, spectral_attributes, spectrogram

RATE = 50.0
SECONDS = 120.0


def rehearse(settings: Settings | None = None) -> int:
    """Run the verbs of a day on two minutes of noise, so that their kernels are compiled.

    Compiled kernels are kept on disk; on a machine where they are not there yet, a process that
    would only wait can compile what another will need next.

    Parameters
    ----------
    settings : Settings, optional
        Its methods of detection are rehearsed.

    Returns
    -------
    int
        Number of detections made of nothing but noise; of no interest.
    """
    settings = settings or Settings()
    noise = np.random.default_rng(0).normal(0.0, 100.0, round(SECONDS * RATE))
    noise[3000:3100] *= 20.0
    stream = Stream()
    for station in ("A", "B", "C"):
        trace = Trace(noise.astype(np.int32))
        trace.stats.update({"network": "XX", "station": station, "channel": "HHZ"})
        trace.stats.sampling_rate = RATE
        stream.append(trace)
    check_waveforms(stream)
    ready = bandpass(preprocess(stream), freqmin=1.0, freqmax=10.0)
    for method in {d.method for d in settings.detectors}:
        ratio = sta_lta(ready, sta=0.5, lta=10.0, method=method)
        triggers = trigger_onsets(ratio, thr_on=3.0, thr_off=1.0, detector="rehearsal")
        monitored_time(ratio)
    found = coincidence_candidates(triggers, min_stations=2, window=1.0)
    rsam(ready, window=30.0, freqmin=2.0, freqmax=8.0, statistic=settings.amplitude.statistic)
    spectrogram(ready[:1], window=10.0, overlap=0.5, average=60.0)
    power_spectral_density(ready[:1], window=20.0, statistic="median")
    spectral_attributes(amplitude_spectrum(ready[0]))
    peak_amplitude(ready)
    return len(found)
