"""Response removal of one channel-day, ours against obspy's, in the same run.

Usage: python benchmarks/response.py [--hours 24] [--rate 100] [--repeats 3] [--stages paz|fir]

Runs in turn obspy's, ours over the whole record and ours with a filter of finite memory, all
with the same pre_filt, and prints the least CPU seconds of each, the ratios to obspy's, the
largest difference in the inner part (relative to the standard deviation there) and the peak
memory ours take above the record and its result. With ``--stages fir`` obspy evaluates three
FIR stages at millions of frequencies: half a minute for a day at 100 Hz, so it runs once.
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


def peak() -> float:
    """Largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=float, default=600.0)
    parser.add_argument("--stages", choices=("paz", "fir"), default="fir")
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
    if options.stages == "paz":
        response = inventory[0][0][0].response
        response.response_stages = response.response_stages[:2]
    nyquist = options.rate / 2
    pre_filt = (0.01, 0.02, 0.8 * nyquist, 0.88 * nyquist)
    size = count * 8 / 2**20

    def theirs() -> Trace:
        return trace.copy().remove_response(inventory, pre_filt=pre_filt, water_level=None)

    def whole() -> Trace:
        return ps.remove_response(trace, inventory, pre_filt=pre_filt)[0]

    def finite() -> Trace:
        return ps.remove_response(trace, inventory, pre_filt=pre_filt, memory=options.memory)[0]

    first = trace.slice(endtime=START + 60)  # compiles the kernels, not the curve of this band
    for memory in (None, options.memory):
        ps.remove_response(first, inventory, pre_filt=pre_filt, output="DISP", memory=memory)
    least: dict[str, float] = {}
    taken: dict[str, float] = {}
    result = {}
    for turn in range(options.repeats):
        for run in (finite, whole, theirs):  # the frugal first: peak memory only rises
            if run is theirs and options.stages == "fir" and turn:
                continue
            name, before = run.__name__, peak()
            tick = time.process_time()
            out = run()
            spent = time.process_time() - tick
            if not turn:
                result[name] = out
                taken[name] = peak() - before - size
                print(f"{name:7} first call {spent:8.3f} s")
            least[name] = min(spent, least.get(name, np.inf))
            del out

    inner = slice(int(0.03 * count), int(0.97 * count))
    truth = result["theirs"].data[inner]
    print(f"{count} samples ({options.hours:g} h at {options.rate:g} Hz), pre_filt={pre_filt}")
    for name, seconds in least.items():
        miss = np.abs(result[name].data[inner] - truth).max() / truth.std()
        print(
            f"{name:7} {seconds:8.3f} s CPU, obspy / this {least['theirs'] / seconds:7.1f}, "
            f"difference {miss:.1e}, memory beyond the result {max(taken[name], 0.0):5.0f} MB"
        )


if __name__ == "__main__":
    main()
