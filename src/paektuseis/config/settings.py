"""The settings themselves: frozen, keyword-only, each with unit and meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, get_args

from ..errors import ConfigError
from ._fields import band, one_of, positive, setting, share
from .understanding import (
    ClassSettings,
    FamilySettings,
    LocationSettings,
    MagnitudeSettings,
    PickSettings,
)

Method = Literal["classic", "recursive", "delayed", "z", "carl"]
Statistic = Literal["mean_abs", "median_abs", "rms", "max_abs"]
Detrend = Literal["demean", "linear"]
METHODS: tuple[str, ...] = get_args(Method)
STATISTICS: tuple[str, ...] = get_args(Statistic)
RATIOS = ("vlar", "lrar", "rmar", "dsar")
SSAM_EDGES = (
    *(0.5 * i for i in range(1, 11)),
    *(float(i) for i in range(6, 11)),
    *(float(i) for i in range(12, 21, 2)),
)


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which records are read and how they are prepared."""

    trace_ids: tuple[str, ...] = setting(
        ("*.?H?", "*.?L?", "*.?N?", "*.?P?"), "", "trace ids to use (wildcards)"
    )
    measured: str = setting(
        "*Z", "", "channels with continuous amplitudes, spectra and a page (wildcards)"
    )
    detrend: Detrend = setting(  # noqa: RUF009
        "demean", "", "of an event's window before it is measured: demean or linear"
    )
    physical_units: bool = setting(
        True, "", "remove the instrument response where metadata hold one; else stay in counts"
    )
    response_freqmin: float = setting(
        0.02, "Hz", "lower edge of the flat band of the response removal"
    )
    response_freqmax: float = setting(
        0.8, "share of Nyquist", "upper edge of the flat band of the response removal"
    )
    response_memory: float = setting(
        600.0,
        "s",
        "continuous records: a sample in physical units depends on so much record on either side",
    )

    def __post_init__(self) -> None:
        one_of("data", "detrend", self.detrend, ("demean", "linear"))
        positive(
            "data",
            response_freqmin=self.response_freqmin,
            response_memory=self.response_memory,
        )
        if not 0 < self.response_freqmax <= 0.9:
            raise ConfigError(
                f"data.response_freqmax={self.response_freqmax}: a share of Nyquist, at most 0.9"
            )


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """One STA/LTA network detector in one band."""

    name: str = setting("vt", "", "name of the detector, part of the event ids")
    channels: str = setting("*Z", "", "trace ids it listens to (wildcards)")
    freqmin: float = setting(5.0, "Hz", "lower corner of the band-pass")
    freqmax: float = setting(20.0, "Hz", "upper corner of the band-pass")
    corners: int = setting(4, "", "order of the Butterworth filter")
    method: Method = setting(  # noqa: RUF009
        "recursive", "", "characteristic function: " + ", ".join(METHODS)
    )
    sta: float = setting(0.5, "s", "short window")
    lta: float = setting(20.0, "s", "long window")
    thr_on: float = setting(3.5, "ratio", "switches a trigger on")
    thr_off: float = setting(1.5, "ratio", "switches it off")
    freeze: bool = setting(
        False, "", "hold the long window while triggered (small events soon after large ones)"
    )
    min_duration: float = setting(0.0, "s", "shorter triggers are dropped")
    dead_time: float = setting(0.0, "s", "no new trigger within this time after one")
    min_stations: int = setting(
        0,
        "stations",
        "stations that must agree; 0 = two thirds of those with data, at least 3 of them",
    )
    window: float = setting(3.0, "s", "onsets this close belong together (plus move-out)")
    velocity: float = setting(
        5.0, "km/s", "slowest expected crossing of the network: move-out = distance / velocity"
    )

    def __post_init__(self) -> None:
        where = f"detector {self.name!r}"
        if not self.name or not all(c.isalnum() or c in "-_" for c in self.name):
            raise ConfigError(f"{where}: use letters, digits, - and _ in a detector's name")
        positive(
            where,
            freqmin=self.freqmin,
            freqmax=self.freqmax,
            corners=self.corners,
            sta=self.sta,
            lta=self.lta,
            thr_on=self.thr_on,
            velocity=self.velocity,
        )
        band(where, self.freqmin, self.freqmax)
        one_of(where, "method", self.method, METHODS)
        if self.sta >= self.lta:
            raise ConfigError(f"{where}: sta={self.sta} s must be shorter than lta={self.lta} s")
        if self.method in ("classic", "recursive") and self.thr_on >= self.lta / self.sta:
            raise ConfigError(
                f"{where}: thr_on={self.thr_on} can never be reached, the ratio's ceiling is "
                f"lta/sta={self.lta / self.sta:g}; lower thr_on or lengthen lta"
            )
        if self.thr_off > self.thr_on:
            raise ConfigError(f"{where}: thr_off={self.thr_off} is above thr_on={self.thr_on}")
        if self.min_stations < 0 or self.window < 0 or self.min_duration < 0 or self.dead_time < 0:
            raise ConfigError(
                f"{where}: min_stations, window, min_duration and dead_time cannot be negative"
            )


@dataclass(frozen=True, kw_only=True)
class AmplitudeSettings:
    """Continuous amplitude."""

    window: float = setting(600.0, "s", "length of an RSAM window")
    statistic: Statistic = setting(  # noqa: RUF009
        "mean_abs", "", "statistic: " + ", ".join(STATISTICS)
    )
    freqmin: float | None = setting(1.0, "Hz", "lower corner of the band, none = open")
    freqmax: float | None = setting(16.0, "Hz", "upper corner of the band, none = open")
    min_coverage: float = setting(0.8, "share", "below it a window has no value")

    def __post_init__(self) -> None:
        positive("amplitude", window=self.window)
        one_of("amplitude", "statistic", self.statistic, STATISTICS)
        band("amplitude", self.freqmin, self.freqmax)
        share("amplitude", min_coverage=self.min_coverage)


@dataclass(frozen=True, kw_only=True)
class RatioSettings:
    """Ratios of amplitudes in neighbouring bands."""

    names: tuple[str, ...] = setting(
        ("vlar", "lrar", "rmar", "dsar"), "", "which of " + ", ".join(RATIOS)
    )
    window: float = setting(600.0, "s", "length of a window")
    statistic: Statistic = setting(  # noqa: RUF009
        "median_abs",
        "",
        "amplitude: median_abs shows the background, mean_abs mostly the earthquakes",
    )
    min_coverage: float = setting(0.8, "share", "below it a window has no value")

    def __post_init__(self) -> None:
        positive("ratios", window=self.window)
        for name in self.names:
            one_of("ratios", "names", name, RATIOS)
        one_of("ratios", "statistic", self.statistic, STATISTICS)
        share("ratios", min_coverage=self.min_coverage)


@dataclass(frozen=True, kw_only=True)
class SpectralSettings:
    """Continuous spectra."""

    window: float = setting(10.24, "s", "length of one transformed piece of the spectrogram")
    overlap: float = setting(0.5, "share", "overlap of the pieces")
    average: float = setting(60.0, "s", "pieces averaged into one column; 0 = none")
    psd_window: float = setting(60.0, "s", "length of one piece of the station's spectrum")
    ssam_edges: tuple[float, ...] = setting(
        SSAM_EDGES, "Hz", "edges of the bands of spectral amplitude (SSAM); empty = none"
    )
    per_octave: int = setting(
        12, "bands", "spectra kept by an archive run: bands in an octave, 0 = every frequency"
    )
    noise: bool = setting(True, "", "hourly noise densities (PPSD)")

    def __post_init__(self) -> None:
        positive("spectra", window=self.window, psd_window=self.psd_window)
        edges = self.ssam_edges
        if len(edges) == 1 or any(b <= a for a, b in pairwise(edges)) or any(e < 0 for e in edges):
            raise ConfigError(f"spectra.ssam_edges={list(edges)}: give rising frequencies in Hz")
        if not 0 <= self.per_octave <= 48:
            raise ConfigError(f"spectra.per_octave={self.per_octave}: a number from 0 to 48")
        if not 0 <= self.overlap < 1:
            raise ConfigError(f"spectra.overlap={self.overlap}: at least 0 and below 1")
        if self.average and self.average < self.window:
            raise ConfigError(
                f"spectra.average={self.average} s is shorter than window={self.window} s"
            )


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """What is measured on each event."""

    before: float = setting(15.0, "s", "record kept before the onset")
    after: float = setting(30.0, "s", "record kept after the end")
    merge_gap: float = setting(5.0, "s", "detections of different bands this close are one event")
    fi_low: tuple[float, float] = setting((1.0, 2.0), "Hz", "frequency index: lower band")
    fi_high: tuple[float, float] = setting((10.0, 20.0), "Hz", "frequency index: upper band")
    spectrum_freqmin: float = setting(1.0, "Hz", "spectral measures: lower end")
    spectrum_freqmax: float | None = setting(
        None, "Hz", "spectral measures: upper end, none = 0.8 of Nyquist"
    )

    def __post_init__(self) -> None:
        positive("events", before=self.before, after=self.after)
        for name in ("fi_low", "fi_high"):
            pair = getattr(self, name)
            if len(pair) != 2:
                raise ConfigError(f"events.{name}={pair}: give two frequencies in Hz")
            band(f"events.{name}", *pair)
        band("events.spectrum", self.spectrum_freqmin, self.spectrum_freqmax)


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """Which pages are drawn."""

    stations: bool = setting(True, "", "a page for each vertical channel")
    events: bool = setting(True, "", "a page for each event")
    max_events: int = setting(200, "pages", "no more event pages than this, strongest first")
    dpi: int = setting(110, "dots/inch", "resolution of the PNG pages")
    interval: float = setting(0.0, "s", "time along one helicorder line; 0 = by length")

    def __post_init__(self) -> None:
        positive("pages", dpi=self.dpi)


DEFAULT_DETECTORS: tuple[DetectorSettings, ...] = (
    DetectorSettings(name="vt"),
    DetectorSettings(
        name="lp",
        freqmin=0.5,
        freqmax=5.0,
        sta=2.0,
        lta=40.0,
        thr_on=4.0,
        thr_off=1.5,
        window=5.0,
        velocity=2.5,
    ),
    DetectorSettings(
        name="far",
        freqmin=0.1,
        freqmax=0.5,
        sta=5.0,
        lta=100.0,
        thr_on=4.0,
        thr_off=1.5,
        window=10.0,
        velocity=3.5,
    ),
    DetectorSettings(
        name="vlp",
        freqmin=0.02,
        freqmax=0.1,
        sta=10.0,
        lta=120.0,
        thr_on=3.5,
        thr_off=1.5,
        window=20.0,
        velocity=2.5,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a run.

    Attributes
    ----------
    data : DataSettings
        Which records are read and how they are prepared.
    detectors : tuple of DetectorSettings
        At least one, each with a name of its own.
    amplitude : AmplitudeSettings
        Continuous amplitude.
    ratios : RatioSettings
        Ratios of amplitudes in neighbouring bands.
    spectra : SpectralSettings
        Continuous spectra.
    events : EventSettings
        What is measured on each event.
    picks, location, magnitudes, classes, families : PickSettings and others
        From detections to understood events.
    pages : PageSettings
        Which pages are drawn.
    """

    data: DataSettings = DataSettings()
    detectors: tuple[DetectorSettings, ...] = DEFAULT_DETECTORS
    amplitude: AmplitudeSettings = AmplitudeSettings()
    ratios: RatioSettings = RatioSettings()
    spectra: SpectralSettings = SpectralSettings()
    events: EventSettings = EventSettings()
    picks: PickSettings = field(default_factory=PickSettings)
    location: LocationSettings = field(default_factory=LocationSettings)
    magnitudes: MagnitudeSettings = field(default_factory=MagnitudeSettings)
    classes: ClassSettings = field(default_factory=ClassSettings)
    families: FamilySettings = field(default_factory=FamilySettings)
    pages: PageSettings = PageSettings()

    def __post_init__(self) -> None:
        if not self.detectors:
            raise ConfigError("detectors: at least one is needed")
        names = [d.name for d in self.detectors]
        if len(set(names)) != len(names):
            raise ConfigError(f"detectors: the names {names} are not all different")
