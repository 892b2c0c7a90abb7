"""The archive run beside ``plain_obspy.py``: both in turn, in fresh processes, on one archive.

Usage::

    python benchmarks/bench_batch.py --out figures               # about an hour: everything
    python benchmarks/bench_batch.py --modes counts --sections headline,limit
    python benchmarks/bench_batch.py --small                     # a minute: correctness only

Writes ``report.json`` (every single figure) and ``report.md``. See ``README.md`` for what the
figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _agree import agreement
from _limit import limit
from _model import Model
from _report import markdown
from _runs import fresh, read_all
from make_archive import make_archive
from obspy import UTCDateTime

START = "2014-03-01"
SECTIONS = ("headline", "agreement", "stages", "limit", "workers", "days", "stations", "triggers")
THRESHOLDS = (1.0, 0.75, 0.6, 0.5)
TOLERANCES = {  # of --small, for values away from the start of a record
    "counts": {"rsam": 1e-9, "ssam": 1e-9, "ratio": 1e-8, "spectra": 1e-5, "noise": 1e-4},
    "physical": {"rsam": 1e-8, "ssam": 1e-5, "ratio": 1e-4, "spectra": 1e-3, "noise": 1e-4},
}


def archive_of(work: Path, name: str, days: float, **model: Any) -> Path:
    """Make an archive unless it is there from an earlier call."""
    folder = work / name
    wanted = {"days": days, **model}
    note = folder / "made.json"
    if not (note.is_file() and json.loads(note.read_text()) == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        begin = time.perf_counter()
        figures = make_archive(folder, days=days, start=UTCDateTime(START), model=Model(**model))
        note.write_text(json.dumps(wanted))
        say(f"{name}: {figures['bytes'] / 1e6:.0f} MB in {time.perf_counter() - begin:.0f} s")
    read_all(folder)
    return folder


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Bench:
    """What is shared by the sections: the archives, the folder to work in, the repeats."""

    def __init__(self, o: argparse.Namespace, work: Path) -> None:
        self.o, self.work = o, work
        self.runs: list[dict[str, Any]] = []
        self.number = 0
        days = max([o.days, *(o.growth_days if "days" in o.sections else ())])
        if "workers" in o.sections:
            days = max(days, o.worker_days)
        self.archive = archive_of(
            work, "archive", days, stations=o.stations, rate=o.rate, seed=o.seed
        )
        self.warm = archive_of(work, "warm", 0.1, stations=3, components=1, gaps=0.0, rate=o.rate)

    def run(self, side: str, mode: str, **more: Any) -> dict[str, Any]:
        """Run one side once in a fresh process."""
        self.number += 1
        out = self.work / "out" / f"{self.number:03d}-{side}-{mode}"
        job = {
            "side": side,
            "mode": mode,
            "archive": str(self.archive),
            "warm": str(self.warm),
            "out": str(out),
            "start": START,
            "days": self.o.days,
            **more,
        }
        figures = fresh(job)
        row = {**{k: v for k, v in job.items() if k not in ("archive", "warm")}, **figures}
        self.runs.append(row)
        extra = {k: v for k, v in more.items() if k != "codes"}
        say(
            f"{side:10} {mode:8} {extra or ''} wall {row['wall']:.2f} s, "
            f"cpu {row.get('cpu', float('nan')):.2f} s, "
            f"+{row['above_mb']:.0f} MB, {row['events']} events"
        )
        return row

    def in_turn(self, mode: str, response: str, repeat: int) -> dict[str, list[dict[str, Any]]]:
        """Run both sides A B, B A, ..."""
        rows: dict[str, list[dict[str, Any]]] = {"plain": [], "paektuseis": [], "threads": []}
        for number in range(repeat):
            order = ["plain", "paektuseis", "threads"]
            for side in order if number % 2 == 0 else order[::-1]:
                name, more = (side, {}) if side != "threads" else ("paektuseis", {"threads": 2})
                rows[side].append(self.run(name, mode, response=response, **more))
        return rows

    def codes(self, n: int) -> list[str]:
        return [Model().code(i) for i in range(n)]


def median(rows: list[dict[str, Any]], name: str) -> float:
    return float(np.median([row[name] for row in rows]))


def timings(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the medians of CPU seconds by stage."""
    names = dict.fromkeys(name for row in rows for name in row["timings"])
    return {n: float(np.median([row["timings"].get(n, 0.0) for row in rows])) for n in names}


def headline(b: Bench) -> list[dict[str, Any]]:
    """Both sides on the same days, in counts and in physical units."""
    out = []
    for mode in b.o.modes:
        for response in ("none",) if mode == "counts" else b.o.responses:
            # ObsPy's own response removal takes ten minutes for a network-day
            repeat = b.o.repeat if response != "obspy" else min(b.o.repeat, b.o.repeat_slow)
            rows = b.in_turn(mode, response, repeat)
            plain, ours = rows["plain"], rows["paektuseis"]
            once = timings(plain).get("curve", 0.0)
            out.append(
                {
                    "mode": mode,
                    "response": response,
                    "repeat": repeat,
                    **{
                        f"{side}_{name}": median(some, name)
                        for side, some in (("plain", plain), ("ours", ours))
                        for name in ("wall", "cpu", "system", "above_mb", "peak_mb")
                    },
                    "threads_wall": median(rows["threads"], "wall"),
                    "threads_above_mb": median(rows["threads"], "above_mb"),
                    "ratio_threads": median(plain, "wall") / median(rows["threads"], "wall"),
                    "ratio_wall": median(plain, "wall") / median(ours, "wall"),
                    "ratio_cpu": median(plain, "cpu") / median(ours, "cpu"),
                    "ratio_cpu_without_curve": (median(plain, "cpu") - once) / median(ours, "cpu"),
                    "plain_timings": timings(plain),
                    "ours_timings": timings(ours),
                    "plain_out": plain[-1]["out"],
                    "ours_out": ours[-1]["out"],
                }
            )
    return out


def agreements(b: Bench, heads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How far the last results of both sides agree."""
    out = []
    for head in heads:
        figures = agreement(Path(head["plain_out"]), Path(head["ours_out"]), skip=7200.0)
        out.append({"mode": head["mode"], "response": head["response"], **figures})
    return out


def workers(b: Bench) -> list[dict[str, Any]]:
    """One worker against more, with and without the start of the processes."""
    out = []
    for mode in b.o.modes:
        rows: dict[str, list[dict[str, Any]]] = {"1": [], "n": [], "cold": []}
        for _ in range(b.o.repeat):
            common = {"days": b.o.worker_days}
            rows["1"].append(b.run("paektuseis", mode, **common))
            rows["n"].append(b.run("paektuseis", mode, workers=b.o.workers, **common))
            rows["cold"].append(b.run("paektuseis", mode, workers=b.o.workers, cold=True, **common))
        walls = {name: median(some, "wall") for name, some in rows.items()}
        out.append(
            {
                "mode": mode,
                "days": b.o.worker_days,
                "workers": b.o.workers,
                "wall_one": walls["1"],
                "wall_many": walls["n"],
                "wall_many_with_start": walls["cold"],
                "gain": walls["1"] / walls["n"],
                "gain_with_start": walls["1"] / walls["cold"],
                "worker_peak_mb": median(rows["n"], "worker_peak_mb"),
            }
        )
    return out


def exponent(x: list[float], y: list[float]) -> float:
    """Return the slope of a line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0]) if len(x) > 1 else float("nan")


def growth(
    b: Bench, name: str, steps: list[tuple[float, dict[str, Any]]], *, sides: tuple[str, ...]
) -> list[dict[str, Any]]:
    """CPU and memory as one thing grows."""
    out = []
    mode = b.o.modes[0]
    for side in sides:
        series = []
        for x, more in steps:
            rows = [b.run(side, mode, **more) for _ in range(b.o.repeat_growth)]
            series.append(
                {
                    "x": x,
                    "cpu": min(row["cpu"] for row in rows),
                    "above_mb": median(rows, "above_mb"),
                    "events": rows[0]["events"],
                    "triggers": rows[0]["triggers"],
                    "timings": timings(rows),
                }
            )
        out.append(
            {
                "what": name,
                "side": side,
                "mode": mode,
                "series": series,
                "exponent": exponent([s["x"] for s in series], [s["cpu"] for s in series]),
            }
        )
    return out


def grow_triggers(b: Bench, sides: tuple[str, ...]) -> list[dict[str, Any]]:
    """Lower thresholds, then one chattering channel; only vertical channels."""
    whole = b.archive
    out = []
    try:
        common = {"stations": b.o.stations, "components": 1, "rate": b.o.rate, "gaps": 0.0}
        b.archive = archive_of(b.work, "verticals", 1, **common)
        steps = [(1 / scale, {"thresholds": scale, "days": 1}) for scale in THRESHOLDS]
        found = growth(b, "lower thresholds", steps, sides=sides)
        for row in found:  # against the triggers there were, not the threshold
            series = row["series"]
            row["exponent"] = exponent([s["triggers"] for s in series], [s["cpu"] for s in series])
        out += found
        b.archive = archive_of(b.work, "chatter", 1, chatter=True, **common)
        out += growth(b, "one chattering channel", [(1.0, {"days": 1})], sides=sides)
    finally:
        b.archive = whole
    return out


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    cpu = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), cpu)
    except OSError:
        pass
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    names = ("paektuseis", "obspy", "numpy", "scipy", "pandas", "numba", "pyarrow")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def small(work: Path, modes: list[str]) -> dict[str, Any]:
    """Run both sides on minutes of data and hold their results against each other."""
    archive = archive_of(work, "small", 0.09, stations=4, components=1, gaps=0.0)
    found: dict[str, Any] = {}
    for mode in modes:
        job = {"mode": mode, "archive": str(archive), "warm": str(archive), "start": START}
        outs = {}
        for side in ("plain", "paektuseis"):
            outs[side] = work / f"{side}-{mode}"
            fresh({**job, "side": side, "out": str(outs[side]), "days": 1, "response": "cached"})
        figures = agreement(outs["plain"], outs["paektuseis"], skip=2400.0)
        found[mode] = {"figures": figures, "wrong": shortcomings(figures, TOLERANCES[mode])}
    return found


def shortcomings(figures: dict[str, float], allowed: dict[str, float]) -> list[str]:
    """Return what does not agree as it should."""
    wrong = []
    for name, limit_ in (
        ("rsam_largest", allowed["rsam"]),
        *((f"{ratio}_largest", allowed["ratio"]) for ratio in ("vlar", "lrar", "rmar", "dsar")),
        ("ssam_largest", allowed["ssam"]),
        ("spectra_db_largest", allowed["spectra"]),
        ("noise_db_largest", allowed["noise"]),
    ):
        if not figures[name] <= limit_:
            wrong.append(f"{name} is {figures[name]:.3g}, more than {limit_:g}")
    for name in ("triggers_of_plain_found", "triggers_of_ours_found"):
        if not figures[name] >= 0.95:
            wrong.append(f"{name} is {figures[name]:.3f}, less than 0.95")
    if not figures["detections_of_plain_found"] >= 0.9:
        wrong.append(f"only {figures['detections_of_plain_found']:.2f} of the events found by both")
    return wrong


def everything(o: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Run the sections asked for; the report is written anew after each."""
    b = Bench(o, work)
    report: dict[str, Any] = {"machine": machine(), "options": _plain(vars(o))}
    both = ("plain", "paektuseis") if o.growth_plain else ("paektuseis",)

    def grow(name: str, steps: list[tuple[float, dict[str, Any]]]) -> None:
        report.setdefault("growth", []).extend(growth(b, name, steps, sides=both))

    def one_channel() -> list[dict[str, Any]]:
        model = Model(stations=o.stations, rate=o.rate, seed=o.seed)
        whole = [n for n in range(o.stations) if not model.outages(n, 0)] or [0]
        job = {
            "side": "stages", "archive": str(b.archive), "start": START, "hours": 24.0,
            "trace_id": f"XX.{model.code(whole[0])}..HHZ", "repeat": o.repeat,
            "slow": not o.quick_stages,
        }  # fmt: skip
        rows: list[dict[str, Any]] = fresh(job)["stages"]
        return rows

    some = [n for n in (1, 2, 4, 6) if n <= o.stations]
    for section, action in {
        "headline": lambda: report.update(headline=headline(b)),
        "agreement": lambda: report.update(agreement=agreements(b, report.get("headline", []))),
        "limit": lambda: report.update(limit=limit(b.archive, o.rate)),
        "stages": lambda: report.update(stages=one_channel()),
        "workers": lambda: report.update(workers=workers(b)),
        "days": lambda: grow("days", [(n, {"days": n}) for n in o.growth_days]),
        "stations": lambda: grow("stations", [(n, {"codes": b.codes(n)}) for n in some]),
        "triggers": lambda: report.setdefault("growth", []).extend(grow_triggers(b, both)),
    }.items():
        if section in o.sections:
            action()
            report["runs"] = b.runs
            _write(o.out, report)
    return report


def _write(folder: Path, report: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.md").write_text(markdown(report), encoding="utf-8")


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}


def parser() -> argparse.ArgumentParser:
    """Return the options of the command line."""

    def words(text: str) -> list[str]:
        return text.split(",")

    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",")]

    it = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    it.add_argument("--out", type=Path, default=Path("bench-report"), help="folder of the report")
    it.add_argument("--work", type=Path, help="folder of archives and results (kept if given)")
    it.add_argument("--days", type=int, default=1, help="of the headline")
    it.add_argument("--stations", type=int, default=6)
    it.add_argument("--rate", type=float, default=100.0)
    it.add_argument("--seed", type=int, default=1)
    it.add_argument("--repeat", type=int, default=3)
    it.add_argument("--repeat-slow", type=int, default=1, help="with ObsPy's response removal")
    it.add_argument("--repeat-growth", type=int, default=2)
    it.add_argument("--modes", type=words, default=["counts", "physical"])
    it.add_argument(
        "--responses", type=words, default=["cached", "obspy"], help="of the plain side"
    )
    it.add_argument("--sections", type=words, default=list(SECTIONS))
    it.add_argument("--workers", type=int, default=2)
    it.add_argument("--worker-days", type=int, default=6)
    it.add_argument("--growth-days", type=numbers, default=[1, 2, 4, 6])
    it.add_argument("--growth-plain", action="store_true", help="growth of the plain side too")
    it.add_argument("--quick-stages", action="store_true", help="leave out what takes a minute")
    it.add_argument("--small", action="store_true", help="minutes of data, correctness only")
    return it


def main() -> int:
    o = parser().parse_args()
    unknown = set(o.sections) - set(SECTIONS)
    if unknown:
        raise SystemExit(f"unknown sections {sorted(unknown)}; there are {', '.join(SECTIONS)}")
    work = o.work or Path(tempfile.mkdtemp(prefix="paektuseis-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(work / "out", ignore_errors=True)
    try:
        if o.small:
            found = small(work, o.modes)
            print(json.dumps(found, indent=1))
            return int(any(mode["wrong"] for mode in found.values()))
        report = everything(o, work)
    finally:
        if o.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(markdown(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
