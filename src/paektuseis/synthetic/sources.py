"""What can happen: kinds of sources, their size and their time history.

Sizes are physical. Earthquakes, explosions and VLP pulses have a seismic
moment (Hanks & Kanamori 1979) and a Brune (1970) spectrum; resonating sources
have a reduced displacement (Aki & Koyanagi 1981).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, isnan, nan

import numpy as np
from obspy import UTCDateTime

from ..errors import ParameterError
from ..types import Band, FloatArray

KINDS: dict[str, Band] = {
    "VT": Band(freqmin=2.0, freqmax=15.0),
    "LP": Band(freqmin=0.5, freqmax=5.0),
    "hybrid": Band(freqmin=1.0, freqmax=15.0),
    "harmonic": Band(freqmin=0.5, freqmax=8.0),
    "tremor": Band(freqmin=0.5, freqmax=8.0),
    "VLP": Band(freqmin=0.02, freqmax=0.1),
    "explosion": Band(freqmin=1.0, freqmax=8.0),
    "regional": Band(freqmin=1.0, freqmax=8.0),
    "teleseism": Band(freqmin=0.05, freqmax=2.0),
}
"""Kinds of sources, and the band in which the signal-to-noise ratio of each is given."""

RESONATORS = ("LP", "harmonic", "tremor")


@dataclass(frozen=True, kw_only=True)
class SourceEvent:
    """One event to plant.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    time : UTCDateTime
        Origin time.
    latitude, longitude, depth_km : float
        Degrees; km below sea level.
    magnitude : float
        Moment magnitude; NaN for LP, harmonic and tremor.
    reduced_displacement : float
        In cm² (Aki & Koyanagi 1981, body waves), of LP, harmonic, tremor and
        of the resonance of a hybrid; NaN otherwise.
    stress_drop : float
        In MPa (kinds with a Brune spectrum).
    strike, dip, rake : float
        Of the double couple, degrees.
    frequency, frequency_end : float
        Hertz: fundamental of a resonator, and where a glide ends.
    quality : float
        Quality factor of a damped resonator.
    overtones : int
        How many harmonics, the fundamental included.
    duration : float
        Seconds: how long a harmonic event or tremor is fed; period of a VLP.
    """

    kind: str
    time: UTCDateTime
    latitude: float
    longitude: float
    depth_km: float
    magnitude: float = nan
    reduced_displacement: float = nan
    stress_drop: float = 3.0
    strike: float = 135.0
    dip: float = 80.0
    rake: float = -20.0
    frequency: float = nan
    frequency_end: float = nan
    quality: float = 15.0
    overtones: int = 1
    duration: float = nan
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParameterError(f"kind={self.kind!r}; give one of {', '.join(KINDS)}")
        needs = {"magnitude"} if self.kind not in RESONATORS else set()
        if self.kind in (*RESONATORS, "hybrid"):
            needs |= {"reduced_displacement", "frequency"}
        if self.kind in ("harmonic", "tremor", "VLP"):
            needs.add("duration")
        for name in sorted(needs):
            if not isfinite(getattr(self, name)):
                raise ParameterError(f"an event of kind {self.kind!r} needs {name}")
        for name in ("reduced_displacement", "frequency", "duration", "stress_drop", "quality"):
            value = getattr(self, name)
            if not isnan(value) and value <= 0:
                raise ParameterError(f"{name}={value}; give a positive number")

    @property
    def band(self) -> Band:
        """The band the signal lives in."""
        return KINDS[self.kind]

    @property
    def moment(self) -> float:
        """Seismic moment in N m."""
        return seismic_moment(self.magnitude)


def seismic_moment(magnitude: float) -> float:
    """Return the seismic moment of a moment magnitude, ``10**(1.5 Mw + 9.1)``.

    Parameters
    ----------
    magnitude : float
        Mw.

    Returns
    -------
    float
        N m.

    References
    ----------
    Hanks, T. C. & Kanamori, H. (1979). A moment magnitude scale. JGR 84, 2348.
    The constant is that of the IASPEI (2013) standard.
    """
    return float(10 ** (1.5 * magnitude + 9.1))


def corner_frequency(moment: float, stress_drop: float, velocity: float) -> float:
    """Return Brune's corner frequency of S waves.

    Parameters
    ----------
    moment : float
        N m.
    stress_drop : float
        MPa.
    velocity : float
        S velocity at the source in km/s. For P waves scale the result by
        vp/vs (Hanks & Wyss 1972).

    Returns
    -------
    float
        Hertz.

    References
    ----------
    Brune, J. N. (1970). JGR 75, 4997; correction (1971) JGR 76, 5002.
    """
    radius = (7 * moment / (16 * stress_drop * 1e6)) ** (1 / 3)
    return float(2.34 * velocity * 1e3 / (2 * np.pi * radius))


def brune_spectrum(
    frequencies: FloatArray, corner: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """Return the transform of Brune's displacement pulse, 1 at frequency 0.

    The pulse is ``(2 pi fc)**2 t exp(-2 pi fc t)`` for ``t > 0``: it starts
    sharply at its arrival, and has area 1.
    """
    return np.asarray(1.0 / (1.0 + 1j * frequencies / corner) ** 2, dtype=np.complex128)


def resonance(event: SourceEvent, time: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the displacement history of a resonator.

    Parameters
    ----------
    event : SourceEvent
        Kind LP, hybrid, harmonic or tremor.
    time : ndarray, shape (n,)
        Seconds after the onset; 0 is returned before it.
    rng : numpy.random.Generator
        Phases of the modes and amplitudes of the overtones. Give each
        station the same.

    Returns
    -------
    ndarray, shape (n,)
        Peak-to-peak amplitude 1.

    Notes
    -----
    LP and hybrid: three modes at 1, 1.83 and 2.71 times the frequency, each
    ``exp(-pi f t / Q) sin(2 pi f t)``, as of a fluid-filled crack (Chouet
    1996), with an onset that grows over one and a half periods. Harmonic and
    tremor: integer overtones under an envelope; that of the tremor also
    glides from ``frequency`` to ``frequency_end`` and back half way, and
    breathes by a fifth.
    """
    t = np.maximum(time, 0.0)
    if event.kind in ("LP", "hybrid"):
        x = np.zeros_like(t)
        modes = zip((1.0, 1.83, 2.71), (1.0, 0.45, 0.2), strict=True)
        for factor, weight in modes:
            f = event.frequency * factor
            phase = rng.uniform(-0.3, 0.3)
            x += weight * np.exp(-np.pi * f * t / event.quality) * np.sin(2 * np.pi * f * t + phase)
        x *= 1 - np.exp(-((t * event.frequency / 1.5) ** 2))
    else:
        glide = 0.0 if isnan(event.frequency_end) else event.frequency_end - event.frequency
        share = np.clip(t / event.duration, 0.0, 1.0)
        # up to the end value at two thirds of the time, then half way back
        course = np.interp(share, [0.0, 0.15, 0.65, 1.0], [0.0, 0.0, 1.0, 0.5])
        f0 = event.frequency + glide * course
        step = float(time[1] - time[0]) if time.size > 1 else 0.0
        phase_0 = 2 * np.pi * np.cumsum(f0) * step
        x = np.zeros_like(t)
        for n in range(1, max(event.overtones, 1) + 1):
            weight = rng.uniform(0.7, 1.3) / n
            x += weight * np.sin(n * phase_0 + rng.uniform(0, 2 * np.pi))
        rise = 3.0 if event.kind == "harmonic" else min(25.0, 0.2 * event.duration)
        x *= envelope(t, rise=rise, duration=event.duration)
        if event.kind == "tremor":
            x *= 1 + 0.2 * np.sin(2 * np.pi * t / 37.0 + rng.uniform(0, 2 * np.pi))
    x[time < 0] = 0.0
    extent = np.ptp(x)
    return x / extent if extent > 0 else x


def envelope(time: FloatArray, *, rise: float, duration: float) -> FloatArray:
    """Return a smooth envelope: 0 at 0, 1 after ``rise``, decaying from ``duration - 2 rise``."""
    up = np.sin(0.5 * np.pi * np.clip(time / rise, 0, 1)) ** 2
    down = np.cos(0.5 * np.pi * np.clip((time - duration + 2 * rise) / (2 * rise), 0, 1)) ** 2
    return np.asarray(up * down, dtype=np.float64)


def vlp_pulse(event: SourceEvent, time: FloatArray) -> FloatArray:
    """Return the moment-rate history of a VLP in 1/s: a smooth pulse of area 1, then a rebound.

    One Hann pulse of the event's ``duration`` as inflation, followed by one of
    half its strength and twice its length as deflation.
    """
    period = event.duration

    def hann(t: FloatArray, length: float) -> FloatArray:
        inside = (t > 0) & (t < length)
        pulse = (1 - np.cos(2 * np.pi * t / length)) / length
        return np.where(inside, pulse, 0.0)

    return hann(time, period) - 0.5 * hann(time - period, 2 * period)


def radiation(event: SourceEvent, azimuth: float, takeoff: float) -> tuple[float, float, float]:
    """Return the double couple's radiation of P, SV and SH in one direction.

    Parameters
    ----------
    event : SourceEvent
    azimuth : float
        Of the station from the source, degrees.
    takeoff : float
        Degrees from straight down.

    Returns
    -------
    tuple of float
        Between -1 and 1 each.

    References
    ----------
    Aki, K. & Richards, P. G. (2002). Quantitative Seismology, eqs 4.89-4.91.
    """
    s, d, r = np.radians([event.strike, event.dip, event.rake])
    i = np.radians(takeoff)
    phi = np.radians(azimuth) - s
    sin, cos = np.sin, np.cos
    p = (
        cos(r) * sin(d) * sin(i) ** 2 * sin(2 * phi)
        - cos(r) * cos(d) * sin(2 * i) * cos(phi)
        + sin(r) * sin(2 * d) * (cos(i) ** 2 - sin(i) ** 2 * sin(phi) ** 2)
        + sin(r) * cos(2 * d) * sin(2 * i) * sin(phi)
    )
    sv = (
        sin(r) * cos(2 * d) * cos(2 * i) * sin(phi)
        - cos(r) * cos(d) * cos(2 * i) * cos(phi)
        + 0.5 * cos(r) * sin(d) * sin(2 * i) * sin(2 * phi)
        - 0.5 * sin(r) * sin(2 * d) * sin(2 * i) * (1 + sin(phi) ** 2)
    )
    sh = (
        cos(r) * cos(d) * cos(i) * sin(phi)
        + cos(r) * sin(d) * sin(i) * cos(2 * phi)
        + sin(r) * cos(2 * d) * cos(i) * cos(phi)
        - 0.5 * sin(r) * sin(2 * d) * sin(i) * sin(2 * phi)
    )
    return float(p), float(sv), float(sh)
