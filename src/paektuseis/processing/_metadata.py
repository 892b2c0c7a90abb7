"""What can be wrong with an instrument response, found before it is used."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, UTCDateTime
from obspy.core.util.obspy_types import ObsPyException

from ..errors import MetadataError
from ._epochs import Epoch, epochs_at, no_epoch

DISAGREE_WARNING = 0.05
DISAGREE_ERROR = 0.50
MAX_POLES = 1000

GROUND = {"M": "DISP", "M/S": "VEL", "M/SEC": "VEL"} | dict.fromkeys(
    ("M/S**2", "M/(S**2)", "M/SEC**2", "M/(SEC**2)", "M/S/S"), "ACC"
)
PREFIXES = ("", "N", "C", "M")
_evalresp_lock = threading.Lock()  # evalresp keeps its state in C globals


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a response: severity, words and figures."""

    severity: str
    message: str
    value: float = float("nan")
    units: str = ""
    limit: float = float("nan")


def ground_quantity(units: str | None) -> str | None:
    """Return DISP, VEL or ACC for the unit of a ground-motion sensor, else ``None``."""
    name = (units or "").strip().upper()
    for prefix in PREFIXES:
        if name.startswith(prefix) and name[len(prefix) :] in GROUND:
            return GROUND[name[len(prefix) :]]
    return None


def input_units(response: Any) -> str | None:
    """Return the unit a response starts from."""
    stages = response.response_stages or []
    if stages and stages[0].input_units:
        return str(stages[0].input_units)
    sensitivity = response.instrument_sensitivity
    return str(sensitivity.input_units) if sensitivity and sensitivity.input_units else None


def evaluate(
    response: Any, frequencies: NDArray[np.float64], output: str, trace_id: str
) -> NDArray[np.complex128]:
    """Return evalresp's own values at given frequencies, errors in our words."""
    try:
        with _evalresp_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = response._call_eval_resp_for_frequencies(
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
        known = _stage_problems(response)
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


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _stage_problems(response: Any) -> list[Problem]:
    stages = response.response_stages or []
    if not stages:
        return [Problem("error", "the response has no stages, only an overall sensitivity")]
    found: list[Problem] = []
    for stage in stages:
        name = f"stage {stage.stage_sequence_number}"
        gain = _number(stage.stage_gain)
        if stage.stage_gain is not None and (not np.isfinite(gain) or gain == 0):
            found.append(Problem("error", f"{name} has the gain {gain:g}", gain, "", 0.0))
        elif gain < 0:
            found.append(Problem("info", f"{name} has a negative gain: polarity kept", gain))
        found += _pole_problems(stage, name)
    for before, after in pairwise(stages):
        left, right = before.output_units, after.input_units
        if left and right and _same(left) != _same(right):
            found.append(
                Problem(
                    "error",
                    f"stage {after.stage_sequence_number} takes {right}, but stage "
                    f"{before.stage_sequence_number} gives {left}",
                )
            )
    return found


def _same(units: str) -> str:
    name = units.strip().upper()
    return {"COUNT": "COUNTS", "VOLT": "V", "VOLTS": "V"}.get(name, name)


def _pole_problems(stage: Any, name: str) -> list[Problem]:
    poles = getattr(stage, "poles", None)
    zeros = getattr(stage, "zeros", None)
    if poles is None or zeros is None:
        return []
    if len(poles) + len(zeros) > MAX_POLES:
        return [
            Problem(
                "error",
                f"{name} has {len(poles)} poles and {len(zeros)} zeros",
                len(poles) + len(zeros),
                "",
                MAX_POLES,
            )
        ]
    p, z = np.array(poles, dtype=complex), np.array(zeros, dtype=complex)
    if not (np.isfinite(p).all() and np.isfinite(z).all()):
        return [Problem("error", f"{name} has a pole or zero that is no number")]
    digital = "DIGITAL" in stage.pz_transfer_function_type.upper()
    worst = float(np.abs(p).max() - 1 if digital else p.real.max()) if p.size else -1.0
    if worst > 0:
        return [Problem("error", f"{name} is unstable: a pole lies in the wrong half", worst)]
    a0, frequency = _number(stage.normalization_factor), _number(stage.normalization_frequency)
    if not np.isfinite(a0) or a0 == 0:
        return [Problem("error", f"{name} has the normalisation factor {a0:g}", a0, "", 0.0)]
    if digital or not frequency > 0:
        return []
    s = 1j * frequency * (1.0 if "HERTZ" in stage.pz_transfer_function_type.upper() else 2 * np.pi)
    with np.errstate(all="ignore"):
        size = float(abs(a0 * np.prod(s - z) / np.prod(s - p)))
    severity = _disagreement(size)
    if severity is None:
        return []
    return [
        Problem(
            severity,
            f"{name}: normalisation factor {a0:g} gives {size:.4g} instead of 1 at "
            f"{frequency:g} Hz",
            size,
            "ratio",
            DISAGREE_WARNING if severity == "warning" else DISAGREE_ERROR,
        )
    ]


def _disagreement(ratio: float) -> str | None:
    """Severity of a ratio that should be 1 (or None), the same up as down."""
    if not np.isfinite(ratio) or ratio <= 0:
        return "error"
    apart = max(ratio, 1 / ratio) - 1
    if apart > DISAGREE_ERROR:
        return "error"
    return "warning" if apart > DISAGREE_WARNING else None


def _sensitivity_problems(response: Any) -> list[Problem]:
    """Hold the overall sensitivity against the stages, evaluated where it claims to hold."""
    sensitivity = response.instrument_sensitivity
    if sensitivity is None or sensitivity.value is None:
        return [Problem("info", "no overall sensitivity is given; the stages are used")]
    value = _number(sensitivity.value)
    if not np.isfinite(value) or value == 0:
        return [Problem("error", f"the overall sensitivity is {value:g}", value, "", 0.0)]
    found = []
    if value < 0:
        found.append(Problem("info", "negative overall sensitivity: polarity kept", value))
    units = input_units(response)
    quantity = ground_quantity(units)
    name = (units or "").strip().upper()
    if quantity is None and name not in ("PA", "PASCAL", "PASCALS"):
        found.append(
            Problem(
                "error",
                f"input unit {units!r} is no ground motion: m, m/s or m/s**2 "
                "(or their n, c, m forms)",
            )
        )
        return found
    frequency = _number(sensitivity.frequency)
    if not frequency > 0:
        return [*found, Problem("info", f"the overall sensitivity is given at {frequency:g} Hz")]
    try:
        stages = abs(evaluate(response, np.array([frequency]), quantity or "DEF", "response")[0])
    except MetadataError as error:
        return [*found, Problem("error", str(error))]
    # evalresp answers in metres; the sensitivity is in the sensor's own unit
    scale = {"N": 1e-9, "C": 1e-2, "M": 1e-3}.get(name[0], 1.0) if name not in GROUND else 1.0
    ratio = abs(value) / (stages * (scale if quantity else 1.0)) if stages else float("nan")
    severity = _disagreement(ratio)
    if severity is not None:
        found.append(
            Problem(
                severity,
                f"overall sensitivity {value:.6g} is {ratio:.4g} times the product of the "
                f"stages at {frequency:g} Hz",
                ratio,
                "ratio",
                DISAGREE_WARNING if severity == "warning" else DISAGREE_ERROR,
            )
        )
    return found


def _rate_problems(response: Any, sampling_rate: float) -> list[Problem]:
    """Hold the output rate of the last digital stage against the data's rate."""
    for stage in reversed(response.response_stages or []):
        rate = _number(getattr(stage, "decimation_input_sample_rate", None))
        factor = _number(getattr(stage, "decimation_factor", None))
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
