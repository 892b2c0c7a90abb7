"""Time the continuous spectra of one channel-day beside scipy and obspy.

Usage: ``python benchmarks/bench_spectral.py [--hours 24] [--repeat 5]``

All candidates run by turns in one process and one thread; the smallest CPU
time of each is shown, and the distance of our numbers from theirs.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import obspy
import scipy.signal
from bench_channel_day import RATE, START, metadata
from obspy.signal import PPSD

import paektuseis as ps

WINDOW, HOP = 1024, 512


def record(hours: float) -> obspy.Trace:
    """Red noise as int32, with an offset; half an hour longer than asked."""
    rng = np.random.default_rng(1)
    size = round((hours + 0.5) * 3600 * RATE)
    noise = scipy.signal.lfilter([300.0], [1.0, -0.99], rng.normal(size=size))
    header = {"network": "XX", "station": "BENCH", "channel": "HHZ", "starttime": START}
    return obspy.Trace(np.rint(noise + 5000).astype(np.int32), header | {"sampling_rate": RATE})


def least(actions: dict[str, Callable[[], Any]], repeat: int) -> dict[str, tuple[float, Any]]:
    """Run actions by turns; return least CPU milliseconds and last result of each."""
    out: dict[str, tuple[float, Any]] = {}
    for turn in range(repeat + 1):  # the first compiles and imports
        for name, action in actions.items():
            begin = time.process_time()
            result = action()
            spent = (time.process_time() - begin) * 1e3
            out[name] = (min(out[name][0], spent) if turn > 1 else spent, result)
    return out


def show(group: dict[str, tuple[float, Any]]) -> None:
    """Print one group; the first is what the others are compared with."""
    base = next(iter(group.values()))[0]
    for name, (spent, _) in group.items():
        print(f"{name:<44}{spent:10.1f} ms CPU {base / spent:8.2f} x")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    whole, inventory = record(args.hours), metadata()
    end = START + args.hours * 3600
    day = whole.slice(START, end - 0.5 / RATE)
    span: dict[str, Any] = {"starttime": START, "endtime": end}
    minutes: dict[str, Any] = {"window": WINDOW / RATE, "overlap": 0.5, "average": 60.0, **span}

    def by_scipy() -> Any:
        return scipy.signal.spectrogram(
            day.data, RATE, window="hann", nperseg=WINDOW, noverlap=WINDOW - HOP
        )

    found = least(
        {
            "scipy.signal.spectrogram": by_scipy,
            "spectrogram(average=60)": lambda: ps.spectrogram(whole, **minutes),
            "ssam": lambda: ps.ssam(whole, **minutes),
            "minute_spectra (both)": lambda: ps.minute_spectra(whole, **minutes),
        },
        args.repeat,
    )
    show(found)
    gram = found["minute_spectra (both)"][1][0]
    small = least(
        {
            "octave_bands": lambda: ps.octave_bands(gram),
            "median_spectrum": lambda: ps.median_spectrum(gram),
        },
        args.repeat,
    )
    show(small)

    def by_obspy() -> Any:
        ppsd = PPSD(whole.stats, inventory)
        ppsd.add(whole)
        return ppsd

    hours = least(
        {
            "obspy PPSD() + add": by_obspy,
            "noise_psd": lambda: ps.noise_psd(whole, inventory=inventory, **span),
        },
        max(2, args.repeat // 2),
    )
    show(hours)
    theirs, ours = hours["obspy PPSD() + add"][1], hours["noise_psd"][1]
    away = np.abs(np.array(theirs.psd_values) - ours.decibels).max()
    print(f"noise_psd is within {away:.1e} dB of obspy in {ours.decibels.shape} values")


if __name__ == "__main__":
    main()
