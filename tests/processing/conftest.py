"""Instruments with known responses."""

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.inventory import (
    Channel,
    CoefficientsTypeResponseStage,
    InstrumentSensitivity,
    Inventory,
    Network,
    PolesZerosResponseStage,
    Response,
    Station,
)

GAIN = 1500.0  # V s/m
COUNTS = 419_430.0  # counts/V


def _sensor_poles(period=120.0, damping=0.707):
    w = 2 * np.pi / period
    return [
        complex(-damping * w, w * np.sqrt(1 - damping**2)),
        complex(-damping * w, -w * np.sqrt(1 - damping**2)),
        -430.0 + 460j,
        -430.0 - 460j,
    ]


def _make_response(
    *, units="M/S", gain=GAIN, sensitivity=None, a0=None, rate=100.0, fir=True, poles=None
):
    poles = _sensor_poles() if poles is None else poles
    zeros = [0j, 0j]
    s = 2j * np.pi * 1.0
    with np.errstate(all="ignore"):
        norm = float(abs(np.prod(s - np.array(poles)) / np.prod(s - np.array(zeros))))
    stages = [
        PolesZerosResponseStage(
            1,
            gain,
            1.0,
            units,
            "V",
            "LAPLACE (RADIANS/SECOND)",
            1.0,
            zeros,
            poles,
            normalization_factor=norm if a0 is None else a0,
        ),
        CoefficientsTypeResponseStage(
            2,
            COUNTS,
            1.0,
            "V",
            "COUNTS",
            "DIGITAL",
            numerator=[1.0],
            denominator=[],
            decimation_input_sample_rate=rate * (16 if fir else 1),
            decimation_factor=1,
            decimation_offset=0,
            decimation_delay=0.0,
            decimation_correction=0.0,
        ),
    ]
    if fir:
        from scipy.signal import firwin

        at = rate * 16
        for k, (factor, taps) in enumerate(((4, 60), (2, 80), (2, 120))):
            h = firwin(taps, 0.93 / factor)  # falls between 0.87 and 1 of the last Nyquist
            stages.append(
                CoefficientsTypeResponseStage(
                    3 + k,
                    1.0,
                    1.0,
                    "COUNTS",
                    "COUNTS",
                    "DIGITAL",
                    numerator=list(h / h.sum()),
                    denominator=[],
                    decimation_input_sample_rate=at,
                    decimation_factor=factor,
                    decimation_offset=0,
                    decimation_delay=(taps - 1) / 2 / at,
                    decimation_correction=(taps - 1) / 2 / at,
                )
            )
            at /= factor
    total = gain * COUNTS if sensitivity is None else sensitivity
    return Response(
        instrument_sensitivity=InstrumentSensitivity(total, 1.0, units, "COUNTS"),
        response_stages=stages,
    )


def _make_inventory(*channels, station="JGPD"):
    """Inventory of (code, response, start, end[, azimuth, dip]) in 1U."""
    made = []
    for code, response, start, end, *direction in channels:
        azimuth, dip = direction or (0.0, -90.0)
        made.append(
            Channel(
                code,
                "",
                41.99,
                128.08,
                2648.0,
                0.0,
                azimuth=azimuth,
                dip=dip,
                sample_rate=100.0,
                start_date=None if start is None else UTCDateTime(start),
                end_date=None if end is None else UTCDateTime(end),
                response=response,
            )
        )
    site = Station(station, 41.99, 128.08, 2648.0, channels=made, creation_date=None)
    return Inventory(networks=[Network("1U", stations=[site])], source="tests")


@pytest.fixture
def sensor_poles():
    return _sensor_poles


@pytest.fixture
def make_response():
    return _make_response


@pytest.fixture
def make_inventory():
    return _make_inventory


@pytest.fixture
def inventory():
    return _make_inventory(("HHZ", _make_response(), "2010-01-01", None))
