"""The process that runs parsers that are not ours: one request a line, one answer each.

Run as a script. It takes JSON lines from its standard input and answers with a JSON
line followed by the samples as raw bytes. Before each request the memory and CPU time
it may still use are limited where the system can do that, and it may write no file.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import warnings
from typing import Any, BinaryIO

# format: module of obspy, its test (asked in this order; "" for none), its reader. Left out on
# purpose: PICKLE (runs code), CSS, NNSA_KB_CORE and Q (point to other files).
READERS = {
    "SEISAN": ("obspy.io.seisan.core", "_is_seisan", "_read_seisan"),
    "SEG2": ("obspy.io.seg2.seg2", "_is_seg2", "_read_seg2"),
    "KINEMETRICS_EVT": ("obspy.io.kinemetrics.core", "is_evt", "read_evt"),
    "REFTEK130": ("obspy.io.reftek.core", "_is_reftek130", "_read_reftek130"),
    "AH": ("obspy.io.ah.core", "_is_ah", "_read_ah"),
    "KNET": ("obspy.io.nied.knet", "_is_knet_ascii", "_read_knet_ascii"),
    "PDAS": ("obspy.io.pdas.core", "_is_pdas", "_read_pdas"),
    "SLIST": ("obspy.io.ascii.core", "_is_slist", "_read_slist"),
    "TSPAIR": ("obspy.io.ascii.core", "_is_tspair", "_read_tspair"),
    "SH_ASC": ("obspy.io.sh.core", "_is_asc", "_read_asc"),
    "SEGY": ("obspy.io.segy.core", "_is_segy", "_read_segy"),
    "Y": ("obspy.io.y.core", "_is_y", "_read_y"),
    "WIN": ("obspy.io.win.core", "_is_win", "_read_win"),
    "DMX": ("obspy.io.dmx.core", "_is_dmx", "_read_dmx"),
    "SU": ("obspy.io.segy.core", "_is_su", "_read_su"),
    "SACXY": ("obspy.io.sac.core", "", "_read_sac_xy"),
}
_SPARE = 256 << 20
_SIMPLE = (str, int, float, bool)


def _limit(memory: int, seconds: int) -> None:
    """Allow so many bytes and CPU seconds more than are in use now, and no written file."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        mapped = _SPARE
    wanted = {"RLIMIT_AS": mapped + memory, "RLIMIT_CPU": spent + seconds, "RLIMIT_FSIZE": 0}
    for name, value in (wanted | {"RLIMIT_CORE": 0}).items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (value, hard))


def _stats(stats: Any) -> dict[str, Any]:
    """The header of a trace as plain values."""
    out: dict[str, Any] = {
        name: str(stats.get(name, "")) for name in ("network", "station", "location", "channel")
    }
    out |= {"sampling_rate": float(stats.sampling_rate), "starttime": int(stats.starttime.ns)}
    out |= {"calib": float(stats.get("calib", 1.0)), "npts": int(stats.npts), "extra": {}}
    for name, value in stats.items():
        if isinstance(value, dict) and name not in ("processing",):
            simple = {str(k): v for k, v in value.items() if isinstance(v, _SIMPLE)}
            out["extra"][str(name)] = simple
    return out


def _answer(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    import numpy as np

    path, name = request["path"], ""
    for candidate in request["formats"]:
        module, test, _ = READERS[candidate]
        try:
            if not test or getattr(importlib.import_module(module), test)(path):
                name = candidate
                break
        except Exception:  # noqa: BLE001 - whatever a test stumbles over, it says no
            continue
    if not name:
        return {"format": ""}, []
    module, _, reader = READERS[name]
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        stream = getattr(importlib.import_module(module), reader)(
            path, headonly=bool(request["headonly"])
        )
    traces, samples = [], []
    for trace in stream:
        row = {"stats": _stats(trace.stats), "dtype": "", "masked": False}
        if not request["headonly"]:
            row["masked"] = bool(np.ma.isMaskedArray(trace.data))
            data = np.ascontiguousarray(np.ma.getdata(trace.data))
            data = data.astype(data.dtype.newbyteorder("<"), copy=False)
            if data.dtype.kind in "iuf":
                row |= {"dtype": data.dtype.str, "size": int(data.size)}
                samples.append(data.tobytes())
            else:
                row["dtype"] = str(data.dtype)
        traces.append(row)
    told = [
        str(w.message)
        for w in log
        if not issubclass(w.category, DeprecationWarning | PendingDeprecationWarning)
    ]
    return {"format": name, "traces": traces, "warnings": told[:20]}, samples


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    answers.write(b'{"ready": true}\n')
    answers.flush()
    for line in requests:
        request = json.loads(line)
        _limit(int(request["memory"]), int(request["seconds"]))
        samples: list[bytes] = []
        try:
            head, samples = _answer(request)
        except Exception as error:  # noqa: BLE001 - parsers raise whatever they stumble over
            head = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        answers.write(json.dumps(head).encode() + b"\n")
        for part in samples:
            answers.write(part)
        answers.flush()


def main() -> None:
    """Serve on the standard streams, keeping what parsers print away from the answers."""
    del sys.path[0]  # the folder of this file, whose names are not meant for other packages
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import obspy  # noqa: F401 - before any limit

    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
