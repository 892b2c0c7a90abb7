"""Each stage of a channel-day beside what ObsPy or SciPy offer for it, in one process.

Both sides in turn (A B, B A, ...), least CPU time of several. ``anchor`` is a pair of CPU
milliseconds measured once on one machine, theirs and that of the best sketch; a stage is wanted
no slower than 1.5 times that sketch, as a ratio to theirs.
"""

from __future__ import annotations

import io
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

Action = Callable[[], Any]
WORN = 4.0  # s; what takes longer than this is run once


@dataclass(frozen=True)
class Stage:
    """One stage: what it is called, the anchors in ms, and how to get its two sides ready."""

    name: str
    anchor: tuple[float, float]
    sides: Callable[[Context], tuple[Action, Action]]
    slow: bool = False

    @property
    def wanted(self) -> float:
        """The ratio to reach."""
        return self.anchor[0] / (1.5 * self.anchor[1])


class Context:
    """One channel-day of an archive, in the forms the stages take."""

    def __init__(self, archive: Path, trace_id: str, start: str, hours: float) -> None:
        from obspy import UTCDateTime, read_inventory
        from obspy.clients.filesystem.sds import Client

        import paektuseis as ps

        self.ps = ps
        self.trace_id = trace_id
        self.start = UTCDateTime(start)
        self.end = self.start + 3600 * hours
        self.client = Client(str(archive / "sds"))
        self.archive = ps.Archive(archive / "sds")
        self.inventory = read_inventory(str(archive / "stations.xml"))
        stream = self.theirs_read()
        self.trace = max(stream, key=lambda t: t.stats.npts)
        self.rate = float(self.trace.stats.sampling_rate)
        self.samples = self.trace.data.astype(np.float64)
        self.samples -= self.samples.mean()
        self.pre_filt = (0.01, 0.02, 0.4 * self.rate, 0.44 * self.rate)
        self.folder = Path(tempfile.mkdtemp(prefix="paektuseis-bench-"))

    def theirs_read(self, length: float | None = None) -> Any:
        """Read with ObsPy's client."""
        end = self.end if length is None else self.start + 3600 + length
        begin = self.start if length is None else self.start + 3600
        return self.client.get_waveforms(*self.trace_id.split("."), begin, end - 0.5 / 100)

    def picture(self) -> Path:
        """Return a name for a picture."""
        return self.folder / "picture.png"


def _read(c: Context) -> tuple[Action, Action]:
    return c.theirs_read, lambda: c.archive.read(c.trace_id, c.start, c.end)


def _window(c: Context) -> tuple[Action, Action]:
    at = c.start + 3600
    return lambda: c.theirs_read(60.0), lambda: c.archive.read(c.trace_id, at, at + 60)


def _line(c: Context) -> tuple[Action, Action]:
    return (
        lambda: c.trace.copy().detrend("linear"),
        lambda: c.ps.preprocess(c.trace, detrend="linear"),
    )


def _detector(c: Context) -> tuple[Action, Action]:
    from obspy.signal.trigger import recursive_sta_lta, trigger_onset

    one = c.ps.Settings().detectors[0]
    nsta, nlta = round(one.sta * c.rate), round(one.lta * c.rate)

    def theirs() -> Any:
        trace = c.trace.copy()
        trace.detrend("demean")
        trace.filter("bandpass", freqmin=one.freqmin, freqmax=one.freqmax, corners=4)
        return trigger_onset(recursive_sta_lta(trace.data, nsta, nlta), one.thr_on, one.thr_off)

    return theirs, lambda: c.ps.detect_triggers(c.trace, [one])


def _minutes(c: Context) -> tuple[Action, Action]:
    from scipy.signal import spectrogram

    return (
        lambda: spectrogram(c.samples, c.rate, nperseg=1024, noverlap=512),
        lambda: c.ps.spectrogram(c.trace, window=1024 / c.rate, overlap=0.5, average=60.0),
    )


def _bands(c: Context) -> tuple[Action, Action]:
    from scipy.signal import butter, sosfilt

    from paektuseis.spectral import SSAM_EDGES

    edges = [e for e in SSAM_EDGES if e < c.rate / 2]
    designs = [butter(4, band, "bandpass", fs=c.rate, output="sos") for band in pairwise(edges)]
    size = round(60 * c.rate)
    whole = len(c.samples) // size * size

    def theirs() -> Any:
        return [
            np.abs(sosfilt(sos, c.samples))[:whole].reshape(-1, size).mean(axis=1)
            for sos in designs
        ]

    return theirs, lambda: c.ps.ssam(c.trace, window=1024 / c.rate, average=60.0, edges=edges)


def _rsam(c: Context) -> tuple[Action, Action]:
    def theirs() -> Any:
        return [
            (w.stats.starttime, np.mean(np.abs(w.data - w.data.mean())))
            for w in c.trace.slide(60.0 - 1 / c.rate, 60.0)
        ]

    return theirs, lambda: c.ps.rsam(c.trace, window=60.0)


def _dsar(c: Context) -> tuple[Action, Action]:
    from obspy.signal.filter import bandpass
    from scipy.integrate import cumulative_trapezoid

    size = round(600 * c.rate)
    whole = len(c.samples) // size * size

    def theirs() -> Any:
        moved = cumulative_trapezoid(c.samples, dx=1 / c.rate, initial=0)
        low, high = (
            np.median(np.abs(bandpass(moved, a, b, c.rate)[:whole]).reshape(-1, size), axis=1)
            for a, b in ((4.5, 8.0), (8.0, 16.0))
        )
        return low / high

    return theirs, lambda: c.ps.dsar(c.trace, window=600.0)


def _noise(c: Context) -> tuple[Action, Action]:
    from obspy.signal import PPSD

    def theirs() -> Any:
        ppsd = PPSD(c.trace.stats, c.inventory)
        ppsd.add(c.trace)
        return ppsd

    return theirs, lambda: c.ps.noise_psd(c.trace, inventory=c.inventory)


def _crowd(c: Context) -> tuple[Action, Action]:
    from obspy import Stream, Trace
    from obspy.signal.trigger import coincidence_trigger

    ratio = np.ones(8000 * 1000)
    ratio[500::1000] = 5.0
    ratio[501::1000] = 4.0
    trace = Trace(ratio, {"network": "XX", "station": "A", "channel": "HHZ", "delta": 0.01})
    triggers = c.ps.trigger_onsets(trace, thr_on=3.5, thr_off=1.5)
    assert len(triggers) == 8000
    return (
        lambda: coincidence_trigger(None, 3.5, 1.5, Stream([trace]), 1),
        lambda: c.ps.coincidence(triggers, min_stations=1),
    )


def _response(c: Context, stages: slice) -> tuple[Action, Action]:
    inventory = c.inventory.copy()
    for network in inventory:
        for station in network:
            for channel in station:
                channel.response.response_stages = channel.response.response_stages[stages]
    how = {"output": "VEL", "pre_filt": c.pre_filt, "water_level": None}
    return (
        lambda: c.trace.copy().remove_response(inventory, **how),
        lambda: c.ps.remove_response(c.trace, inventory, **how, memory=600.0),
    )


def _full(c: Context) -> tuple[Action, Action]:
    return _response(c, slice(None))


def _poles(c: Context) -> tuple[Action, Action]:
    return _response(c, slice(2))


def _drum(c: Context) -> tuple[Action, Action]:
    def ours() -> None:
        axes = c.ps.plot_helicorder(c.trace)
        c.ps.save_figure(axes.figure, c.picture(), dpi=100)

    return lambda: c.trace.plot(type="dayplot", outfile=io.BytesIO(), format="png"), ours


def _image(c: Context) -> tuple[Action, Action]:
    def ours() -> None:
        gram = c.ps.spectrogram(c.trace, window=1024 / c.rate, overlap=0.5, average=60.0)
        c.ps.save_figure(c.ps.plot_spectrogram(gram).figure, c.picture(), dpi=100)

    def theirs() -> None:
        c.trace.spectrogram(
            wlen=1024 / c.rate, per_lap=0.5, mult=None, outfile=str(c.picture()), fmt="png"
        )

    return theirs, ours


STAGES = (
    Stage("read a day from the archive", (73, 10), _read),
    Stage("read a minute from the archive", (7.8, 0.26), _window),
    Stage("linear detrend", (302, 5), _line),
    Stage("demean, band-pass, STA/LTA, onsets", (138, 18), _detector),
    Stage("spectrogram, one column a minute", (194, 35), _minutes),
    Stage("SSAM, 19 bands", (1438, 37), _bands),
    Stage("RSAM by the minute", (184, 7), _rsam),
    Stage("DSAR (SciPy's lean form: a third of the dsar package)", (397, 127), _dsar),
    Stage("PPSD", (1740, 175), _noise),
    Stage("coincidence, 8,000 triggers of one channel", (5900, 0.7), _crowd),
    Stage("response removal, poles and zeros", (2980, 290), _poles),
    Stage("response removal, with FIR stages", (36400, 290), _full, slow=True),
    Stage("helicorder, PNG", (512, 137), _drum),
    Stage("day spectrogram, PNG", (1286, 140), _image),
)


def run_stages(job: dict[str, Any]) -> dict[str, Any]:
    """Measure every stage; ``job`` names the archive, channel, start, hours and repeats."""
    import matplotlib

    matplotlib.use("Agg")
    context = Context(Path(job["archive"]), job["trace_id"], job["start"], job["hours"])
    rows = []
    for stage in STAGES:
        if stage.slow and not job.get("slow", True):
            continue
        if job.get("only") and not any(word in stage.name for word in job["only"]):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ObsPy's on its own metadata
            theirs, ours = _in_turn(*stage.sides(context), int(job.get("repeat", 5)))
        rows.append(
            {
                "stage": stage.name,
                "theirs_ms": theirs,
                "ours_ms": ours,
                "ratio": theirs / ours,
                "wanted": stage.wanted,
            }
        )
        _close_figures()
    return {"stages": rows}


def _in_turn(theirs: Action, ours: Action, repeat: int) -> tuple[float, float]:
    """Return the least CPU milliseconds of both sides, run A B, B A, ..."""
    ours()  # compiles
    best = {theirs: np.inf, ours: np.inf}
    for number in range(repeat):
        for side in (theirs, ours) if number % 2 == 0 else (ours, theirs):
            if number and side is theirs and best[side] > WORN:
                continue
            begin = time.process_time()
            side()
            best[side] = min(best[side], time.process_time() - begin)
            _close_figures()
    return 1e3 * best[theirs], 1e3 * best[ours]


def _close_figures() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")
