"""The figures of ``bench_batch.py`` as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from _limit import totals


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the lines of a table; numbers are rounded to three digits."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return [*lines, ""]


def cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def markdown(report: dict[str, Any]) -> str:
    """Return the whole report."""
    lines = ["# Archive run against a plain ObsPy script", "", *_machine(report), ""]
    channel_days = _channel_days(report)
    if "headline" in report:
        lines += _headline(report["headline"])
        lines += _split(report["headline"], channel_days)
    if "limit" in report:
        lines += _limit(report["limit"], report.get("headline", []), channel_days)
    if "stages" in report:
        lines += _stages(report["stages"])
    if "workers" in report:
        lines += _workers(report["workers"])
    for row in report.get("growth", []):
        lines += _growth(row)
    if report.get("agreement"):
        lines += _agreement(report["agreement"])
    return "\n".join(lines)


def _channel_days(report: dict[str, Any]) -> int:
    o = report["options"]
    return int(3 * o["stations"] * o["days"])


def _machine(report: dict[str, Any]) -> list[str]:
    m, o = report["machine"], report["options"]
    memory = f", {m['memory_gb']:.0f} GiB" if m["memory_gb"] else ""
    tools = ", ".join(f"{n} {m[n]}" for n in ("obspy", "numpy", "scipy", "pandas", "numba"))
    return [
        f"{m['cpu']}, {m['cores']} cores{memory}, {m['system']}, Python {m['python']}; "
        f"paektuseis {m['paektuseis']}, {tools}.",
        "",
        f"{o['stations']} stations, 3 components, {o['rate']:g} Hz, {o['days']} day(s), Steim-2 in "
        f"512-byte records, seed {o['seed']}. Medians of {o['repeat']} runs in fresh processes, "
        "both sides in turn, files in the page cache, imports and compilation before the clock.",
    ]


def _headline(rows: list[dict[str, Any]]) -> list[str]:
    names = {"none": "-", "obspy": "ObsPy's own", "cached": "curve evaluated once"}
    return [
        "## All daily products",
        "",
        *table(
            ["units", "plain's response", "runs", "plain s (wall)", "paektuseis s (wall)",
             "ratio (wall)", "ratio (CPU)", "without curve", "two threads s (wall)",
             "ratio (two threads)", "plain MB above", "paektuseis MB above",
             "two threads MB above"],
            [
                (r["mode"], names[r["response"]], r["repeat"], r["plain_wall"], r["ours_wall"],
                 r["ratio_wall"], r["ratio_cpu"], r["ratio_cpu_without_curve"],
                 r["threads_wall"], r["ratio_threads"], r["plain_above_mb"], r["ours_above_mb"],
                 r["threads_above_mb"])
                for r in rows
            ],
        ),
        "*without curve*: CPU ratio if the response curves of the plain side cost nothing, as they "
        "nearly do per day in a run of years. *Two threads*: one day on both cores, as "
        "`--workers 2` does where there is one day to do. *MB above*: peak resident memory above "
        "the process with everything imported and compiled.",
        "",
    ]  # fmt: skip


def _split(rows: list[dict[str, Any]], channel_days: int) -> list[str]:
    lines = ["## Where the time goes (CPU ms per channel-day)", ""]
    for r in rows:
        for side in ("plain", "ours"):
            stages = r[f"{side}_timings"]
            total = 1e3 * r[f"{side}_cpu"] / channel_days
            cells = [(n, 1e3 * s / channel_days) for n, s in stages.items()]
            cells.sort(key=lambda c: -c[1])
            cells.append(("other", total - sum(c[1] for c in cells)))
            who = {"plain": "plain ObsPy", "ours": "paektuseis"}[side]
            lines += [
                f"{who}, {r['mode']}" + (f", {r['response']}" if side == "plain" else ""),
                "",
                *table(
                    ["stage", "ms", "share"],
                    [(n, v, f"{100 * v / total:.0f} %") for n, v in [*cells, ("all", total)]],
                ),
            ]
    return lines


def _limit(parts: dict[str, float], heads: list[dict[str, Any]], channel_days: int) -> list[str]:
    names = {
        "read": "reading the bytes (in the page cache)",
        "decode": "miniSEED headers and Steim-2",
        "memory": "one pass over the samples",
        "stft": "transforms of one-minute spectra",
        "psd": "transforms of hourly noise",
        "response": "transforms of the response removal",
    }
    limits = totals(parts)
    lines = [
        "## Distance to the limit (CPU ms per channel-day)",
        "",
        *table(["part", "ms"], [(text, parts[name]) for name, text in names.items()]),
        f"Transforms at {parts['gflops_1024_f32']:.1f} (1024 points, float32), "
        f"{parts['gflops_65536_f32']:.1f} (65536, float32) and "
        f"{parts['gflops_response_f64']:.1f} GFlop/s ({parts['response_block']:.0f}, float64), "
        "as measured here.",
        "",
    ]
    seen: dict[str, float] = {}
    for head in heads:
        seen.setdefault(head["mode"], 1e3 * head["ours_cpu"] / channel_days)
    lines += table(
        ["units", "limit ms", "paektuseis ms", "times the limit"],
        [(m, limits[m], ms, ms / limits[m]) for m, ms in seen.items()],
    )
    return lines


def _stages(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "## Stage by stage (one channel-day, one process, least CPU ms)",
        "",
        *table(
            ["stage", "ObsPy/SciPy ms", "paektuseis ms", "ratio", "ratio wanted", ""],
            [
                (r["stage"], r["theirs_ms"], r["ours_ms"], r["ratio"], r["wanted"],
                 "" if r["ratio"] >= r["wanted"] else "short")
                for r in rows
            ],
        ),
    ]  # fmt: skip


def _workers(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "## Workers",
        "",
        *table(
            ["units", "days", "workers", "one worker s", "more s", "gain", "with their start s",
             "gain", "peak of a worker MB"],
            [
                (r["mode"], r["days"], r["workers"], r["wall_one"], r["wall_many"], r["gain"],
                 r["wall_many_with_start"], r["gain_with_start"], r["worker_peak_mb"])
                for r in rows
            ],
        ),
    ]  # fmt: skip


def _growth(row: dict[str, Any]) -> list[str]:
    first = row["series"][0]
    return [
        f"## Growth: {row['what']} ({row['side']}, {row['mode']})",
        "",
        *table(
            ["x", "CPU s", "detection CPU s", "MB above", "triggers", "events",
             "more CPU ms per 1,000 more triggers"],
            [
                (s["x"], s["cpu"], _detection(s["timings"]), s["above_mb"], s["triggers"],
                 s["events"], _each(first, s))
                for s in row["series"]
            ],
        ),
        *([f"Exponent of CPU time: {row['exponent']:.2f}", ""] if len(row["series"]) > 1 else []),
    ]  # fmt: skip


def _each(first: dict[str, Any], now: dict[str, Any]) -> float | str:
    more = now["triggers"] - first["triggers"]
    return 1e6 * (now["cpu"] - first["cpu"]) / more if more > 0 else ""


def _detection(stages: dict[str, float]) -> float:
    return sum(s for n, s in stages.items() if n in ("detect", "network", "coincidence", "events"))


def _agreement(rows: list[dict[str, Any]]) -> list[str]:
    names = [n for n in rows[0] if n not in ("mode", "response")]
    return [
        "## Agreement of the results",
        "",
        *table(
            ["figure", *(f"{r['mode']} ({r['response']})" for r in rows)],
            [(n, *(r[n] for r in rows)) for n in names],
        ),
    ]
