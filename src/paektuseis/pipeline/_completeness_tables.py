"""Tables of what became of the events that were planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import tables
from ..catalog._detectability import binomial_interval, threshold
from ..types import FloatArray
from ._blocks import Stage
from ._planting import Place

SHARES = (0.5, 0.9)
RESAMPLES = 200


def _where(name: str, place: Place) -> dict[str, Any]:
    latitude, longitude, depth = place
    return {"place": name, "latitude": latitude, "longitude": longitude, "depth_km": depth}


def detectability_table(
    names: list[str],
    places: list[Place],
    sizes: FloatArray,
    hits: np.ndarray[Any, np.dtype[np.bool_]],
    confidence: float,
    stage: Stage,
) -> pd.DataFrame:
    """Return the probabilities."""
    rows = []
    for i, place in enumerate(places):
        for j, size in enumerate(sizes):
            count, trials = int(hits[i, j].sum()), hits.shape[2]
            low, high = binomial_interval(count, trials, confidence)
            rows.append(
                {
                    **_where(names[i], place),
                    "magnitude": float(size),
                    "scale": "Mw",
                    "n": trials,
                    "detected": count,
                    "probability": count / trials,
                    "lower": low,
                    "upper": high,
                    "confidence": confidence,
                    "stations": len(stage.alive),
                }
            )
    return tables.DETECTABILITY.frame(rows)


def completeness_table(
    names: list[str],
    places: list[Place],
    sizes: FloatArray,
    hits: np.ndarray[Any, np.dtype[np.bool_]],
    confidence: float,
    seed: int,
    stage: Stage,
) -> pd.DataFrame:
    """Return the magnitudes of completeness."""
    from ..synthetic._random import EVENT, generator  # here: it loads matplotlib

    rows = []
    for i, place in enumerate(places):
        for share in SHARES:
            found = threshold(
                sizes,
                hits[i].T,
                share,
                confidence=confidence,
                n_bootstrap=RESAMPLES,
                rng=generator(seed, EVENT, "resamples", i),
            )
            rows.append(
                {
                    **_where(names[i], place),
                    "share": share,
                    "magnitude": found.value,
                    "uncertainty": found.uncertainty,
                    "lower": found.lower,
                    "upper": found.upper,
                    "confidence": confidence,
                    "scale": "Mw",
                    "n": hits.shape[2],
                    "stations": len(stage.alive),
                    "note": found.note,
                }
            )
    return tables.COMPLETENESS.frame(rows)


def trials_table(
    names: list[str], sizes: FloatArray, seen: np.ndarray[Any, Any], stage: Stage
) -> pd.DataFrame:
    """Return a row for each planted event."""
    count = len(stage.trials)
    times = np.array([slot.time.ns for _, slot in stage.trials], dtype=np.int64)
    return pd.DataFrame(
        {
            "place": np.repeat(np.array(names, dtype=object), len(sizes) * count),
            "magnitude": np.tile(np.repeat(sizes, count), len(names)),
            "trial": np.tile(np.arange(count), len(names) * len(sizes)),
            "time": np.tile(times, len(names) * len(sizes)),
            "detected": seen.ravel() > 0,
            "n_stations": seen.ravel(),
        }
    ).assign(time=lambda t: pd.to_datetime(t["time"], utc=True))
