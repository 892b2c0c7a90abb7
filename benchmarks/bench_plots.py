"""Pages of a day, ours beside obspy's, and the time `paektuseis --help` takes.

Usage: python benchmarks/bench_plots.py [--hours 24] [--repeats 4]

Ours and obspy's run in turn in one process; printed are the least CPU milliseconds of each and
their ratio. A figure counts from its samples to the PNG on disk at 100 dots per inch. obspy draws a
day in lines of 15 minutes by default, ours of 30: both are shown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps

START = UTCDateTime(2010, 9, 1)
RATE = 100.0


def record(hours: float) -> Trace:
    """Noise with some sixty events a day, as integers."""
    rng = np.random.default_rng(1)
    size = round(hours * 3600 * RATE)
    data = rng.normal(scale=100.0, size=size)
    for at in rng.integers(0, max(size - 6000, 1), round(2.5 * hours)):
        shape = np.exp(-np.arange(6000) / 1200.0) * rng.normal(size=6000)
        data[at : at + 6000] += 10 ** rng.uniform(2.3, 4.0) * shape[: size - at]
    header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": RATE}
    return Trace(data.astype(np.int32), {**header, "starttime": START})


def least(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the least CPU milliseconds of each, run in turn."""
    best = dict.fromkeys(works, np.inf)
    for _ in range(repeats):
        for name, work in works.items():
            begin = time.process_time()
            work()
            best[name] = min(best[name], 1000 * (time.process_time() - begin))
    return best


def start_up(command: list[str], repeats: int) -> float:
    """Return the least wall milliseconds a command takes from start to end."""
    best = np.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, 1000 * (time.perf_counter() - begin))
    return best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    trace = record(options.hours)
    stream = Stream([trace])
    gram = ps.spectrogram(stream, window=10.24, overlap=0.5, average=60.0)
    rsam = ps.rsam(stream, window=600.0)
    psd = ps.power_spectral_density(stream, window=60.0)
    quality = ps.check_waveforms(stream)
    filtered = ps.bandpass(ps.preprocess(stream), freqmin=1.0, freqmax=20.0)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)

        def save(figure: object, dpi: float = 100.0) -> None:
            ps.save_figure(figure, out / "ours.png", dpi=dpi)  # type: ignore[arg-type]

        def dayplot(**extra: object) -> None:
            trace.plot(type="dayplot", outfile=str(out / "obspy.png"), **extra)

        def ours_spectrogram() -> None:
            fresh = ps.spectrogram(stream, window=10.24, overlap=0.5, average=60.0)
            save(ps.plot_spectrogram(fresh).figure)

        def obspy_spectrogram() -> None:
            trace.spectrogram(
                wlen=10.24, per_lap=0.5, mult=None, outfile=str(out / "obspy.png"), fmt="png"
            )

        def page() -> None:
            figure = ps.station_summary(
                filtered, spectrogram=gram, rsam=rsam, psd=psd, quality=quality
            )
            save(figure, 150.0)

        works: dict[str, Callable[[], object]] = {
            "drum, default rows": lambda: save(ps.plot_helicorder(trace).figure),
            "obspy dayplot, default rows": dayplot,
            "drum, rows of 15 min": lambda: save(ps.plot_helicorder(trace, interval=900.0).figure),
            "obspy dayplot, rows of 30 min": lambda: dayplot(interval=30),
            "spectrogram, computed and drawn": ours_spectrogram,
            "obspy spectrogram, the same": obspy_spectrogram,
            "spectrogram, drawn": lambda: save(ps.plot_spectrogram(gram).figure),
            "station page, drawn (150 dpi)": page,
        }
        for work in works.values():
            work()  # imports, compiled code and the font cache do not count
        best = least(works, options.repeats)
    print(f"{options.hours:g} h at {RATE:g} Hz, least of {options.repeats}, CPU ms")
    for name, value in best.items():
        print(f"  {name:34s} {value:8.0f}")
    print("obspy / ours")
    for ours, theirs in (
        ("drum, default rows", "obspy dayplot, default rows"),
        ("drum, rows of 15 min", "obspy dayplot, default rows"),
        ("drum, default rows", "obspy dayplot, rows of 30 min"),
        ("spectrogram, computed and drawn", "obspy spectrogram, the same"),
    ):
        print(f"  {theirs} / {ours}: {best[theirs] / best[ours]:.1f}")
    bare = start_up([sys.executable, "-c", "pass"], 7)
    code = "from paektuseis.cli.app import run; run(['--help'])"
    shown = start_up([sys.executable, "-c", code], 7)
    print(f"--help: {shown:.0f} ms wall, {shown - bare:.0f} more than bare Python")


if __name__ == "__main__":
    main()
