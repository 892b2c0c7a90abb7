"""All detectors over a record at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from .. import provenance, tables
from ..errors import ParameterError, WaveformError
from ..processing import bandpass, preprocess, settling_time, sound_pieces
from ..processing._bank import bank_sections
from ..processing._design import butterworth
from ..processing._kernels import line_through
from ..processing._traces import require_rate
from ..processing.preparation import START_SECONDS
from ..times import TimeLike
from ..types import Band
from . import _fused
from .characteristic import (
    blind_until,
    check_windows,
    sta_lta,
    usual_dead_run,
    warm_up,
    window_samples,
)
from .monitoring import Account, Listened, account, account_span, listened, no_value
from .triggers import (
    Found,
    check_rule,
    found_in,
    judged_between,
    refuse_unreachable,
    rule_samples,
    trigger_table,
)


class Detector(Protocol):
    """What :func:`detect_triggers` must know of a detector (``config.DetectorSettings`` fits)."""

    @property
    def name(self) -> str:
        """Name written into the tables."""

    @property
    def freqmin(self) -> float:
        """Lower corner of the band-pass in hertz."""

    @property
    def freqmax(self) -> float:
        """Upper corner in hertz."""

    @property
    def corners(self) -> int:
        """Order of the Butterworth filter."""

    @property
    def method(self) -> Any:
        """Characteristic function, as in :func:`sta_lta`."""

    @property
    def sta(self) -> float:
        """Short window in seconds."""

    @property
    def lta(self) -> float:
        """Long window in seconds."""

    @property
    def thr_on(self) -> float:
        """Threshold to switch on."""

    @property
    def thr_off(self) -> float:
        """Threshold to switch off."""

    @property
    def freeze(self) -> bool:
        """Whether to hold the long window while triggered."""

    @property
    def min_duration(self) -> float:
        """Seconds; shorter triggers are dropped."""

    @property
    def dead_time(self) -> float:
        """Seconds after a trigger in which no other begins."""


def detect_triggers(
    stream: Stream | Trace,
    detectors: Sequence[Detector],
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    problems: list[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run band-pass, STA/LTA and onsets of several detectors over a record at once.

    Gives what ``preprocess(detrend="start")``, :func:`bandpass`, :func:`sta_lta`,
    :func:`trigger_onsets` and :func:`monitored_time` give one after the other for each detector.
    The recursive method (without ``freeze``) is computed in one pass for all detectors, block by
    block, and writes nothing as long as the record.

    Parameters
    ----------
    stream : Stream or Trace
        Records of any number of channels, in counts or any other unit, not filtered; left
        untouched. Masked, NaN, infinite and −2³¹ samples are gaps.
    detectors : sequence
        Objects with the attributes ``name, freqmin, freqmax, corners, method, sta, lta, thr_on,
        thr_off, freeze, min_duration`` and ``dead_time``, as ``Settings().detectors`` holds them;
        their other attributes are not looked at.
    starttime, endtime : UTCDateTime or str, optional
        Span to account for in the second table; by default from the earliest to the latest
        sample. Triggers are searched in all of the record.
    problems : list of str, optional
        A detector that cannot run on a channel is named here and left out there. Without a
        list it raises.

    Returns
    -------
    triggers : DataFrame
        Table ``tables.TRIGGERS``, detector by detector, each by onset and id.
    monitoring : DataFrame
        Table ``tables.MONITORING``, detector by detector, each by id and time.

    Raises
    ------
    ParameterError
        Without ``problems``: if a band reaches the Nyquist frequency, windows do not fit the
        sampling rate, or a threshold cannot be reached. Always: if ``endtime`` is not after
        ``starttime``, or there is neither a trace nor a span.
    WaveformError
        If the input is no waveform.

    References
    ----------
    Withers et al. (1998) BSSA 88(1), 95-106; Evans & Allen (1983) BSSA 73(4).

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> from paektuseis import Settings
    >>> x = np.random.default_rng(1).normal(size=60_000)
    >>> x[40_000:40_300] *= 30
    >>> record = Trace(x, {"sampling_rate": 100.0, "channel": "HHZ"})
    >>> triggers, monitoring = detect_triggers(record, Settings().detectors[:1])
    >>> len(triggers), monitoring["state"].tolist()
    (1, ['blind', 'monitored'])
    """
    pieces = list(sound_pieces(stream))
    if not pieces and (starttime is None or endtime is None):
        raise ParameterError("no trace to account for; give starttime and endtime")
    channels: dict[str, list[Trace]] = {}
    for piece in pieces:
        channels.setdefault(piece.id, []).append(piece)
    listening = _fitting(channels, detectors, problems)
    found: list[list[Found]] = [[] for _ in detectors]
    heard: list[dict[str, list[Listened]]] = [{} for _ in detectors]
    for name, mine in channels.items():
        numbers = [i for i, _ in enumerate(detectors) if (i, name) in listening]
        for piece in mine:
            for i, triggers, part in _piece(piece, detectors, numbers):
                found[i].append(triggers)
                heard[i].setdefault(name, []).append(part)
    entries: list[Account] = []
    for i, detector in enumerate(detectors):
        spans = [
            (p.start_ns, p.start_ns + round(p.npts / p.sampling_rate * 1e9))
            for parts in heard[i].values()
            for p in parts
        ]
        if spans or not pieces:
            begin, until = account_span(spans, starttime, endtime)
            entries += [(detector.name, k, heard[i][k], begin, until) for k in sorted(heard[i])]
    return trigger_table(found), account(entries) if entries else tables.MONITORING.frame()


def _fitting(
    channels: dict[str, list[Trace]], detectors: Sequence[Detector], problems: list[str] | None
) -> set[tuple[int, str]]:
    """Return the pairs of detector and channel that fit each other; name, or raise for, others."""
    out = set()
    for i, detector in enumerate(detectors):
        for name, pieces in channels.items():
            try:
                for rate in {require_rate(piece) for piece in pieces}:
                    _require_fit(detector, name, rate)
            except (ParameterError, WaveformError) as error:
                if problems is None:
                    raise
                problems.append(f"detector {detector.name} on {name}: {error}")
            else:
                out.add((i, name))
    return out


def _require_fit(detector: Detector, trace_id: str, rate: float) -> None:
    band = Band(freqmin=detector.freqmin, freqmax=detector.freqmax)
    band.require_below_nyquist(rate, trace_id)
    settling_time(rate, freqmin=band.freqmin, freqmax=band.freqmax, corners=detector.corners)
    check_windows(detector.method, detector.sta, detector.lta)
    window_samples(detector.sta, detector.lta, rate, trace_id)
    check_rule(detector.thr_on, detector.thr_off, detector.min_duration, detector.dead_time)
    refuse_unreachable(trace_id, rate, detector.method, detector.sta, detector.lta, detector.thr_on)


def _piece(
    piece: Trace, detectors: Sequence[Detector], numbers: list[int]
) -> Iterator[tuple[int, Found, Listened]]:
    """Yield what each detector found in, and heard of, one contiguous piece."""
    fused = [i for i in numbers if detectors[i].method == "recursive" and not detectors[i].freeze]
    if fused:
        lanes = [_lane(piece, detectors[i]) for i in fused]
        yield from zip(fused, *_run(piece, lanes), strict=True)
    for i in numbers:
        if i not in fused:
            yield (i, *_verb_by_verb(piece, detectors[i]))


def _verb_by_verb(piece: Trace, detector: Detector) -> tuple[Found, Listened]:
    """Run one detector by the public verbs."""
    filtered = bandpass(
        preprocess(piece, detrend="start"),
        freqmin=detector.freqmin,
        freqmax=detector.freqmax,
        corners=detector.corners,
    )
    ratio = sta_lta(
        filtered,
        sta=detector.sta,
        lta=detector.lta,
        method=detector.method,
        freeze=(detector.thr_on, detector.thr_off) if detector.freeze else None,
    )[0]
    del filtered
    found = found_in(
        ratio,
        detector.thr_on,
        detector.thr_off,
        detector.min_duration,
        detector.dead_time,
        None,
        detector.name,
    )
    return found, listened(ratio)


@dataclass(frozen=True)
class _Lane:
    """One detector on one contiguous piece, in samples."""

    sections: NDArray[np.float64]
    rule: NDArray[np.int64]
    dead_run: int
    thresholds: tuple[float, float]
    facts: dict[str, Any]


def _lane(piece: Trace, detector: Detector) -> _Lane:
    fs = float(piece.stats.sampling_rate)
    nsta, nlta = window_samples(detector.sta, detector.lta, fs, piece.id)
    design = butterworth(
        float(detector.freqmin), float(detector.freqmax), int(detector.corners), fs
    )
    begin, until = provenance.valid_span(piece)
    settled = begin + design.settling
    blind = blind_until(piece, settled, warm_up("recursive", nsta, nlta))
    first, last = judged_between(piece, max(settled, blind), until)
    shortest, dead = rule_samples(detector.min_duration, detector.dead_time, fs)
    low, high = provenance.band_of(piece)
    return _Lane(
        sections=design.sections,
        rule=np.array([nsta, nlta, first, last, shortest, dead]),
        dead_run=max(1, round(usual_dead_run(detector.sta, detector.lta) * fs)),
        thresholds=(float(detector.thr_on), float(detector.thr_off)),
        facts={
            "method": detector.method,
            "sta": float(detector.sta),
            "lta": float(detector.lta),
            "thr_on": detector.thr_on,
            "thr_off": detector.thr_off,
            "freqmin": max(low or 0.0, detector.freqmin),
            "freqmax": min(high or np.inf, detector.freqmax),
            "detector": detector.name,
        },
    )


def _run(piece: Trace, lanes: list[_Lane]) -> tuple[list[Found], list[Listened]]:
    """Run recursive detectors over one contiguous piece."""
    fs = float(piece.stats.sampling_rate)
    x = piece.data
    offset = float(line_through(x[: max(round(START_SECONDS * fs), 1)])[0])
    whole = np.array([[0, len(x)]])
    rows, peaks, suspect = _scan(x, offset, lanes, whole)
    found, heard = [], []
    for k, lane in enumerate(lanes):
        live = whole
        mine, tops = rows[rows[:, 0] == k], peaks[rows[:, 0] == k]
        if suspect[k] or lane.dead_run < 2 * _fused.STRETCH - 1:
            sections, nlta = bank_sections([lane.sections]), int(lane.rule[_fused.NLTA])
            live = _fused.live_pieces(x, offset, sections, lane.dead_run, nlta)
            if not np.array_equal(live, whole):
                mine, tops, _ = _scan(x, offset, [lane], live)
        start_ns = int(piece.stats.starttime.ns)
        found.append(Found(piece.id, start_ns, fs, mine[:, 1:], tops, lane.facts))
        heard.append(_heard(piece, lane, live))
    return found, heard


def _scan(
    x: NDArray[Any], offset: float, lanes: list[_Lane], live: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    return _fused.recursive_triggers(
        x,
        offset,
        bank_sections([lane.sections for lane in lanes]),
        np.array([lane.rule for lane in lanes]),
        np.array([lane.thresholds for lane in lanes]),
        live,
    )


def _heard(piece: Trace, lane: _Lane, live: NDArray[np.int64]) -> Listened:
    fs = float(piece.stats.sampling_rate)
    warm = int(lane.rule[_fused.NLTA])
    known = np.column_stack((live[:, 0] + warm, live[:, 1]))
    return Listened(
        start_ns=int(piece.stats.starttime.ns),
        sampling_rate=fs,
        npts=len(piece.data),
        known=known[known[:, 0] < known[:, 1]],
        first=int(lane.rule[_fused.FIRST]),
        last=int(lane.rule[_fused.LAST]),
        unknown=no_value(warm / fs),
    )
