"""Time the main verbs on one channel-day (24 h, 100 Hz), beside obspy where it has the same.

Usage: ``python benchmarks/bench_channel_day.py [--hours 24] [--repeat 3]``

Each step runs once untimed with a minute of data (compilation, imports), then
``repeat`` times; the best time is shown, with the largest memory that Python
objects took during the step. Everything runs in one process and one thread.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import obspy
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

import paektuseis as ps

RATE = 100.0
START = obspy.UTCDateTime(2014, 1, 1)
PRE_FILT = (0.02, 0.05, 40.0, 45.0)


def record(hours: float) -> obspy.Trace:
    """White noise of 1000 counts as int32."""
    rng = np.random.default_rng(1)
    data = np.rint(rng.normal(scale=1000.0, size=round(hours * 3600 * RATE))).astype(np.int32)
    header = {"network": "XX", "station": "BENCH", "channel": "HHZ"}
    return obspy.Trace(data, {**header, "sampling_rate": RATE, "starttime": START})


def metadata() -> Inventory:
    """A broadband sensor of 120 s in poles and zeros, 1e9 counts per m/s."""
    poles = [-0.037 + 0.037j, -0.037 - 0.037j, -251.3 + 0j]
    at_1_hz = 2j * np.pi
    response = Response.from_paz(
        zeros=[0j, 0j],
        poles=poles,
        stage_gain=1e9,
        normalization_frequency=1.0,
        normalization_factor=float(abs(np.prod(at_1_hz - np.array(poles)) / at_1_hz**2)),
    )
    channel = Channel(
        "HHZ", "", 42.0, 128.1, 2000.0, 0.0, sample_rate=RATE, response=response,
        azimuth=0.0, dip=-90.0, start_date=START - 86400, end_date=START + 10 * 86400,
    )  # fmt: skip
    station = Station("BENCH", 42.0, 128.1, 2000.0, channels=[channel])
    return Inventory([Network("XX", [station])], source="benchmark")


def best(action: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Return the best wall time in seconds and the peak of traced memory in MB."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return min(times), peak


def steps(trace: obspy.Trace, inventory: Inventory) -> dict[str, tuple[Any, Any]]:
    """Return for each step our action and obspy's (or None)."""
    demeaned = ps.preprocess(trace)[0]
    filtered = ps.bandpass(demeaned, freqmin=2, freqmax=15)
    cf = ps.sta_lta(filtered, sta=0.5, lta=20, method="recursive")
    floats = filtered[0].copy()

    def obspy_response() -> obspy.Trace:
        return trace.copy().remove_response(
            inventory, output="VEL", pre_filt=PRE_FILT, water_level=None
        )

    def ours(method: str) -> Callable[[], Any]:
        return lambda: ps.sta_lta(filtered, sta=0.5, lta=20, method=method)  # type: ignore[arg-type]

    return {
        "preprocess": (lambda: ps.preprocess(trace), lambda: trace.copy().detrend("demean")),
        "bandpass 2-15 Hz": (
            lambda: ps.bandpass(demeaned, freqmin=2, freqmax=15),
            lambda: demeaned.copy().filter("bandpass", freqmin=2, freqmax=15),
        ),
        "sta_lta classic": (
            ours("classic"),
            lambda: floats.copy().trigger("classicstalta", sta=0.5, lta=20),
        ),
        "sta_lta recursive": (
            ours("recursive"),
            lambda: floats.copy().trigger("recstalta", sta=0.5, lta=20),
        ),
        "sta_lta delayed": (ours("delayed"), None),
        "sta_lta z": (ours("z"), None),
        "sta_lta carl": (ours("carl"), None),
        "trigger_onsets": (lambda: ps.trigger_onsets(cf, thr_on=4, thr_off=1.5), None),
        "check_waveforms": (lambda: ps.check_waveforms(trace), None),
        "remove_response": (
            lambda: ps.remove_response(trace, inventory, output="VEL", pre_filt=PRE_FILT),
            obspy_response,
        ),
        "rsam 600 s": (lambda: ps.rsam(trace, window=600), None),
        "power_spectral_density": (lambda: ps.power_spectral_density(trace, window=60), None),
        "spectrogram, 1-min columns": (
            lambda: ps.spectrogram(trace, window=10.24, overlap=0.5, average=60),
            None,
        ),
    }


def main() -> None:
    """Print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    inventory = metadata()
    for ours, theirs in steps(record(0.05), inventory).values():
        ours()
        if theirs is not None:
            theirs()
    print(
        f"Python {sys.version.split()[0]}, obspy {obspy.__version__}, numpy {np.__version__}, "
        f"paektuseis {ps.__version__}; {options.hours:g} h at {RATE:g} Hz"
    )
    print(f"{'step':<28}{'s':>9}{'peak MB':>9}{'obspy s':>9}{'peak MB':>9}{'ratio':>7}")
    for name, (ours, theirs) in steps(record(options.hours), inventory).items():
        seconds, memory = best(ours, options.repeat)
        line = f"{name:<28}{seconds:9.3f}{memory:9.0f}"
        if theirs is not None:
            # obspy's response removal takes many seconds: once is enough
            other, other_memory = best(theirs, 1 if name == "remove_response" else options.repeat)
            line += f"{other:9.3f}{other_memory:9.0f}{other / seconds:7.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
