"""One case of bad input through the public verbs: ``adapter.py CASE_DIR OUT_DIR FILE...``.

Writes OUT_DIR/answer.json (files, segments with flags, detections, events, noise, response,
catalogue) in the form of the judge that is run over the whole corpus. Exit status 0 all well,
3 done with problems reported, 2 nothing usable.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from obspy import Stream, UTCDateTime

import paektuseis as ps
from paektuseis.config import DetectorSettings

DETECTOR = DetectorSettings(
    name="corpus",
    channels="*",
    freqmin=1.0,
    freqmax=20.0,
    corners=4,
    method="recursive",
    sta=1.0,
    lta=30.0,
    thr_on=4.0,
    thr_off=1.5,
)
FREQUENCIES = (0.1, 0.2, 1.0)


class Answer:
    """What is known of a case so far."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.files: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, Any] = {"segments": [], "detections": [], "events": [], "psd": {}}

    def file(self, path: str, status: str, reason: str, where: object = None) -> None:
        known = self.files.get(path)
        if known is None or (known["status"] == "ok" and status != "ok"):
            self.files[path] = {
                "path": path,
                "status": status,
                "reason": ps.safe_text(reason),
                "where": None if where is None else str(where),
            }

    def write(self) -> int:
        files = list(self.files.values())
        self.parts["files"] = files
        (self.out / "answer.json").write_text(json.dumps(self.parts))
        if files and all(f["status"] == "rejected" for f in files):
            return 2
        flagged = any(s["flags"] for s in self.parts["segments"])
        problems = self.parts.get("response", {}).get("problems")
        skipped = self.parts.get("catalogue", {}).get("skipped")
        bad = any(f["status"] != "ok" for f in files)
        return 3 if bad or flagged or problems or skipped else 0


def waveforms(case: dict[str, Any], folder: Path, files: list[str], answer: Answer) -> None:
    """Read, join, judge, detect, and measure the noise."""
    edges = [None, None]
    if case["extra"].get("window"):  # the window, and what lies before and after it
        begin = UTCDateTime(case["t0"])
        edges = [None, *(begin + s for s in case["extra"]["window"]), None]
    stream = Stream()
    asked = named_channels(files)
    for name in files:
        try:
            found = Stream()
            for start, end in pairwise(edges):
                found += ps.read_waveforms(
                    Path(name), trace_ids=asked or None, starttime=start, endtime=end
                )
        except ps.PaektuseisError as error:
            answer.file(name, "rejected", str(error))
            continue
        answer.file(name, "ok", "")
        for row in ps.reader_findings(found).itertuples():
            answer.file(name, "partial", f"{row.check}: {row.message}", row.starttime)
        stream += found
    if not len(stream):
        return
    joined, overlaps = ps.join_segments(stream)
    quality = ps.check_waveforms(joined)
    quality = pd.concat([quality, overlaps], ignore_index=True) if len(overlaps) else quality
    for row in quality.itertuples():
        if row.severity != "info" or row.check in overlaps["check"].unique():
            answer.file(files[0], "partial", f"{row.check}: {row.message}", row.starttime)
    sound = ps.sound_pieces(joined, quality)
    segments(joined, quality, answer)
    others = Stream()
    if case["extra"].get("network") and not case["extra"].get("own_network"):
        for good in sorted((folder.parent / "good").iterdir()):
            if "GD" in good.name and good.suffix != ".xml":
                others += ps.read_waveforms(good)
    detect(sound, others, quality, answer, files)
    noise(sound, answer)


def named_channels(files: list[str]) -> list[str]:
    """Return the channels an SDS day file's name promises."""
    out = []
    for name in files:
        parts = Path(name).name.split(".")
        if len(parts) == 7 and parts[4] == "D":
            out.append(".".join(parts[:4]))
    return out if len(out) == len(files) else []


def segments(stream: Stream, quality: pd.DataFrame, answer: Answer) -> None:
    """Save the samples of each trace, with the spans that are flagged."""
    flagged = quality[quality["severity"].isin(["warning", "error"]) & (quality["check"] != "gap")]
    rows = {name: list(mine.itertuples()) for name, mine in flagged.groupby("trace_id")}
    for number, trace in enumerate(stream):
        name = f"segment{number}.npy"
        np.save(answer.out / name, np.ascontiguousarray(trace.data), allow_pickle=False)
        t0, rate = trace.stats.starttime.ns, float(trace.stats.sampling_rate)
        flags = []
        for row in rows.get(trace.id, []):
            first = int(np.ceil((row.starttime.value - t0) * 1e-9 * rate - 0.5))
            last = int(np.floor((row.endtime.value - t0) * 1e-9 * rate + 0.5))
            first, last = max(first, 0), min(last, len(trace.data) - 1)
            if first <= last:
                flags.append([first, last + 1, f"{row.check}: {row.message}"])
        answer.parts["segments"].append(
            {"id": trace.id, "t0_ns": t0, "rate": rate, "npy": name, "flags": flags}
        )


def detect(
    sound: Stream, others: Stream, quality: pd.DataFrame, answer: Answer, files: list[str]
) -> None:
    notes: list[str] = []
    try:
        triggers, heard = ps.detect_triggers(sound, [DETECTOR], problems=notes)
        far, _ = ps.detect_triggers(others, [DETECTOR]) if len(others) else (triggers[:0], None)
    except ps.PaektuseisError as error:
        answer.file(files[0], "partial", str(error))
        return
    for trace_id, states in heard.groupby("trace_id"):
        if not (states["state"] == "monitored").any():
            blind = states["duration"].sum()
            notes.append(f"{trace_id}: {blind:g} s, all shorter than {DETECTOR.lta:g} s of LTA")
    for note in notes:
        answer.file(files[0], "partial", note)
    doubtful = quality[(quality["check"] != "gap") & (quality["severity"] != "info")]
    for row in triggers.itertuples():
        near = doubtful[
            (doubtful["trace_id"] == row.trace_id)
            & (doubtful["starttime"] <= row.endtime)
            & (doubtful["endtime"] >= row.starttime - pd.Timedelta(seconds=DETECTOR.sta))
        ]
        answer.parts["detections"].append(
            {
                "id": row.trace_id,
                "t": row.starttime.timestamp(),
                "flags": sorted({*near["check"], *([row.flag] if row.flag else [])}),
            }
        )
    both = pd.concat([triggers, far], ignore_index=True) if len(far) else triggers
    events = ps.coincidence(both, min_stations=2, window=5.0)
    for row in events[events["veto"] == ""].itertuples():
        answer.parts["events"].append(
            {
                "t": row.starttime.timestamp(),
                "stations": sorted({".".join(t.split(".")[:2]) for t in row.trace_ids}),
            }
        )


def noise(sound: Stream, answer: Answer) -> None:
    """Noise level at three frequencies, for the channels whose windows allow it."""
    for trace_id in sorted({t.id for t in sound}):
        try:
            found = ps.noise_psd(sound.select(id=trace_id), length=600.0)
            level = found.percentile(50)
        except ps.PaektuseisError as error:
            answer.parts["psd"][trace_id] = {"ok": False, "db": {}, "reason": str(error)}
            continue
        db = {
            str(f): float(np.interp(1 / f, found.periods, level))
            for f in FREQUENCIES
            if found.periods.min() <= 1 / f <= found.periods.max()
        }
        answer.parts["psd"][trace_id] = {"ok": True, "db": db}


def inventory(case: dict[str, Any], files: list[str], answer: Answer) -> None:
    """Counts per unit of ground motion at 1 Hz, and everything said about it."""
    time = UTCDateTime(case["t0"])
    response: dict[str, Any] = {"ok": False, "problems": []}
    answer.parts["response"] = response
    try:
        found = ps.read_stations(Path(files[0]), problems=response["problems"])
        record = ps.read_waveforms(case["good_file"])
        rows = ps.check_waveforms(record, inventory=found)
        rows = rows[rows["check"].isin(["no_response", "wrong_epoch", "response"])]
        for row in rows.itertuples():
            response["problems"].append(f"{row.trace_id}: {row.message}")
        if (rows["severity"] == "error").any():
            raise ps.MetadataError("; ".join(response["problems"]))
        curve = ps.response_curve(found, record[0].id, time, [1.0])
    except ps.PaektuseisError as error:
        answer.file(files[0], "rejected", str(error))
        return
    answer.file(files[0], "ok", "")
    response |= {"ok": True, "counts_per_unit": float(abs(curve[0])), "unit": "M/S"}


def catalogue(files: list[str], answer: Answer) -> None:
    skipped: list[str] = []
    try:
        found = ps.read_events(Path(files[0]), problems=skipped)
    except ps.PaektuseisError as error:
        answer.file(files[0], "rejected", str(error))
        answer.parts["catalogue"] = {"n": 0, "skipped": []}
        return
    answer.file(files[0], "ok", "")
    answer.parts["catalogue"] = {
        "n": len(found),
        "skipped": [{"which": s, "why": s} for s in skipped],
    }


def main(arguments: list[str]) -> int:
    folder, out, files = Path(arguments[0]), Path(arguments[1]), arguments[2:]
    manifest = json.loads((folder.parent / "manifest.json").read_text())
    case = next(c for c in manifest["cases"] if c["id"] == folder.name)
    case |= {"t0": manifest["t0"]}
    case["good_file"] = folder.parent / "good" / "XX.BAD..HHZ.D.2024.153"
    answer = Answer(out)
    if case["probe"] == "inventory":
        inventory(case, files, answer)
    elif case["probe"] == "catalogue":
        catalogue(files, answer)
    else:
        waveforms(case, folder, files, answer)
    return answer.write()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
