"""A model trained by the user on labelled events, kept as plain numbers in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import tables
from ..errors import ParameterError
from ..types import FloatArray
from .classes import confusion_table, macro_f1

FORMAT = "paektuseis event model 1"


@dataclass(frozen=True, kw_only=True)
class EventModel:
    """Multinomial logistic regression of standardised features.

    Attributes
    ----------
    features, classes : tuple of str
    centre, scale : tuple of float
        Of each feature; a missing feature is set to its centre, which speaks for no class.
    coefficients : tuple of tuple of float
        By class and feature.
    intercepts : tuple of float
    macro_f1 : float
        Cross-validated.
    confusion : dict
        Cross-validated counts, true class -> given class -> number.
    n_events, n_folds : int
    """

    features: tuple[str, ...]
    classes: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    macro_f1: float
    confusion: dict[str, dict[str, int]]
    n_events: int
    n_folds: int
    name: str = "logistic regression"

    def __post_init__(self) -> None:
        shape = (len(self.classes), len(self.features))
        numbers = np.asarray(self.coefficients, dtype=float)
        if numbers.shape != shape or len(self.intercepts) != shape[0]:
            raise ParameterError(f"the model's coefficients do not fit {shape} classes x features")
        if len(self.centre) != shape[1] or len(self.scale) != shape[1]:
            raise ParameterError("the model's centre and scale do not fit its features")
        if not np.isfinite(numbers).all() or not min(self.scale) > 0:
            raise ParameterError("the model holds numbers that are not finite")

    def scores(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the share of each class (column) for each event (row)."""
        z = _table(features, self.features)
        z = (z - np.asarray(self.centre)) / np.asarray(self.scale)
        z = np.clip(np.nan_to_num(z, nan=0.0), -5.0, 5.0)
        logit = z @ np.asarray(self.coefficients).T + np.asarray(self.intercepts)
        shares = np.exp(logit - logit.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return pd.DataFrame(shares, columns=list(self.classes), index=features.index)

    def reason(self, row: pd.Series, label: str) -> str:
        """Name the three features that spoke most for a class, against the mean of all classes.

        Parameters
        ----------
        row : Series
            Features of one event.
        label : str
            One of the model's classes.

        Returns
        -------
        str
        """
        k = self.classes.index(label)
        weights = np.asarray(self.coefficients)
        weights = weights[k] - weights.mean(axis=0)
        said = []
        for name, centre, scale, w in zip(
            self.features, self.centre, self.scale, weights, strict=True
        ):
            value = row.get(name)
            if value is None or pd.isna(value):
                continue
            z = min(max((float(value) - centre) / scale, -5.0), 5.0)
            said.append((z * w, f"{name.replace('_', ' ')} {float(value):.2f}"))
        best = [text for push, text in sorted(said, reverse=True)[:3] if push > 0]
        return ", ".join(best) if best else "no single feature spoke for it"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as JSON."""
        target = Path(path)
        target.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1), "utf-8")
        return target


def load_event_model(path: str | os.PathLike[str]) -> EventModel:
    """Read a model that :meth:`EventModel.save` wrote. Numbers and names only: no code is run.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    EventModel

    Raises
    ------
    ParameterError
        If it is no such file.
    """
    try:
        data: Any = json.loads(Path(path).read_text("utf-8"))
        if data.pop("format") != FORMAT:
            raise ParameterError(f"{path} is no {FORMAT}")
        for key in ("features", "classes", "centre", "scale", "intercepts"):
            data[key] = tuple(data[key])
        data["coefficients"] = tuple(tuple(row) for row in data["coefficients"])
        return EventModel(**data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParameterError(f"{path} is no event model: {error}") from error


def train_classifier(
    features: pd.DataFrame,
    labels: Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    n_folds: int = 5,
    strength: float = 1.0,
    seed: int = 0,
) -> EventModel:
    """Train a model on labelled events (needs scikit-learn, extra ``train``).

    Parameters
    ----------
    features : DataFrame
        ``tables.FEATURES``.
    labels : sequence of str
        Of ``tables.LABELS``, one for each row.
    columns : sequence of str, optional
        Features to use; by default all numbers known for at least half of the events.
    n_folds : int, optional
        Of the stratified cross-validation.
    strength : float, optional
        Inverse of the regularisation (scikit-learn's ``C``).
    seed : int, optional
        How the folds are drawn.

    Returns
    -------
    EventModel

    Raises
    ------
    ParameterError
        If there are fewer than ``n_folds`` events of a class, or a label is unknown.
    """
    given = [str(v) for v in labels]
    if len(given) != len(features) or set(given) - set(tables.LABELS):
        raise ParameterError("give one label of tables.LABELS for each row of features")
    counts = pd.Series(given).value_counts()
    if len(counts) < 2 or counts.min() < n_folds or n_folds < 2:
        raise ParameterError(
            f"{dict(counts)}: give two or more classes with {n_folds} events each, or fewer folds"
        )
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold
    except ImportError as error:
        raise ParameterError("training needs scikit-learn: install paektuseis[train]") from error
    numbers = [c.name for c in tables.FEATURES.columns if c.kind == "float"]
    chosen = tuple(columns or _known(features, numbers))
    if set(chosen) - set(numbers) or not chosen:
        raise ParameterError(f"columns={chosen} are not all numbers of tables.FEATURES")
    x, y = _table(features, chosen), np.asarray(given)

    def fit(rows: Any) -> dict[str, Any]:
        centre = np.nanmedian(x[rows], axis=0)
        spread = np.nanstd(x[rows], axis=0)
        centre = np.where(np.isnan(centre), 0.0, centre)
        scale = np.where(spread > 0, spread, 1.0)
        z = np.clip(np.nan_to_num((x[rows] - centre) / scale, nan=0.0), -5.0, 5.0)
        names = np.unique(y[rows])
        model = LogisticRegression(C=strength, max_iter=2000).fit(z, y[rows])
        weights, offsets = model.coef_, model.intercept_
        if len(names) == 2:
            weights, offsets = np.vstack([0 * weights, weights]), np.r_[0.0, offsets]
        return {
            "features": chosen, "classes": tuple(str(c) for c in model.classes_),
            "centre": tuple(map(float, centre)), "scale": tuple(map(float, scale)),
            "coefficients": tuple(tuple(map(float, r)) for r in weights),
            "intercepts": tuple(map(float, offsets)),
            "n_events": len(y), "n_folds": n_folds,
        }  # fmt: skip

    predicted = np.empty(len(y), dtype=object)
    for train, test in StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(x, y):
        part = EventModel(macro_f1=0.0, confusion={}, **fit(train))
        predicted[test] = part.scores(features.iloc[test]).idxmax(axis=1).to_numpy()
    table = confusion_table(y, predicted)
    confusion = {str(a): {str(b): int(n) for b, n in r.items()} for a, r in table.iterrows()}
    return EventModel(
        macro_f1=macro_f1(y, predicted), confusion=confusion, **fit(np.arange(len(y)))
    )


def _known(features: pd.DataFrame, numbers: list[str]) -> list[str]:
    return [n for n in numbers if n in features.columns and features[n].notna().mean() >= 0.5]


def _table(features: pd.DataFrame, names: tuple[str, ...]) -> FloatArray:
    """Features as an array."""
    missing = [n for n in names if n not in features.columns]
    if missing:
        raise ParameterError(f"the features lack {missing}, which the model uses")
    return features[list(names)].to_numpy(dtype=float)
