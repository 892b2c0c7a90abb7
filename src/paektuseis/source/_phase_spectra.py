"""The spectra of P and S of an event at all stations, measured twice.

First in windows as long as the times of P and S allow; then, once the corner is roughly known, in
windows of a few of its periods: the scattered waves that follow are not the source's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from obspy import Inventory

from ..errors import MetadataError, ParameterError, WaveformError
from ._brune import JointFit, OneSpectrum, SourceShape, fit_shared_corner
from ._ground import Ground
from ._records import Sensor
from ._sites import Site
from ._spectra import LEAD_SHARE, PhaseSpectrum, phase_spectrum

WINDOWS = {"P": (0.6, 6.0), "S": (1.0, 10.0)}
"""Shortest and longest window in s."""
CYCLES = 4.0
"""Periods of the corner that a window reaches over."""
CODA_SHARE = 0.5  # of the time from P to S, straight before S: coda of P
SPAN = 3.0  # the usable band must reach from f to this many times f
FEWEST = 5  # bins


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How spectra are measured and fitted."""

    inventory: Inventory
    ground: Ground
    form: SourceShape
    freqmin: float | None
    freqmax: float | None
    min_snr: float
    kappa: float | None
    corner_ratio: float | None
    """Corner of P over that of S; None: each its own."""

    def ratio(self, phase: str) -> float:
        """Corner of a phase over the one that is sought: that of S, where the two are tied."""
        return self.corner_ratio if phase == "P" and self.corner_ratio is not None else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """The spectrum of one phase at one station."""

    sensor: Sensor
    site: Site
    phase: str
    spectrum: PhaseSpectrum
    known: tuple[float, float]
    """t* beforehand and its standard error."""
    remark: str

    @property
    def band(self) -> tuple[float, float]:
        """Lowest and highest frequency used."""
        f = self.spectrum.frequencies[self.spectrum.usable]
        return float(f[0]), float(f[-1])


def measured_spectra(
    phases: tuple[str, ...], stations: list[tuple[Sensor, Site]], how: Measure
) -> tuple[list[Measured], dict[str, JointFit], dict[str, list[str]]]:
    """Measure and fit the spectra of an event.

    Returns
    -------
    spectra : list of Measured
    fits : dict
        The joint fit of each phase; the same for both where their corners are tied.
    reasons : dict
        By station (``NET.STA``) why a phase has no spectrum.
    """
    reasons: dict[str, list[str]] = {}
    first: list[Measured] = []
    for sensor, site in stations:
        for phase in phases:
            try:
                first.append(_measured(sensor, site, phase, how, None))
            except (WaveformError, MetadataError, ParameterError) as error:
                reasons.setdefault(site.key, []).append(f"{phase}: {error}")
    rough = _fitted(first, how)
    second = []
    for one in first:
        corner = rough[one.phase].corner * how.ratio(one.phase)
        try:
            again = _measured(one.sensor, one.site, one.phase, how, corner)
        except (WaveformError, MetadataError, ParameterError):
            again = one  # too short a window for its noise: the long one stays
        second.append(again)
    return second, _fitted(second, how), reasons


def _fitted(spectra: list[Measured], how: Measure) -> dict[str, JointFit]:
    """Fit together what shares a corner; by phase, with the plateaus in the order of spectra."""
    groups = [("P", "S")] if how.corner_ratio is not None else [("P",), ("S",)]
    out: dict[str, JointFit] = {}
    for group in groups:
        mine = [m for m in spectra if m.phase in group]
        if not mine:
            continue
        fit = fit_shared_corner(
            [
                OneSpectrum(
                    frequencies=m.spectrum.frequencies[m.spectrum.usable],
                    log_signal=np.log(m.spectrum.signal[m.spectrum.usable]),
                    ratio=how.ratio(m.phase),
                    t_star=m.known[0],
                    t_star_error=m.known[1],
                )
                for m in mine
            ],
            how.form,
        )
        for phase in group:
            keep = np.array([m.phase == phase for m in mine])
            if keep.any():
                out[phase] = fit.of(keep)
    return out


def _length(site: Site, phase: str, sensor: Sensor, corner: float | None) -> float:
    """Seconds of a phase's window, or refuse."""
    if site.p is None or site.s is None:
        raise WaveformError(f"{sensor.name}: neither pick nor origin time, no window")
    gap = max(float(site.s - site.p), 0.0)
    low, high = WINDOWS[phase]
    if phase == "P":
        if gap / (1 - LEAD_SHARE) < low:
            raise WaveformError(
                f"{sensor.name}: S comes {gap:.2g} s after P, too soon for a spectrum of P"
            )
        longest = min(gap / (1 - LEAD_SHARE), high)
    else:
        longest = min(max(gap, low), high)
    picked = site.picked[0 if phase == "P" else 1]
    if corner is None or not picked:  # a predicted onset may be some tenths of a second off
        return longest
    return float(min(longest, max(low, CYCLES / corner)))


def _measured(
    sensor: Sensor, site: Site, phase: str, how: Measure, corner: float | None
) -> Measured:
    """Measure one phase at one station."""
    length = _length(site, phase, sensor, corner)
    assert site.p is not None
    assert site.s is not None
    components, scale, remark = _components(sensor, phase)
    spectrum = phase_spectrum(
        sensor,
        components,
        site.p if phase == "P" else site.s,
        site.p,
        length,
        how.inventory,
        freqmin=how.freqmin,
        freqmax=how.freqmax,
        min_snr=how.min_snr,
        scale=scale,
        earlier=CODA_SHARE * max(site.s - site.p, 0.0) if phase == "S" else 0.0,
    )
    used = spectrum.frequencies[spectrum.usable]
    if used.size < FEWEST or used[-1] < SPAN * used[0]:
        raise WaveformError(
            f"{sensor.name}: {phase} stands above the noise only from {used[0]:.3g} to "
            f"{used[-1]:.3g} Hz; {SPAN:g} times the lowest frequency is needed"
        )
    picked = site.picked[0 if phase == "P" else 1]
    notes = [remark, spectrum.remark, "" if picked else f"{phase} predicted, not picked"]
    return Measured(
        sensor=sensor,
        site=site,
        phase=phase,
        spectrum=spectrum,
        known=_t_star(site, phase, how),
        remark="; ".join(n for n in notes if n),
    )


def _components(sensor: Sensor, phase: str) -> tuple[list[str], float, str]:
    """Components that are read, the factor for those missing, and a remark."""
    horizontal = sensor.horizontals
    vertical = ["Z"] if "Z" in sensor.pieces else []
    if len(horizontal) >= 2:
        return vertical + horizontal[:2], 1.0, "" if vertical else "no vertical"
    if phase == "P":
        if not vertical:
            raise WaveformError(f"{sensor.name}: no vertical component for P")
        return vertical, 1.0, "vertical only"
    if not horizontal:
        raise WaveformError(f"{sensor.name}: no horizontal component for S")
    return horizontal, sqrt(2.0), "one horizontal, times root 2"


def _t_star(site: Site, phase: str, how: Measure) -> tuple[float, float]:
    """What is known of t* beforehand: mean and standard error (s)."""
    q = how.ground.q[phase]
    if q is None or how.kappa is None:
        return nan, float("inf")
    arrival = site.p if phase == "P" else site.s
    travel = site.hypocentral_km * 1e3 / how.ground.source[0 if phase == "P" else 1]
    if site.origin is not None and arrival is not None and arrival - site.origin > 0:
        travel = arrival - site.origin
    known = travel / q + how.kappa
    return (known, 0.0) if isfinite(known) else (nan, float("inf"))
