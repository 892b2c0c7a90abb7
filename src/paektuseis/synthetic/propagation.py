"""From a source to the ground velocity at one station: times, amplitudes, scattering.

Far field only: each arrival is a pulse with the amplitude of a point source
(Aki & Richards 2002, eq. 4.96, with the free surface doubling the motion),
attenuated causally (Azimi's law) and followed by a scattered coda. Near-field
terms, surface waves of local events and topography are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy.fft
from obspy import UTCDateTime
from obspy.geodetics import gps2dist_azimuth
from obspy.taup import TauPyModel

from ..errors import MetadataError
from ..network import NetworkStation, VelocityModel, ray_parameters
from ..types import FloatArray
from .sources import SourceEvent, brune_spectrum, corner_frequency, radiation, resonance, vlp_pulse

# Assumed, for want of measurements at the volcano
LOCAL_Q = (200.0, 120.0)  # P, S; where the model states none
REGIONAL_Q = (800.0, 600.0)  # beyond REGIONAL_KM, through the whole crust
REGIONAL_KM = 90.0
KAPPA = 0.015  # s, attenuation right under the station
SURFACE_VELOCITY = (2.5, 1.4)  # km/s, P and S: bends the last of the ray towards the vertical
DEEP_T_STAR = (0.25, 0.8)  # s, P and S of deep earthquakes
DEEP_KM = 100.0  # sources below it are computed with TauP and the iasp91 model
LEAST_RADIATION = 0.25  # scattering fills the nodes of the radiation pattern
LEAD = 3.0  # s of silence before the first arrival

Complex = np.ndarray[tuple[int, ...], np.dtype[np.complex128]]


@dataclass(frozen=True, kw_only=True)
class Path:
    """The way from an event to a station.

    ``time`` (s after the origin), ``slowness`` (s/km) and ``takeoff``
    (degrees from straight down) are pairs for P and S; ``distance_km`` is
    epicentral, ``length_km`` the straight line; ``azimuth`` points from the
    event to the station, ``heading`` is the direction the wave travels at
    the station.
    """

    distance_km: float
    length_km: float
    azimuth: float
    heading: float
    time: tuple[float, float]
    slowness: tuple[float, float]
    takeoff: tuple[float, float]


@cache
def _taup() -> Any:
    return TauPyModel("iasp91")


def trace_path(event: SourceEvent, station: NetworkStation, model: VelocityModel) -> Path:
    """Return the path of the first P and S from an event to a station.

    Parameters
    ----------
    event : SourceEvent
        Deeper than 100 km it is traced through the iasp91 Earth with TauP.
    station : NetworkStation
    model : VelocityModel

    Returns
    -------
    Path

    Raises
    ------
    MetadataError
        If the elevation of the station is unknown.
    """
    if np.isnan(station.elevation_m):
        raise MetadataError(
            f"the elevation of {station.key} is unknown; give it through station metadata "
            "(Network.with_inventory) or leave the station out"
        )
    metres, azimuth, back = gps2dist_azimuth(
        event.latitude, event.longitude, station.latitude, station.longitude
    )
    distance, height = metres / 1e3, station.elevation_m / 1e3
    if event.depth_km > DEEP_KM:
        times, slownesses, takeoffs = _deep(event.depth_km, distance, height, model)
        inside = 6371.0 - event.depth_km
        angle = distance / 6371.0
        length = float(np.sqrt(6371.0**2 + inside**2 - 2 * 6371.0 * inside * np.cos(angle)))
    else:
        rays = [
            ray_parameters(
                model,
                distance_km=distance,
                source_depth_km=event.depth_km,
                receiver_depth_km=-height,
                phase=phase,
            )
            for phase in ("P", "S")
        ]
        times = (float(rays[0].time), float(rays[1].time))
        slownesses = (float(rays[0].ray_parameter), float(rays[1].ray_parameter))
        takeoffs = (float(rays[0].takeoff), float(rays[1].takeoff))
        length = float(np.hypot(distance, event.depth_km + height))
    return Path(
        distance_km=distance,
        length_km=max(length, 0.1),
        azimuth=azimuth,
        heading=(back + 180.0) % 360.0,
        time=times,
        slowness=slownesses,
        takeoff=takeoffs,
    )


def _deep(
    depth: float, distance: float, height: float, model: VelocityModel
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    out = []
    for names, velocity in ((["p", "P"], model.layers[0].vp), (["s", "S"], model.layers[0].vs)):
        arrivals = _taup().get_travel_times(depth, np.degrees(distance / 6371.0), phase_list=names)
        first = min(arrivals, key=lambda a: a.time)
        p = first.ray_param / 6371.0
        climb = height * np.sqrt(max(1 / velocity**2 - p**2, 0.0))
        out.append((float(first.time + climb), float(p), float(first.takeoff_angle)))
    (tp, pp, ip), (ts, ps, js) = out
    return (tp, ts), (pp, ps), (ip, js)


def _medium(event: SourceEvent, model: VelocityModel) -> tuple[float, float, float]:
    """P and S velocity (m/s) and density (kg/m³) at the source."""
    if event.depth_km > DEEP_KM:
        v = _taup().model.s_mod.v_mod
        vp, vs, rho = (float(v.evaluate_below(event.depth_km, k)[0]) * 1e3 for k in "psd")
        return vp, vs, rho
    layer = model.layer_at(event.depth_km)
    return layer.vp * 1e3, layer.vs * 1e3, layer.rho


def _level(event: SourceEvent, path: Path, model: VelocityModel, phase: int) -> tuple[float, float]:
    """Low-frequency displacement level (m s) of a unit radiation factor, and t* (s)."""
    source = _medium(event, model)
    receiver = model.layers[0]
    c_source = source[phase]
    c_receiver = (receiver.vp, receiver.vs)[phase] * 1e3
    impedance = np.sqrt(source[2] * receiver.rho * c_source**5 * c_receiver)
    level = 2.0 * event.moment / (4 * np.pi * impedance * path.length_km * 1e3)
    return float(level), _t_star(event, path, model, phase)


def _t_star(event: SourceEvent, path: Path, model: VelocityModel, phase: int) -> float:
    if event.depth_km > DEEP_KM:
        return DEEP_T_STAR[phase] + KAPPA
    if path.distance_km > REGIONAL_KM:
        q = REGIONAL_Q[phase]
    else:
        layer = model.layer_at(event.depth_km)
        q = (layer.qp, layer.qs)[phase] or LOCAL_Q[phase]
    return path.time[phase] / q + KAPPA


def attenuation(frequencies: FloatArray, t_star: float, sampling_rate: float) -> Complex:
    """Return the causal attenuation operator of a t*, with a recorder's anti-alias filter.

    ``exp(-pi f t*)`` with the dispersion of Azimi's law (Aki & Richards 2002,
    eq. 5.88) that keeps the pulse after its arrival; the reference frequency is
    the Nyquist frequency. The filter is a Butterworth low-pass of order 4 at
    0.4 of the sampling rate.
    """
    f = np.asarray(frequencies, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.where(f > 0, 2 * f * t_star * np.log(2 * f / sampling_rate), 0.0)
    s = 1j * f / (0.4 * sampling_rate)
    butterworth = 1 / ((s**2 + 0.7653668647 * s + 1) * (s**2 + 1.8477590650 * s + 1))
    return np.asarray(np.exp(-np.pi * f * t_star + 1j * dispersion) * butterworth)


@dataclass
class _Canvas:
    """The window one event's signal at one station is drawn into."""

    sampling_rate: float
    npts: int
    heading: float
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.padded = scipy.fft.next_fast_len(2 * self.npts, real=True)
        self.frequencies: FloatArray = np.asarray(
            np.fft.rfftfreq(self.padded, 1 / self.sampling_rate), dtype=np.float64
        )
        self.time = np.arange(self.npts) / self.sampling_rate
        self.zrt = np.zeros((3, self.npts))

    def pulse(self, spectrum: Complex, arrival: float) -> FloatArray:
        """Velocity of a displacement spectrum (m s) that arrives at a time of the window."""
        f = self.frequencies
        shifted = spectrum * 2j * np.pi * f * np.exp(-2j * np.pi * f * arrival)
        shifted *= self.sampling_rate  # from the continuous transform to samples
        return np.asarray(scipy.fft.irfft(shifted, self.padded)[: self.npts], dtype=np.float64)

    def filtered(self, displacement: FloatArray, operator: Complex) -> FloatArray:
        """Velocity of a displacement history after a filter."""
        spectrum = scipy.fft.rfft(displacement, self.padded)
        spectrum *= 2j * np.pi * self.frequencies * operator
        return np.asarray(scipy.fft.irfft(spectrum, self.padded)[: self.npts], dtype=np.float64)

    def add(
        self,
        wave: FloatArray,
        arrival: float,
        direction: tuple[float, float, float],
        *,
        coda: float,
        decay: float,
    ) -> None:
        """Add an arrival along (Z, R, T), and its coda on all three.

        ``coda`` is the rms of the coda just after the arrival over the peak
        of the direct wave; ``decay`` its 1/e time in seconds.
        """
        norm = float(np.linalg.norm(direction)) or 1.0
        after = np.maximum(self.time - arrival, 0.0)
        fading = (1 - np.exp(-after / (0.15 * decay))) * np.exp(-after / decay)
        spectrum = scipy.fft.rfft(wave, self.padded)
        spectrum *= np.exp(2j * np.pi * self.frequencies * arrival)  # to time 0
        energy = float(np.sum(wave**2))
        scale = coda * norm * float(np.abs(wave).max()) / np.sqrt(energy) if energy > 0 else 0.0
        for row, part in enumerate(direction):
            scatterers = self.rng.standard_normal(self.npts) * fading
            tail = scipy.fft.irfft(scipy.fft.rfft(scatterers, self.padded) * spectrum, self.padded)[
                : self.npts
            ]
            self.zrt[row] += part * wave + scale * tail

    def zne(self) -> FloatArray:
        """Return vertical, north and east, faded out at the end of the window."""
        z, r, t = self.zrt
        a = np.radians(self.heading)
        out = np.stack([z, r * np.cos(a) - t * np.sin(a), r * np.sin(a) + t * np.cos(a)])
        fade = min(self.npts // 10, int(20 * self.sampling_rate))
        out[:, -fade:] *= 0.5 * (1 + np.cos(np.pi * np.arange(1, fade + 1) / fade))
        return out


def _polarisation(slowness: float, phase: int, sv: float, sh: float) -> tuple[float, float, float]:
    """Direction (Z, R, T) of a wave from below, bent by slow ground under the station."""
    sine = min(slowness * SURFACE_VELOCITY[phase], 0.95)
    cosine = float(np.sqrt(1 - sine**2))
    if phase == 0:
        return cosine, sine, 0.0
    return -sv * sine, sv * cosine, sh


def window_length(event: SourceEvent, path: Path) -> float:
    """Return how many seconds of signal an event makes at a station, from its first arrival."""
    gap = path.time[1] - path.time[0]
    longest = {
        "VT": 35.0,
        "hybrid": 55.0,
        "LP": 60.0,
        "harmonic": 30.0,
        "tremor": 40.0,
        "VLP": 40.0,
        "explosion": 160.0,
        "regional": 190.0,
        "teleseism": 180.0,
    }[event.kind]
    fed = 0.0 if np.isnan(event.duration) else event.duration
    return gap + longest + (3 * fed if event.kind == "VLP" else fed)


def ground_motion(
    event: SourceEvent,
    station: NetworkStation,
    model: VelocityModel,
    *,
    sampling_rate: float,
    reference: UTCDateTime,
    rng: np.random.Generator,
    source_rng: np.random.Generator,
    path: Path | None = None,
) -> tuple[int, FloatArray]:
    """Return the ground velocity that an event makes at a station.

    Parameters
    ----------
    event, station, model
        What happens, where it is recorded, what lies between.
    sampling_rate : float
        Hertz.
    reference : UTCDateTime
        Time of sample 0: the signal lies on its grid of samples.
    rng, source_rng : numpy.random.Generator
        Of the scatterers (one for each station) and of the source (the same
        at every station).
    path : Path, optional
        If known already.

    Returns
    -------
    first : int
        Index of the first sample.
    velocity : ndarray, shape (3, n)
        Z, N, E in m/s.
    """
    path = path or trace_path(event, station, model)
    onset = event.time - reference + path.time[0]
    first = int(np.floor((onset - LEAD) * sampling_rate))
    npts = int(np.ceil((LEAD + window_length(event, path)) * sampling_rate))
    canvas = _Canvas(sampling_rate, npts, path.heading, rng)
    arrival = onset - first / sampling_rate
    arrivals = (arrival, arrival + path.time[1] - path.time[0])
    if event.kind in ("VT", "hybrid", "teleseism", "regional"):
        _earthquake(canvas, event, path, model, arrivals)
    if event.kind == "explosion":
        _explosion(canvas, event, path, model, arrivals)
    if event.kind in ("LP", "hybrid", "harmonic", "tremor"):
        _resonator(canvas, event, path, model, arrivals, source_rng)
    if event.kind == "VLP":
        level, _ = _level(event, path, model, 0)
        canvas.add(
            canvas.filtered(
                level * vlp_pulse(event, canvas.time - arrival),
                np.ones(canvas.frequencies.size, dtype=np.complex128),
            ),
            arrival,
            _polarisation(path.slowness[0], 0, 0, 0),
            coda=0.0,
            decay=1.0,
        )
    return first, canvas.zne()


def _earthquake(
    canvas: _Canvas,
    event: SourceEvent,
    path: Path,
    model: VelocityModel,
    arrivals: tuple[float, float],
) -> None:
    vp, vs, _ = _medium(event, model)
    corner = corner_frequency(event.moment, event.stress_drop, vs / 1e3)
    f = canvas.frequencies
    pattern = [radiation(event, path.azimuth, takeoff) for takeoff in path.takeoff]
    p = np.copysign(np.hypot(pattern[0][0], LEAST_RADIATION), pattern[0][0])
    sv, sh = (np.copysign(np.hypot(v, LEAST_RADIATION), v) for v in pattern[1][1:])
    local = event.kind in ("VT", "hybrid")
    gap = path.time[1] - path.time[0]
    decays = (1.0 + 0.15 * gap, 2.2 + 0.15 * gap) if local else (9.0, 22.0)
    direct = ((corner * vp / vs, p, 0.35), (corner, 1.0, 0.3))
    for phase, (fc, factor, coda) in enumerate(direct):
        level, t_star = _level(event, path, model, phase)
        spectrum = level * brune_spectrum(f, fc) * attenuation(f, t_star, canvas.sampling_rate)
        direction = _polarisation(path.slowness[phase], phase, float(sv), float(sh))
        weight = float(factor)
        if event.kind == "regional":  # the head wave is weak; the direct wave in the crust carries
            late = path.length_km / ((vp, vs)[phase] / 1e3) - path.time[phase]
            if late > 0.5:
                crust = _polarisation(1e3 / (vp, vs)[phase], phase, float(sv), float(sh))
                when = arrivals[phase] + late
                canvas.add(
                    weight * canvas.pulse(spectrum, when),
                    when,
                    crust,
                    coda=coda,
                    decay=decays[phase],
                )
                weight *= 0.3
        canvas.add(
            weight * canvas.pulse(spectrum, arrivals[phase]),
            arrivals[phase],
            direction,
            coda=coda,
            decay=decays[phase],
        )


def _explosion(
    canvas: _Canvas,
    event: SourceEvent,
    path: Path,
    model: VelocityModel,
    arrivals: tuple[float, float],
) -> None:
    """P alike in all directions, weak S, and a dispersed Rg."""
    _, vs, _ = _medium(event, model)
    corner = corner_frequency(event.moment, event.stress_drop, vs / 1e3)
    f = canvas.frequencies
    peak = 0.0
    for phase, (weight, coda, decay) in enumerate(((1.0, 0.3, 7.0), (0.04, 0.35, 14.0))):
        level, t_star = _level(event, path, model, phase)
        spectrum = level * brune_spectrum(f, corner) * attenuation(f, t_star, canvas.sampling_rate)
        wave = weight * canvas.pulse(spectrum, arrivals[phase])
        peak = max(peak, float(np.abs(wave).max()))
        angle = canvas.rng.uniform(0, 2 * np.pi)
        direction = _polarisation(
            path.slowness[phase], phase, float(np.cos(angle)), float(np.sin(angle))
        )
        canvas.add(wave, arrivals[phase], direction, coda=coda, decay=decay)
    # Rg: group velocity from 3.0 km/s at 0.3 Hz down to 2.2 km/s at 1.5 Hz
    group = np.interp(np.log(np.maximum(f, 1e-3)), np.log([0.3, 1.5]), [3.0, 2.2])
    delay = path.distance_km / group - path.time[0] + arrivals[0]
    phase_lag = 2 * np.pi * np.cumsum(delay) * (f[1] - f[0])
    shape = np.exp(-0.5 * ((f - 0.8) / 0.25) ** 2) * np.exp(-1j * phase_lag)
    vertical = scipy.fft.irfft(shape, canvas.padded)[: canvas.npts]
    radial = scipy.fft.irfft(0.7j * shape, canvas.padded)[: canvas.npts]
    scale = 0.35 * peak / float(np.abs(vertical).max())
    canvas.zrt[0] += scale * vertical
    canvas.zrt[1] += scale * radial


def _resonator(
    canvas: _Canvas,
    event: SourceEvent,
    path: Path,
    model: VelocityModel,
    arrivals: tuple[float, float],
    source_rng: np.random.Generator,
) -> None:
    """The same ringing as P and, stronger on the horizontals, as S."""
    # reduced displacement (cm²) = peak-to-peak (cm) * distance (cm) / (2 sqrt 2)
    extent = 2 * np.sqrt(2) * event.reduced_displacement * 1e-4 / (path.length_km * 1e3)
    state = source_rng.bit_generator.state
    angle = canvas.rng.uniform(0, 2 * np.pi)
    for phase, weight in enumerate((1.0, 0.8)):
        source_rng.bit_generator.state = state  # the same history in both
        x = extent * weight * resonance(event, canvas.time - arrivals[phase], source_rng)
        operator = attenuation(
            canvas.frequencies, _t_star(event, path, model, phase), canvas.sampling_rate
        )
        direction = _polarisation(
            path.slowness[phase], phase, float(np.cos(angle)), float(np.sin(angle))
        )
        canvas.add(canvas.filtered(x, operator), arrivals[phase], direction, coda=0.12, decay=3.0)
