"""Classes of events: by open rules or by a trained model, each with margin and reason."""

from __future__ import annotations

from math import isfinite, log, nan
from typing import Any, Protocol

import numpy as np
import pandas as pd

from .. import tables
from ..errors import ParameterError
from .rules import FLOOR, Criterion, Rules

QUAKEML_TYPES: dict[str, str] = {
    "VT": "earthquake",
    "LP": "other event",
    "hybrid": "other event",
    "VLP": "other event",
    "harmonic": "other event",
    "tremor": "other event",
    "explosion": "explosion",
    "regional": "earthquake",
    "teleseism": "earthquake",
    "noise": "not reported",
}
"""QuakeML event type of each label; the label itself belongs into a comment or description."""

_UNITS = {c.name: c.unit for c in tables.FEATURES.columns}
_OPTIONAL = ("apparent_velocity", "sp_time", "ps_ratio")
"""Features that need picks or a network: where they are missing no class gains or loses."""
_AWAY = ("regional", "teleseism", "explosion")


class Model(Protocol):
    """What :func:`classify_events` needs of a trained model."""

    @property
    def name(self) -> str:
        """Name of the model."""

    def scores(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the share of each class (column) for each event (row)."""

    def reason(self, row: pd.Series, label: str) -> str:
        """Name the features that decided."""


def classify_events(features: pd.DataFrame, *, rules: Rules | Model | None = None) -> pd.DataFrame:
    """Give each event its class, how clear it is, and why.

    Parameters
    ----------
    features : DataFrame
        ``tables.FEATURES``.
    rules : Rules or EventModel, optional
        By default :class:`Rules` with its default criteria.

    Returns
    -------
    DataFrame
        ``tables.CLASSES``. ``margin`` is the share of the class in the sum of all scores minus
        that of the next class. An event none of whose features was measured has the label ``""``.

    Raises
    ------
    ParameterError
        If the table has no ``event_id``.

    Examples
    --------
    >>> from paektuseis import tables
    >>> seen = tables.FEATURES.frame([{"event_id": "a", "snr": 30.0, "frequency_index": 0.2,
    ...     "low_peak": 0.0, "peak_delay": 1.5, "significant_duration": 4.0}])
    >>> classify_events(seen)["label"].tolist()
    ['VT']
    """
    tables.FEATURES.check(features, need=("event_id",))
    if rules is None:
        rules = Rules()
    if not isinstance(rules, Rules):
        return _by_model(features, rules)
    used = {c.feature for criteria in rules.classes.values() for c in criteria}
    rows = []
    for record in features.to_dict("records"):
        values = {name: _number(record.get(name)) for name in used}
        row: dict[str, Any] = {"event_id": record["event_id"], "method": "rules"}
        if not any(isfinite(v) for v in values.values()):
            rows.append(row | {"label": "", "margin": nan, "reason": "no feature was measured"})
            continue
        rows.append(row | _judge(values, record, rules))
    return tables.CLASSES.frame(rows)


def _number(value: Any) -> float:
    return nan if value is None or value is pd.NA else float(value)


def _judge(values: dict[str, float], record: dict[Any, Any], rules: Rules) -> dict[str, Any]:
    logs = {
        label: sum(
            log(c.membership(values[c.feature]))
            for c in criteria
            if isfinite(values[c.feature]) or c.feature not in _OPTIONAL
        )
        for label, criteria in rules.classes.items()
    }
    extra = _context(record, rules, logs)
    top = max(logs.values())
    shares = {label: float(np.exp(v - top)) for label, v in logs.items()}
    total = sum(shares.values())
    order = sorted(shares, key=lambda k: (-shares[k], tables.LABELS.index(k)))
    best = order[0]
    second = order[1] if len(order) > 1 else ""
    margin = (shares[best] - (shares[second] if second else 0.0)) / total
    said = _said(best, rules, values)
    return {
        "label": best,
        "margin": margin,
        "reason": f"{best}: {', '.join(t for t in (extra.get(best, ''), said) if t)}",
        "runner_up": second,
    }


def _context(record: dict[Any, Any], rules: Rules, logs: dict[str, float]) -> dict[str, str]:
    """Weigh what is known from outside the record: catalogue, place, known sources."""
    said: dict[str, str] = {}
    misfit = _number(record.get("catalogue_misfit"))
    if isfinite(misfit) and abs(misfit) <= rules.catalogue_tolerance:
        distance = _number(record.get("catalogue_distance"))
        label = "teleseism" if distance > 10.0 else "regional"
        if label in logs:
            logs[label] -= 2 * log(FLOOR)
            said[label] = (
                f"onset {misfit:+.1f} s from the predicted arrival of a catalogued earthquake "
                f"at {distance:.1f} degrees"
            )
    away = _number(record.get("origin_distance_km"))
    if isfinite(away) and away > rules.volcano_radius_km:
        for label in logs:
            if label not in _AWAY:
                logs[label] += log(FLOOR) / 2
        for label in _AWAY:
            said[label] = (said.get(label, "") + f" epicentre {away:.0f} km away").strip()
    return said


def _said(best: str, rules: Rules, values: dict[str, float]) -> str:
    """Name at most four features: what set the class apart from the others, largest first.

    What a feature contributes is the logarithm of its membership in this class minus its mean in
    the other classes (0 where a class does not ask for it).
    """
    parts: list[tuple[float, str]] = []
    others = [criteria for label, criteria in rules.classes.items() if label != best]
    against: list[tuple[float, str]] = []
    for feature in dict.fromkeys(c.feature for c in rules.classes[best]):
        value = values[feature]
        if not isfinite(value):
            continue
        own = _weight(rules.classes[best], feature, value)
        push = own - float(np.mean([_weight(c, feature, value) for c in others] or [0.0]))
        unit = _UNITS[feature]
        unit = f" {unit}" if unit and "ratio" not in unit else ""
        limits = " and ".join(c.text for c in rules.classes[best] if c.feature == feature)
        text = f"{feature.replace('_', ' ')} {value:.2f}{unit} ({limits})"
        (parts if own >= log(0.25) else against).append((push, text))
    parts.sort(key=lambda p: -p[0])
    against.sort(key=lambda p: p[0])
    sentence = ", ".join(t for _, t in parts[: 3 if against else 4])
    return sentence + (f"; against it: {against[0][1]}" if against else "")


def _weight(criteria: tuple[Criterion, ...], feature: str, value: float) -> float:
    return sum(log(c.membership(value)) for c in criteria if c.feature == feature)


def _by_model(features: pd.DataFrame, model: Model) -> pd.DataFrame:
    scores = model.scores(features)
    rows = []
    for (_, record), (_, score) in zip(features.iterrows(), scores.iterrows(), strict=True):
        ranked = score.sort_values(ascending=False, kind="stable")
        best = str(ranked.index[0])
        rows.append(
            {
                "event_id": record["event_id"],
                "label": best,
                "margin": float(ranked.iloc[0] - (ranked.iloc[1] if len(ranked) > 1 else 0.0)),
                "runner_up": str(ranked.index[1]) if len(ranked) > 1 else "",
                "reason": f"{best}: {model.reason(record, best)}",
                "method": model.name,
            }
        )
    return tables.CLASSES.frame(rows)


def confusion_table(truth: Any, labels: Any) -> pd.DataFrame:
    """Count labels (columns) given to each true class (rows).

    Parameters
    ----------
    truth, labels : sequence of str
        Of the same events, in the same order.

    Returns
    -------
    DataFrame
        Counts; rows and columns the classes that occur, in the order of ``tables.LABELS``.

    Raises
    ------
    ParameterError
        If the lengths differ or are zero.
    """
    truth, labels = [str(v) for v in truth], [str(v) for v in labels]
    if len(truth) != len(labels) or not truth:
        raise ParameterError(f"{len(truth)} true classes and {len(labels)} labels; give as many")
    present = set(truth) | set(labels)
    order = [v for v in tables.LABELS if v in present] + sorted(present - set(tables.LABELS))
    counts = pd.DataFrame(0, index=order, columns=order)
    for a, b in zip(truth, labels, strict=True):
        counts.loc[a, b] += 1
    return counts


def macro_f1(truth: Any, labels: Any) -> float:
    """Return the mean F1 over the classes that occur in truth or labels.

    Parameters
    ----------
    truth, labels : sequence of str

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> macro_f1(["VT", "VT", "LP", "LP"], ["VT", "LP", "LP", "LP"]).__round__(4)
    0.7333
    """
    counts = confusion_table(truth, labels).to_numpy(dtype=float)
    hits = np.diag(counts)
    return float(np.mean(2 * hits / (counts.sum(axis=0) + counts.sum(axis=1))))
