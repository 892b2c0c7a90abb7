"""What can be wrong with an instrument response, found before it is used."""

from __future__ import annotations

import copy
import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, UTCDateTime
from obspy.core.util.obspy_types import ObsPyException

from ..errors import MetadataError
from ._epochs import Epoch, epochs_at, no_epoch
from ._response_stages import stage_problems
from ._response_units import (
    Problem,
    disagreement,
    disagreement_limit,
    ground_quantity,
    input_units,
    metres_of,
    number,
    stages_in_order,
)

_evalresp_lock = threading.Lock()  # evalresp keeps its state in C globals


def _evaluable(response: Any) -> Any:
    """Return a response as evalresp wants it: stages in order, a frequency for the sensitivity."""
    stages = stages_in_order(response)
    stated = response.instrument_sensitivity
    ordered = all(a is b for a, b in zip(stages, response.response_stages, strict=True))
    lost = stated is not None and not number(stated.frequency) > 0
    if ordered and not lost:
        return response
    other = copy.copy(response)
    other.response_stages = stages
    if lost:
        gains = (number(s.stage_gain_frequency) for s in stages)
        other.instrument_sensitivity = copy.copy(stated)
        other.instrument_sensitivity.frequency = next((f for f in gains if f > 0), stated.frequency)
    return other


def evaluate(
    response: Any, frequencies: NDArray[np.float64], output: str, trace_id: str
) -> NDArray[np.complex128]:
    """Return evalresp's own values at given frequencies, errors in our words."""
    try:
        with _evalresp_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = _evaluable(response)._call_eval_resp_for_frequencies(
                frequencies=np.ascontiguousarray(frequencies, dtype=np.float64),
                output=output,
                hide_sensitivity_mismatch_warning=True,
            )[0]
    except (
        ObsPyException,
        ValueError,
        TypeError,
        NotImplementedError,
        AttributeError,
        IndexError,
        ZeroDivisionError,
    ) as error:
        raise MetadataError(
            f"{trace_id}: evalresp cannot evaluate this response "
            f"({' '.join(str(error).split()) or type(error).__name__}); correct the metadata"
        ) from error
    return np.asarray(values, dtype=np.complex128)


_at_rest: ContextVar[dict[int, tuple[Any, str]] | None] = ContextVar("at_rest", default=None)
"""Hashes by identity, with the object itself so that its identity is not given away."""


@contextmanager
def responses_at_rest() -> Iterator[None]:
    """Promise that no response is edited inside the block, so that each is hashed once.

    Blocks nest; what was hashed is forgotten at the end of the outermost.
    """
    token = _at_rest.set({}) if _at_rest.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _at_rest.reset(token)


def fingerprint(response: Any) -> str:
    """Return a hash of everything a response is made of (it may be edited in place)."""
    known = _at_rest.get()
    if known is not None and id(response) in known:
        return known[id(response)][1]
    words: list[str] = []
    _spell(response, words.append)
    mark = hashlib.blake2b("".join(words).encode(), digest_size=16).hexdigest()
    if known is not None:
        known[id(response)] = (response, mark)
    return mark


def _spell(item: Any, say: Callable[[str], None]) -> None:
    """Say everything an object is made of."""
    if item is None or isinstance(item, float | int | complex | str):
        say(repr(item))
        own = getattr(item, "__dict__", None)
        if own:
            for key, part in sorted(own.items()):
                if "uncertainty" not in key and not isinstance(part, dict):
                    say(f"{key}={part!r}")
    elif isinstance(item, list | tuple):
        say(f"[{len(item)}")
        for part in item:
            _spell(part, say)
    elif hasattr(item, "__dict__"):
        say(type(item).__name__)
        for key, part in sorted(vars(item).items()):
            say(key)
            _spell(part, say)
    else:
        say(repr(item))
    say(";")


def response_at(inventory: Inventory, trace_id: str, time: UTCDateTime) -> Any:
    """Return the one response that holds at a time.

    Raises
    ------
    MetadataError
        If no epoch covers the time, none has a response, or two that differ do.
    """
    epochs = epochs_at(inventory, trace_id, time)
    if not epochs:
        raise no_epoch(inventory, trace_id, time)
    with_response = [e for e in epochs if has_response(e)]
    if not with_response:
        raise MetadataError(
            f"{trace_id}: the epoch of {time} has no response; complete the StationXML "
            "(level 'response') or leave the channel in counts"
        )
    if len(with_response) > 1 and len({fingerprint(e.response) for e in with_response}) > 1:
        raise MetadataError(
            f"{trace_id}: {len(with_response)} epochs with different responses cover {time}; "
            "close the wrong one in the metadata"
        )
    return with_response[0].response


def has_response(epoch: Epoch) -> bool:
    """Return whether an epoch carries stages or at least a polynomial."""
    response = epoch.response
    return response is not None and bool(response.response_stages or response.instrument_polynomial)


_MOST_KNOWN = 512
_problems_known: dict[str, list[Problem]] = {}
"""Findings by the hash of the response: one that was looked at needs no second evaluation."""


def response_problems(response: Any, *, sampling_rate: float | None = None) -> list[Problem]:
    """List what is wrong with a response, worst first.

    An ``"error"`` means a conversion with it would be wrong; a ``"warning"`` that two of its
    own statements disagree by 5 % or more; ``"info"`` is only worth knowing.
    """
    key = fingerprint(response)
    known = _problems_known.get(key)
    if known is None:
        known = stage_problems(response)
        if not any(p.severity == "error" for p in known):
            known += _sensitivity_problems(response)
        if len(_problems_known) >= _MOST_KNOWN:
            _problems_known.pop(next(iter(_problems_known)))
        _problems_known[key] = known
    problems = list(known)
    if sampling_rate is not None:
        problems += _rate_problems(response, sampling_rate)
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(problems, key=lambda p: order[p.severity])


def _sensitivity_problems(response: Any) -> list[Problem]:
    """Hold the overall sensitivity against the stages, evaluated where it claims to hold."""
    sensitivity = response.instrument_sensitivity
    if sensitivity is None or sensitivity.value is None:
        return [Problem("info", "no overall sensitivity is given; the stages are used")]
    value = number(sensitivity.value)
    if not np.isfinite(value) or value == 0:
        return [Problem("error", f"the overall sensitivity is {value:g}", value, "", 0.0)]
    found = []
    if value < 0:
        found.append(Problem("info", "negative overall sensitivity: polarity kept", value))
    stated = number(sensitivity.frequency)
    frequency, words = _usable_frequency(response, stated)
    if words:
        found.append(Problem("info", words, stated, "Hz"))
    if frequency is None:
        return found
    try:
        ratio = _sensitivity_ratio(response, abs(value), frequency)
    except MetadataError as error:
        return [*found, Problem("error", str(error))]
    severity = disagreement(ratio)
    if severity is not None:
        if words and severity == "error":
            severity = "warning"  # not where it claims to hold
        found.append(
            Problem(
                severity,
                f"overall sensitivity {value:.6g} is {ratio:.4g} times the product of the "
                f"stages at {frequency:g} Hz",
                ratio,
                "ratio",
                disagreement_limit(severity),
            )
        )
    gains = [number(s.stage_gain) for s in response.response_stages if s.stage_gain is not None]
    if len(gains) and np.prod(np.sign(gains)) != np.sign(value):
        found.append(
            Problem("warning", "the overall sensitivity and the gains differ in sign; stages used")
        )
    return found


def _sensitivity_ratio(response: Any, value: float, frequency: float) -> float:
    """Return the sensitivity over the stages, in its own unit or, if that fits, in theirs."""
    ratios = []
    for units in (input_units(response), response.instrument_sensitivity.input_units):
        quantity = ground_quantity(units)
        at = evaluate(response, np.array([frequency]), quantity or "DEF", "response")[0]
        stages = abs(at) * metres_of(units)  # evalresp answers in metres
        ratios.append(value / stages if stages else float("nan"))
        if disagreement(ratios[-1]) is None:
            return ratios[-1]
    return ratios[0]


def _usable_frequency(response: Any, stated: float) -> tuple[float | None, str]:
    """Return where the sensitivity can be held against the stages, and why not where it says."""
    ends = [
        number(s.decimation_input_sample_rate) / number(s.decimation_factor)
        for s in response.response_stages
        if number(s.decimation_input_sample_rate) > 0 and number(s.decimation_factor) >= 1
    ]
    nyquist = 0.5 * min(ends, default=float("inf"))
    if 0 < stated < nyquist:
        return stated, ""
    words = f"the overall sensitivity is given at {stated:g} Hz"
    if stated >= nyquist:
        words += f", not below the Nyquist frequency {nyquist:g} Hz"
    others = (number(s.stage_gain_frequency) for s in response.response_stages)
    return next((f for f in others if 0 < f < nyquist), None), words


def _rate_problems(response: Any, sampling_rate: float) -> list[Problem]:
    """Hold the output rate of the last digital stage against the data's rate."""
    for stage in reversed(stages_in_order(response)):
        rate = number(getattr(stage, "decimation_input_sample_rate", None))
        factor = number(getattr(stage, "decimation_factor", None))
        if np.isfinite(rate) and factor > 0 and rate > 0:
            ratio = rate / factor / sampling_rate
            if abs(ratio - 1) > 0.01:
                # often the last decimations are simply not described
                undescribed = ratio > 1 and abs(ratio - round(ratio)) < 0.01
                return [
                    Problem(
                        "info" if undescribed else "warning",
                        f"the response ends at {rate / factor:g} Hz, the samples come at "
                        f"{sampling_rate:g} Hz",
                        rate / factor,
                        "Hz",
                        sampling_rate,
                    )
                ]
            break
    return []
