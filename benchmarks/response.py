"""Response removal of one channel-day, ours against obspy's, in the same run.

Usage: python benchmarks/response.py [--hours 24] [--rate 100]

Prints wall seconds of both, their ratio, the largest difference in the part neither tapers
(relative to the peak) and the peak memory that ours takes above the record itself.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from obspy import Trace, UTCDateTime
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
from scipy.signal import firwin

import paektuseis as ps

START = UTCDateTime(2010, 9, 1)


def broadband(rate: float) -> Inventory:
    """A 120-s sensor, a 24-bit digitiser and three decimating FIR filters."""
    w = 2 * np.pi / 120
    poles = [complex(-0.707, 0.707) * w, complex(-0.707, -0.707) * w, -430 + 460j, -430 - 460j]
    s = 2j * np.pi
    norm = float(abs(np.prod(s - np.array(poles)) / s**2))
    at = 16 * rate
    stages = [
        PolesZerosResponseStage(
            1,
            1500.0,
            1.0,
            "M/S",
            "V",
            "LAPLACE (RADIANS/SECOND)",
            1.0,
            [0j, 0j],
            poles,
            normalization_factor=norm,
        ),
        CoefficientsTypeResponseStage(
            2,
            419430.0,
            1.0,
            "V",
            "COUNTS",
            "DIGITAL",
            numerator=[1.0],
            denominator=[],
            decimation_input_sample_rate=at,
            decimation_factor=1,
            decimation_offset=0,
            decimation_delay=0.0,
            decimation_correction=0.0,
        ),
    ]
    for number, (factor, taps) in enumerate(((4, 60), (2, 80), (2, 120)), start=3):
        h = firwin(taps, 0.93 / factor)  # falls between 0.87 and 1 of the last Nyquist
        delay = (taps - 1) / 2 / at
        stages.append(
            CoefficientsTypeResponseStage(
                number,
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
                decimation_delay=delay,
                decimation_correction=delay,
            )
        )
        at /= factor
    response = Response(
        instrument_sensitivity=InstrumentSensitivity(1500.0 * 419430.0, 1.0, "M/S", "COUNTS"),
        response_stages=stages,
    )
    channel = Channel("HHZ", "", 42.0, 128.1, 2000.0, 0.0, sample_rate=rate, response=response)
    station = Station("JGPD", 42.0, 128.1, 2000.0, channels=[channel])
    return Inventory(networks=[Network("1U", stations=[station])], source="benchmark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=100.0)
    options = parser.parse_args()
    count = int(options.hours * 3600 * options.rate)
    rng = np.random.default_rng(1)
    samples = np.rint(2000 * rng.standard_normal(count)).astype(np.int32)
    trace = Trace(
        samples,
        {
            "network": "1U",
            "station": "JGPD",
            "channel": "HHZ",
            "sampling_rate": options.rate,
            "starttime": START,
        },
    )
    inventory = broadband(options.rate)
    nyquist = options.rate / 2
    pre_filt = (0.02, 0.05, 0.8 * nyquist, 0.9 * nyquist)

    first = trace.slice(endtime=START + 60)  # compiles the kernels, not the curve of this band
    ps.remove_response(first, inventory, pre_filt=pre_filt, output="DISP")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tick = time.perf_counter()
    mine = ps.remove_response(trace, inventory, pre_filt=pre_filt)[0]
    ours = time.perf_counter() - tick
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    tick = time.perf_counter()
    ps.remove_response(trace, inventory, pre_filt=pre_filt)
    again = time.perf_counter() - tick

    theirs = trace.copy()
    tick = time.perf_counter()
    theirs.remove_response(inventory, pre_filt=pre_filt, water_level=None)
    obspy = time.perf_counter() - tick
    inner = slice(int(0.03 * count), int(0.97 * count))
    peak = np.abs(theirs.data[inner]).max()
    miss = np.abs(mine.data - theirs.data)[inner].max() / peak

    print(f"{count} samples ({options.hours:g} h at {options.rate:g} Hz), pre_filt={pre_filt}")
    print(f"paektuseis {ours:8.2f} s (curve evaluated), {again:.2f} s (curve known)")
    print(f"obspy      {obspy:8.2f} s")
    print(f"ratio      {obspy / ours:8.1f}")
    print(f"largest difference {miss:.1e} of the peak; memory above the record {memory:.0f} MB")


if __name__ == "__main__":
    main()
