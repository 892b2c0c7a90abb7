"""A nominal broad-band seismometer and digitiser, as poles and zeros and as StationXML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from obspy import Inventory, UTCDateTime
from obspy.core.inventory import (
    Channel,
    CoefficientsTypeResponseStage,
    Comment,
    Equipment,
    InstrumentSensitivity,
    Network as InventoryNetwork,
    PolesZerosResponseStage,
    Response,
    Site,
    Station,
)

from ..errors import ParameterError
from ..network import NetworkStation
from ..types import FloatArray

FULL_SCALE_COUNTS = 2**23 - 1
_DEG30 = 2 * np.pi * 0.02365


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A seismometer and its digitiser.

    Attributes
    ----------
    name : str
    poles, zeros : tuple of complex
        In rad/s, of ground velocity to volts.
    sensitivity : float
        V/(m/s) at ``frequency``.
    counts_per_volt : float
    frequency : float
        Hertz at which the response is exactly ``sensitivity * counts_per_volt``.
    """

    name: str
    poles: tuple[complex, ...]
    zeros: tuple[complex, ...]
    sensitivity: float
    counts_per_volt: float
    frequency: float = 1.0

    @property
    def normalization(self) -> float:
        """A0: makes the poles and zeros 1 at ``frequency``."""
        return float(1 / np.abs(self._shape(np.array([self.frequency]))[0]))

    def _shape(
        self, frequencies: FloatArray
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
        s = 2j * np.pi * np.asarray(frequencies, dtype=np.float64)
        out = np.ones(s.shape, dtype=np.complex128)
        for zero in self.zeros:
            out *= s - zero
        for pole in self.poles:
            out /= s - pole
        return out

    def response(
        self, frequencies: FloatArray
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
        """Return counts per m/s at each frequency (complex)."""
        gain = self.normalization * self.sensitivity * self.counts_per_volt
        return gain * self._shape(frequencies)

    def record(self, velocity: FloatArray, sampling_rate: float) -> FloatArray:
        """Return ground velocity (m/s) as the instrument records it (counts, not rounded).

        The samples are followed by zeros so that nothing wraps around; what
        came before the first sample is taken as rest.

        Parameters
        ----------
        velocity : ndarray, shape (n,)
            m/s.
        sampling_rate : float
            Hertz.

        Returns
        -------
        ndarray, shape (n,)
            Counts.
        """
        padded = scipy.fft.next_fast_len(velocity.size + int(10 * sampling_rate), real=True)
        spectrum = scipy.fft.rfft(velocity, padded)
        spectrum *= self.response(
            np.asarray(np.fft.rfftfreq(padded, 1 / sampling_rate), dtype=np.float64)
        )
        return np.asarray(scipy.fft.irfft(spectrum, padded)[: velocity.size], dtype=np.float64)

    def obspy_response(self, sampling_rate: float) -> Response:
        """Return the same as an obspy ``Response`` of two stages."""
        total = self.sensitivity * self.counts_per_volt
        stages = [
            PolesZerosResponseStage(
                1,
                self.sensitivity,
                self.frequency,
                "M/S",
                "V",
                "LAPLACE (RADIANS/SECOND)",
                self.frequency,
                list(self.zeros),
                list(self.poles),
                normalization_factor=self.normalization,
            ),
            CoefficientsTypeResponseStage(
                2,
                self.counts_per_volt,
                self.frequency,
                "V",
                "COUNTS",
                "DIGITAL",
                numerator=[1.0],
                denominator=[],
                decimation_input_sample_rate=sampling_rate,
                decimation_factor=1,
                decimation_offset=0,
                decimation_delay=0.0,
                decimation_correction=0.0,
            ),
        ]
        return Response(
            instrument_sensitivity=InstrumentSensitivity(total, self.frequency, "M/S", "COUNTS"),
            response_stages=stages,
        )


INSTRUMENTS: dict[str, Instrument] = {
    "CMG-3T 120 s": Instrument(
        name="CMG-3T 120 s (nominal)",
        poles=(-0.037008 + 0.037008j, -0.037008 - 0.037008j, -502.65, -1005.0, -1131.0),
        zeros=(0j, 0j),
        sensitivity=1500.0,
        counts_per_volt=1 / 1.278e-6,
    ),
    "CMG-3ESP 30 s": Instrument(
        name="CMG-3ESP 30 s (nominal)",
        poles=(
            -_DEG30 + 1j * _DEG30,
            -_DEG30 - 1j * _DEG30,
            -2 * np.pi * 180.0,
            -2 * np.pi * 160.0,
            -2 * np.pi * 80.0,
        ),
        zeros=(0j, 0j),
        sensitivity=1500.0,
        counts_per_volt=1 / 1.278e-6,
    ),
}
"""Nominal instruments by name: published poles and zeros, 1500 V/(m/s), 1.278 µV a count."""

WARNING = "SYNTHETIC: these records were computed; nothing here was measured"
UNKNOWN = (
    "nominal response of a broad-band seismometer; "
    "the instruments really used at this station are not known to this library"
)


def instrument(name: str | Instrument) -> Instrument:
    """Return an instrument by name (or as it is)."""
    if isinstance(name, Instrument):
        return name
    if name not in INSTRUMENTS:
        raise ParameterError(f"no instrument {name!r}; there are {', '.join(INSTRUMENTS)}")
    return INSTRUMENTS[name]


def channel_codes(sampling_rate: float) -> tuple[str, str, str]:
    """Return the SEED codes of Z, N, E of a broad-band sensor at a sampling rate."""
    band = "H" if sampling_rate >= 80 else "B" if sampling_rate >= 10 else "L"
    return f"{band}HZ", f"{band}HN", f"{band}HE"


def make_inventory(
    stations: Sequence[NetworkStation],
    *,
    sampling_rate: float,
    starttime: UTCDateTime,
    endtime: UTCDateTime,
    sensor: Instrument,
    notes: dict[str, str] | None = None,
) -> Inventory:
    """Return metadata of synthetic stations, labelled as such in every station.

    All dates in it are the start and end of the simulation, so that it is the
    same each time.

    Parameters
    ----------
    stations : sequence of NetworkStation
    sampling_rate : float
        Hertz; the first letter of the channel codes follows from it.
    starttime, endtime : UTCDateTime
        Epoch of stations and channels.
    sensor : Instrument
    notes : dict, optional
        ``NET.STA`` -> a further remark on the station.

    Returns
    -------
    obspy.Inventory
    """
    networks: dict[str, list[Station]] = {}
    for s in stations:
        elevation = 0.0 if np.isnan(s.elevation_m) else s.elevation_m
        channels = [
            Channel(
                code,
                "",
                latitude=s.latitude,
                longitude=s.longitude,
                elevation=elevation,
                depth=0.0,
                azimuth=azimuth,
                dip=dip,
                sample_rate=sampling_rate,
                start_date=starttime,
                end_date=endtime,
                sensor=Equipment(type="seismometer", description=f"{sensor.name}, SYNTHETIC"),
                response=sensor.obspy_response(sampling_rate),
            )
            for code, azimuth, dip in zip(
                channel_codes(sampling_rate), (0.0, 0.0, 90.0), (-90.0, 0.0, 0.0), strict=True
            )
        ]
        remarks = [WARNING, UNKNOWN]
        if notes and s.key in notes:
            remarks.append(notes[s.key])
        networks.setdefault(s.network, []).append(
            Station(
                s.station,
                s.latitude,
                s.longitude,
                elevation,
                site=Site(f"{s.station} (SYNTHETIC)"),
                channels=channels,
                start_date=starttime,
                end_date=endtime,
                creation_date=starttime,
                comments=[Comment(text) for text in remarks],
            )
        )
    return Inventory(
        networks=[
            InventoryNetwork(
                code,
                stations=members,
                description=f"{code}, SYNTHETIC records",
                start_date=starttime,
                end_date=endtime,
            )
            for code, members in networks.items()
        ],
        source="paektuseis.synthetic",
        sender="paektuseis.synthetic (SYNTHETIC)",
        created=starttime,
        module="paektuseis.synthetic",
        module_uri="",
    )
