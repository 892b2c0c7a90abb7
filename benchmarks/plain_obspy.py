"""All daily products of an archive as a careful user writes them today.

ObsPy, SciPy, NumPy and pandas, nothing else: one read per channel-day with margins, float64
once, a response curve evaluated once per channel, one STFT for spectra and spectral amplitudes,
reshaped arrays instead of loops where a record has no gap, Parquet out. It is the other side
of ``bench_batch.py`` and knows nothing of paektuseis but the detectors' settings, copied here.

Usage: ``python benchmarks/plain_obspy.py ARCHIVE OUT --days 1 --response none|obspy|cached``
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime, read_inventory
from obspy.clients.filesystem.sds import Client
from obspy.signal import PPSD
from obspy.signal.filter import bandpass
from obspy.signal.invsim import cosine_sac_taper, cosine_taper
from obspy.signal.trigger import coincidence_trigger, recursive_sta_lta, trigger_onset
from scipy.fft import irfft, next_fast_len, rfft
from scipy.integrate import cumulative_trapezoid
from scipy.signal import spectrogram

DAY = 86400
LEAD, TAIL = 3600.0, 1800.0  # s of record around the day: filters start, the last hour ends
# name, band (Hz), sta and lta (s), on and off
DETECTORS = (
    ("vt", 5.0, 20.0, 0.5, 20.0, 3.5, 1.5),
    ("lp", 0.5, 5.0, 2.0, 40.0, 4.0, 1.5),
    ("far", 0.1, 0.5, 5.0, 100.0, 4.0, 1.5),
    ("vlp", 0.02, 0.1, 10.0, 120.0, 3.5, 1.5),
)
RSAM_BAND = (1.0, 16.0)
BANDS = {"vlf": (0.01, 0.1), "lf": (0.1, 2.0), "rsam": (2.0, 5.0), "mf": (4.5, 8.0),
         "hf": (8.0, 16.0)}  # fmt: skip
RATIOS = {"vlar": ("vlf", "lf"), "lrar": ("lf", "rsam"), "rmar": ("rsam", "mf")}
WINDOW = 600  # s of RSAM and ratios
SPECTRAL_WINDOW = 10.24  # s
SSAM_EDGES = np.concatenate([np.arange(0.5, 5.01, 0.5), np.arange(6, 10.1), np.arange(12, 20.1, 2)])
PER_OCTAVE = 12


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - begin


class Responses:
    """Ground velocity from counts, by ObsPy's method or with each curve evaluated once."""

    def __init__(self, inventory, how: str, clock: Clock) -> None:
        self.inventory, self.how, self.clock = inventory, how, clock
        self.curves: dict[str, tuple[int, np.ndarray]] = {}

    def velocity(self, trace: Trace, longest: int) -> np.ndarray:
        """Return m/s (counts freed of their mean without a response), float64."""
        nyquist = trace.stats.sampling_rate / 2
        pre_filt = (0.01, 0.02, 0.8 * nyquist, 0.88 * nyquist)
        if self.how == "cached":
            with self.clock("curve"):
                size, curve = self._curve(trace, longest, pre_filt)
            with self.clock("response"):
                return self._divided(trace.data, size, curve)
        with self.clock("response"):
            return self._moved(trace, pre_filt)

    def _moved(self, trace: Trace, pre_filt) -> np.ndarray:
        data = trace.data.astype(np.float64)
        data -= data.mean()
        if self.how == "none":
            return data
        trace = Trace(data, trace.stats)
        trace.remove_response(
            self.inventory, output="VEL", pre_filt=pre_filt, water_level=None,
            zero_mean=False, taper_fraction=0.02,
        )  # fmt: skip
        return trace.data

    def _divided(self, counts: np.ndarray, size: int, curve: np.ndarray) -> np.ndarray:
        data = counts.astype(np.float64)
        data -= data.mean()
        data *= cosine_taper(len(data), 0.02)
        spectrum = rfft(data, size)
        spectrum *= curve
        return irfft(spectrum, size, overwrite_x=True)[: len(data)]

    def _curve(self, trace: Trace, longest: int, pre_filt) -> tuple[int, np.ndarray]:
        """Return the length of the transform and 1 / response at its frequencies."""
        known = self.curves.get(trace.id)
        if known is not None and known[0] >= longest:
            return known
        rate = trace.stats.sampling_rate
        size = next_fast_len(longest + int(60 * rate), real=True)
        size += size % 2
        response = self.inventory.get_response(trace.id, trace.stats.starttime)
        curve, f = response.get_evalresp_response(1 / rate, size, output="VEL")
        curve[0] = np.inf
        curve = cosine_sac_taper(f, flimit=pre_filt) / curve
        self.curves[trace.id] = size, curve
        return self.curves[trace.id]


def check_quality(day: Stream, t0: UTCDateTime) -> tuple[list[dict], list[dict]]:
    """Return findings and segments of one channel: extremes, gaps, dead and clipped runs."""
    findings, segments = [], []
    for gap in day.get_gaps():
        findings.append({"id": ".".join(gap[:4]), "check": "gap", "start": gap[4], "value": gap[6]})
    for tr in day:
        x = tr.data
        segments.append(
            {
                "id": tr.id, "start": tr.stats.starttime, "end": tr.stats.endtime,
                "npts": len(x), "min": x.min(), "max": x.max(), "mean": x.mean(), "std": x.std(),
            }
        )  # fmt: skip
        step = np.diff(x)
        same = step == 0
        for check, wanted, value in (
            ("dead", 10 * tr.stats.sampling_rate, same),
            ("clipped", 3, same & ((x[1:] >= 2**23 - 1) | (x[1:] <= -(2**23)))),
        ):
            for first, length in runs(value, wanted):
                at = tr.stats.starttime + first * tr.stats.delta
                findings.append({"id": tr.id, "check": check, "start": at, "value": length})
        jump = np.abs(step)
        large = np.flatnonzero(jump > 200 * np.median(jump[::97]) + 5000)
        for i in large[:100]:
            at = tr.stats.starttime + (i + 1) * tr.stats.delta
            findings.append({"id": tr.id, "check": "spike", "start": at, "value": jump[i]})
    return findings, segments


def runs(flags: np.ndarray, shortest: float) -> list[tuple[int, int]]:
    """Return start and length of the runs of True."""
    at = np.flatnonzero(flags)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > 1)
    first = np.concatenate([at[:1], at[breaks + 1]])
    last = np.concatenate([at[breaks], at[-1:]])
    long = np.flatnonzero(last - first + 1 >= shortest)
    return [(int(first[i]), int(last[i] - first[i] + 1)) for i in long]


def windowed(x: np.ndarray, first: int, size: int, count: int, func) -> np.ndarray:
    """Return a statistic of every window of the day that a segment covers wholly, else NaN.

    ``first`` is the sample of the day at which the segment begins (negative: before it).
    """
    out = np.full(count, np.nan)
    low = max(0, -(-first // size))
    high = min(count, (first + len(x)) // size)
    if high > low:
        part = x[low * size - first : high * size - first]
        out[low:high] = func(part.reshape(high - low, size))
    return out


def mean_abs(x: np.ndarray) -> np.ndarray:
    """Return mean |x - mean| of each row, which is overwritten."""
    x -= x.mean(axis=1, keepdims=True)
    return np.abs(x, out=x).mean(axis=1)


def median_abs(x: np.ndarray) -> np.ndarray:
    """Return median |x - mean| of each row, which is overwritten."""
    x -= x.mean(axis=1, keepdims=True)
    return np.median(np.abs(x, out=x), axis=1, overwrite_input=True)


def amplitudes(x: np.ndarray, first: int, rate: float) -> dict[str, np.ndarray]:
    """Return RSAM and the ratios of neighbouring bands in windows of the day."""
    size, count = int(WINDOW * rate), DAY // WINDOW

    def of(data, band, func):
        filtered = bandpass(data, *band, rate, corners=4)
        return windowed(filtered, first, size, count, func)

    out = {"rsam": of(x, RSAM_BAND, mean_abs)}
    level = {name: of(x, BANDS[name], median_abs) for name in ("vlf", "lf", "rsam", "mf")}
    out |= {name: level[a] / level[b] for name, (a, b) in RATIOS.items()}
    # displacement, as in the dsar package
    moved = cumulative_trapezoid(x, dx=1 / rate, initial=0)
    out["dsar"] = of(moved, BANDS["mf"], median_abs) / of(moved, BANDS["hf"], median_abs)
    return out


def minute_spectra(
    x: np.ndarray, first: int, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frequencies, power by minute (1440, bands) and SSAM (1440, 19) from one STFT."""
    size, count = int(60 * rate), DAY // 60
    low, high = max(0, -(-first // size)), min(count, (first + len(x)) // size)
    nperseg = round(SPECTRAL_WINDOW * rate)
    f = np.fft.rfftfreq(nperseg, 1 / rate)
    number = np.floor(PER_OCTAVE * np.log2(f[1:]) + 0.5)
    number, cut, width = np.unique(number, return_index=True, return_counts=True)
    number, cut, width = number[:-1], cut + 1, width[:-1]  # the last band is cut by Nyquist
    power = np.full((count, len(number)), np.nan)
    ssam = np.full((count, len(SSAM_EDGES) - 1), np.nan)
    if high > low:
        minutes = x[low * size - first : high * size - first].reshape(high - low, size)
        _, _, density = spectrogram(minutes, rate, "hann", nperseg, nperseg // 2)
        power[low:high] = np.add.reduceat(density.mean(axis=2), cut, axis=1)[:, :-1] / width
        taper = np.hanning(nperseg + 1)[:-1]
        np.sqrt(density, out=density)
        mean = density.mean(axis=2) * np.sqrt(rate * (taper**2).sum() / 2) * 2 / taper.sum()
        bins = np.searchsorted(f, SSAM_EDGES)
        sums = np.add.reduceat(mean[:, : bins[-1]], bins[:-1], axis=1)
        ssam[low:high] = sums / np.diff(bins)
    return 2 ** (number / PER_OCTAVE), power, ssam


class Noise:
    """One PPSD object per channel, kept from day to day: its response is evaluated once."""

    def __init__(self, inventory, physical: bool) -> None:
        self.inventory, self.physical = inventory, physical
        self.known: dict[str, PPSD] = {}

    def of(self, hours: Stream) -> PPSD | None:
        """Return hourly densities of one day of one channel."""
        if not hours:
            return None
        ppsd = self.known.get(hours[0].id)
        if ppsd is None:
            # "ringlaser" divides by the sensitivity alone: counts**2/Hz
            flat = {"poles": [], "zeros": [], "gain": 1.0, "sensitivity": 1.0}
            ppsd = (
                PPSD(hours[0].stats, self.inventory)
                if self.physical
                else PPSD(hours[0].stats, flat, special_handling="ringlaser")
            )
            self.known[hours[0].id] = ppsd
        ppsd.add(hours)
        return ppsd


def detect(verticals: list[Trace], t0: UTCDateTime, scale: float) -> tuple[list, list]:
    """Return single triggers and network events of a day, one detector at a time."""
    triggers, events = [], []
    stations = len({tr.id for tr in verticals})
    need = min(stations, max(3, -(-2 * stations // 3)))
    for name, freqmin, freqmax, sta, lta, on, off in DETECTORS:
        on = max(scale * on, off)
        ratios = Stream()
        for tr in verticals:
            rate = tr.stats.sampling_rate
            if len(tr) <= lta * rate:
                continue
            filtered = bandpass(tr.data, freqmin, freqmax, rate, corners=4)
            ratio = recursive_sta_lta(filtered, int(sta * rate), int(lta * rate))
            ratios.append(Trace(ratio, tr.stats))
            for first, last in trigger_onset(ratio, on, off):
                at = tr.stats.starttime + first / rate
                if t0 <= at < t0 + DAY:
                    triggers.append(
                        {"id": tr.id, "detector": name, "start": at,
                         "duration": (last - first) / rate, "peak": ratio[first : last + 1].max()}
                    )  # fmt: skip
        for event in coincidence_trigger(None, on, off, ratios, need):
            if t0 <= event["time"] < t0 + DAY:
                events.append(
                    {"detector": name, "time": event["time"], "duration": event["duration"],
                     "sum": event["coincidence_sum"], "stations": ",".join(event["stations"])}
                )  # fmt: skip
    return triggers, events


def run(
    archive: Path, out: Path, *, start: UTCDateTime, days: int, response: str = "none",
    stations: int | None = None, components: str = "ZNE", thresholds: float = 1.0,
) -> dict:  # fmt: skip
    """Process the archive day by day and return CPU seconds by stage and what was found."""
    clock = Clock()
    client = Client(str(archive / "sds"))
    inventory = read_inventory(str(archive / "stations.xml"))
    ids = sorted(i for i in inventory.get_contents()["channels"] if i[-1] in components)
    codes = sorted({i.split(".")[1] for i in ids})[:stations]
    ids = [i for i in ids if i.split(".")[1] in codes]
    responses = Responses(inventory, response, clock)
    noise = Noise(inventory, response != "none")
    found = {"events": 0, "triggers": 0}
    for number in range(days):
        t0 = start + number * DAY
        tables: dict[str, list] = {}
        verticals: list[Trace] = []
        for trace_id in ids:
            _channel(client, trace_id, t0, tables, verticals, responses, noise, clock)
        with clock("detect"):
            triggers, events = detect(verticals, t0, thresholds)
        del verticals
        with clock("write"):
            tables["triggers"], tables["detections"] = triggers, events
            write(out / f"day={t0.date}", tables, t0)
        found["events"] += len(events)
        found["triggers"] += len(triggers)
    return {**found, "timings": clock.seconds}


def _channel(
    client: Client, trace_id: str, t0: UTCDateTime, tables: dict[str, list],
    verticals: list[Trace], responses: Responses, noise: Noise, clock: Clock,
) -> None:  # fmt: skip
    with clock("read"):
        record = client.get_waveforms(*trace_id.split("."), t0 - LEAD, t0 + DAY + TAIL)
    if not record:
        return
    rate = record[0].stats.sampling_rate
    with clock("quality"):
        day = record.slice(t0, t0 + DAY - 0.5 / rate)
        findings, segments = check_quality(day, t0)
        tables.setdefault("quality", []).extend(findings)
        tables.setdefault("availability", []).extend(segments)
    with clock("noise"):
        ppsd = noise.of(record.slice(t0, t0 + DAY + TAIL - 0.5 / rate))
    if ppsd is not None:
        tables.setdefault("noise", []).append((trace_id, ppsd))
    if trace_id.endswith("Z"):
        with clock("detect"):
            for tr in record:
                data = tr.data.astype(np.float64)
                data -= data.mean()
                verticals.append(Trace(data, tr.stats))
    whole = int((LEAD + DAY + TAIL) * rate) + 1
    longest = max(len(tr) for tr in record)
    if longest > whole // 2:  # one length of transform for every day, so one curve
        longest = whole
    series: dict[str, np.ndarray] = {}
    for tr in record:
        first = round((tr.stats.starttime - t0) * rate)
        x = responses.velocity(tr, longest)
        with clock("amplitude"):
            for name, values in amplitudes(x, first, rate).items():
                _merge(series, name, values)
        with clock("spectra"):
            f, power, ssam = minute_spectra(x, first, rate)
            _merge(series, "power", power)
            _merge(series, "ssam", ssam)
    tables.setdefault("series", []).append((trace_id, f, series))


def _merge(series: dict[str, np.ndarray], name: str, values: np.ndarray) -> None:
    """Put the windows of one segment beside those of the others."""
    if name in series:
        np.copyto(series[name], values, where=~np.isnan(values))
    else:
        series[name] = values


def write(folder: Path, tables: dict[str, list], t0: UTCDateTime) -> None:
    """Write the tables of a day as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("quality", "availability", "triggers", "detections"):
        frame = pd.DataFrame(tables.get(name, []))
        for column in frame.columns.intersection(["start", "end", "time"]):
            frame[column] = pd.DatetimeIndex([t.datetime for t in frame[column]])
        frame.to_parquet(folder / f"{name}.parquet")
    series = tables.get("series", [])
    for name, step in (("rsam", WINDOW), ("ratios", WINDOW), ("ssam", 60), ("spectra", 60)):
        times = pd.Timestamp(t0.datetime) + pd.to_timedelta(np.arange(DAY // step) * step, "s")
        frames = []
        for trace_id, f, values in series:
            columns = {
                "rsam": {"rsam": values["rsam"]},
                "ratios": {r: values[r] for r in (*RATIOS, "dsar")},
                "ssam": {f"{e:g}": v for e, v in zip(SSAM_EDGES, values["ssam"].T, strict=False)},
                "spectra": {f"{q:.3f}": v for q, v in zip(f, values["power"].T, strict=True)},
            }[name]
            frames.append(pd.DataFrame({"id": trace_id, "start": times, **columns}))
        if frames:
            pd.concat(frames, ignore_index=True).to_parquet(folder / f"{name}.parquet")
    hours = []
    for trace_id, ppsd in tables.get("noise", []):
        chosen = [i for i, t in enumerate(ppsd.times_processed) if t0 <= t < t0 + DAY]
        values = np.array([ppsd.psd_values[i] for i in chosen])
        if len(chosen):
            frame = pd.DataFrame(values, columns=[f"{p:.4f}" for p in ppsd.period_bin_centers])
            times = [ppsd.times_processed[i].datetime for i in chosen]
            hours.append(frame.assign(id=trace_id, start=times))
    if hours:
        pd.concat(hours, ignore_index=True).to_parquet(folder / "noise.parquet")


def main() -> None:
    it = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    it.add_argument("archive", type=Path)
    it.add_argument("out", type=Path)
    it.add_argument("--start", default="2014-03-01")
    it.add_argument("--days", type=int, default=1)
    it.add_argument("--response", choices=("none", "obspy", "cached"), default="none")
    it.add_argument("--stations", type=int)
    o = it.parse_args()
    figures = run(
        o.archive, o.out, start=UTCDateTime(o.start), days=o.days, response=o.response,
        stations=o.stations,
    )  # fmt: skip
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
