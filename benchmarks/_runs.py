"""One measured run in a process of its own: imports and compilation first, then the clock.

``fresh(job)`` starts this file with a job as JSON and returns what it prints: wall and CPU
seconds, memory above the imported and warmed-up process, CPU by stage.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MB = 1024.0 if sys.platform != "darwin" else 1024.0**2  # of ru_maxrss
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def fresh(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job in a new process, one thread for each of the numeric libraries."""
    env = {**os.environ, **dict.fromkeys(THREADS, "1")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), json.dumps(job)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{job}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def resident(field: str) -> float | None:
    """Return a figure of /proc/self/status in MB, None where there is none."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024.0
    return None


def reset_peak() -> bool:
    """Let the peak of resident memory begin anew, where the system allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def cpu_seconds() -> float:
    """Return user and system time of this process and of its finished children."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measured(action: Any) -> dict[str, Any]:
    """Run an action and return its figures beside what it returned."""
    gc.collect()
    clean = reset_peak()
    before = resident("VmRSS") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu, wall = cpu_seconds(), time.perf_counter()
    result = action()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF)
    peak = (resident("VmHWM") if clean else None) or after.ru_maxrss / MB
    return {
        "wall": wall,
        "cpu": cpu,
        "system": after.ru_stime - usage.ru_stime,
        "faults": after.ru_minflt - usage.ru_minflt,
        "base_mb": before,
        "peak_mb": peak,
        "above_mb": max(0.0, peak - before),
        "peak_since_import": clean,
        **result,
    }


def settings_of(job: dict[str, Any]) -> Any:
    """Return the settings of a run of paektuseis: everything from every channel."""
    from dataclasses import replace

    from paektuseis import Settings

    base = Settings()
    scale = float(job.get("thresholds", 1.0))
    stations = job.get("codes")
    return replace(
        base,
        data=replace(
            base.data,
            measured="*",
            physical_units=job["mode"] != "counts",
            trace_ids=tuple(f"*.{c}.*" for c in stations) if stations else base.data.trace_ids,
        ),
        detectors=tuple(
            replace(d, thr_on=max(scale * d.thr_on, d.thr_off)) for d in base.detectors
        ),
    )


def run_paektuseis(job: dict[str, Any]) -> dict[str, Any]:
    """Run the archive run and return its figures."""
    from obspy import UTCDateTime

    import paektuseis as ps
    from paektuseis.batch.executors import local_executor

    workers = int(job.get("workers", 1))

    def once(archive: str, out: str, days: float, executor: Any) -> Any:
        metadata = ps.read_stations(Path(archive) / "stations.xml")
        start = UTCDateTime(job["start"])
        return ps.run_archive(
            Path(archive) / "sds",
            settings_of(job),
            out,
            starttime=start,
            endtime=start + 86400 * days,
            executor=executor,
            workers=max(workers, int(job.get("threads", 1))),
            network=ps.Network.from_inventory(metadata),
            inventory=Path(archive) / "stations.xml" if job["mode"] != "counts" else None,
        )

    def timed(executor: Any) -> dict[str, Any]:
        done = once(job["archive"], job["out"], job["days"], executor)
        if done.failed:
            raise RuntimeError("; ".join(done.jobs["reason"].dropna().astype(str).unique()))
        return {
            "timings": done.timings,
            "done": done.done,
            "failed": done.failed,
            "problems": done.problems,
            "worker_peak_mb": done.peak_memory,
        }

    if workers == 1:
        once(job["warm"], job["out"] + "-warm", 1, None)
        figures = measured(lambda: timed(None))
    elif job.get("cold"):  # starting the workers is part of the run
        figures = measured(lambda: timed(None))
    else:
        with local_executor(workers) as pool:
            from concurrent.futures import wait

            # each worker has imported and compiled before the clock starts
            wait([pool.submit(_warm_worker, job, i) for i in range(4 * workers)])
            figures = measured(lambda: timed(pool))
    if workers > 1:
        del figures["cpu"]  # that of the workers is not known here
    results = ps.open_results(job["out"])
    figures["events"] = len(results.table("detections"))
    figures["triggers"] = len(results.table("triggers"))
    return figures


def _warm_worker(job: dict[str, Any], number: int) -> None:
    one = {**job, "workers": 1, "days": 1, "archive": job["warm"]}
    out = f"{job['out']}-warm-{os.getpid()}-{number}"
    from obspy import UTCDateTime

    import paektuseis as ps

    start = UTCDateTime(job["start"])
    ps.run_archive(
        Path(job["warm"]) / "sds",
        settings_of(one),
        out,
        starttime=start,
        endtime=start + 86400,
        inventory=Path(job["warm"]) / "stations.xml" if job["mode"] != "counts" else None,
    )


def run_plain(job: dict[str, Any]) -> dict[str, Any]:
    """Run the plain ObsPy script and return its figures."""
    import plain_obspy
    from obspy import UTCDateTime

    def once(archive: str, out: str, days: int) -> dict[str, Any]:
        return plain_obspy.run(
            Path(archive),
            Path(out),
            start=UTCDateTime(job["start"]),
            days=days,
            response={"counts": "none", "physical": job.get("response", "obspy")}[job["mode"]],
            stations=len(job["codes"]) if job.get("codes") else None,
            thresholds=float(job.get("thresholds", 1.0)),
        )

    once(job["warm"], job["out"] + "-warm", 1)
    return measured(lambda: once(job["archive"], job["out"], job["days"]))


def read_all(archive: Path) -> int:
    """Read every file once, so that both sides find them in the page cache."""
    size = 0
    for path in sorted((archive / "sds").rglob("*")):
        if path.is_file():
            with suppress(OSError):
                size += len(path.read_bytes())
    return size


def main() -> None:
    job = json.loads(sys.argv[1])
    from _stages import run_stages

    sides = {"plain": run_plain, "paektuseis": run_paektuseis, "stages": run_stages}
    print(json.dumps(sides[job["side"]](job)))


if __name__ == "__main__":
    main()
