"""The page of methods: what each step does, its settings in this run, where it is described."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ..._language import mark, translate as _
from ...io import safe_text

STEPS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        mark("reading"),
        mark(
            "Records are read across gaps and overlaps; pieces stay apart, "
            "nothing is filled in. Traces are demeaned and converted to ground "
            "velocity where a response is known."
        ),
        ("data.detrend", "data.physical_units", "data.response_freqmin", "data.response_freqmax"),
        ("Krischer2015",),
    ),
    (
        mark("detection"),
        mark(
            "Short over long average of the band-passed record at each station;"
            " onsets at several stations within the travel time across the "
            "network make a detection."
        ),
        ("detectors",),
        ("Allen1978", "EvansAllen1983", "Withers1998"),
    ),
    (
        mark("RSAM"),
        mark(
            "Amplitude of the band-passed record in windows labelled by their "
            "start; below the least coverage there is no value."
        ),
        ("amplitude.window", "amplitude.statistic", "amplitude.freqmin", "amplitude.freqmax",
         "amplitude.min_coverage"),
        ("EndoMurray1991",),
    ),
    (
        mark("ratios"),
        mark(
            "Ratios of amplitudes in two bands, among them the displacement "
            "seismic amplitude ratio (DSAR)."
        ),
        ("ratios.names", "ratios.window", "ratios.statistic"),
        ("Caudron2019", "Dempsey2020"),
    ),
    (
        mark("SSAM"),
        mark("Mean spectral amplitude in bands, from overlapping windows."),
        ("spectra.window", "spectra.overlap", "spectra.average"),
        ("RogersStephens1995",),
    ),
    (
        mark("picks"),
        mark(
            "P and S by the Akaike criterion and kurtosis within windows the "
            "detection allows; each pick has a standard error."
        ),
        ("picks.enabled",),
        ("Maeda1985", "Baillard2014"),
    ),
    (
        mark("location"),
        mark(
            "Search of the posterior of the hypocentre over an octree in a "
            "layered model, with an error of the model added to that of the "
            "picks; uncertainties are of the posterior."
        ),
        ("location.model_error", "location.max_depth_km", "location.single_station"),
        ("Lomax2000", "TarantolaValette1982"),
    ),
    (
        mark("magnitudes"),
        mark(
            "Local magnitude from Wood-Anderson amplitudes; moment magnitude "
            "from the source spectrum. A station counts only above its noise."
        ),
        ("magnitudes.scale", "magnitudes.moment"),
        ("Luckett2019", "HuttonBoore1987", "Brune1970", "HanksKanamori1979"),
    ),
    (
        mark("classes"),
        mark(
            "Rules on duration, frequency content and shape; the margin is the "
            "distance to the next class, the reason names what decided."
        ),
        ("classes.enabled",),
        ("Lahr1994", "Chouet1996", "McNutt1996", "BuurmanWest2010"),
    ),
    (
        mark("families"),
        mark("Events whose waveforms correlate above a limit."),
        ("families.min_correlation", "families.freqmin", "families.freqmax"),
        ("GellerMueller1980",),
    ),
)  # fmt: skip

SHOWN = (
    "paektuseis", "python", "starttime", "endtime", "network", "settings_hash", "code",
    "layout", "network_hash", "inventory_sha256",
)  # fmt: skip
MOST_INPUTS = 500


@functools.cache
def references() -> dict[str, str]:
    """Return the works cited, by key."""
    entry = resources.files("paektuseis.report") / "static" / "references.toml"
    held = tomllib.loads(entry.read_text(encoding="utf-8"))
    return {key: " ".join(text.split()) for key, text in held.items()}


def methods_view(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page of methods says of a run.

    Parameters
    ----------
    run : mapping
        ``run.json``; may be empty.

    Returns
    -------
    dict
    """
    text = run.get("settings")
    settings = _settings(text if isinstance(text, str) else "")
    inputs = run.get("inputs")
    listed = inputs if isinstance(inputs, list) else []
    used = {r for _s, _t, _k, refs in STEPS for r in refs}
    return {
        "methods": [
            {
                "step": _(step),
                "text": _(words),
                "settings": [s for key in keys for s in _said(settings, key)],
                "references": [r for r in cited if r in references()],
            }
            for step, words, keys, cited in STEPS
        ],
        "references": [{"key": k, "text": t} for k, t in references().items() if k in used],
        "run": [
            {"name": name, "text": safe_text(str(run[name]))}
            for name in SHOWN
            if run.get(name) not in (None, "")
        ]
        + [
            {"name": name, "text": safe_text(str(value))}
            for name, value in sorted(_mapping(run.get("versions")).items())
        ],
        "settings": text if isinstance(text, str) else "",
        "inputs": [
            {
                "path": safe_text(str(_mapping(i).get("path", ""))),
                "bytes": safe_text(str(_mapping(i).get("bytes", ""))),
                "sha256": safe_text(str(_mapping(i).get("sha256", ""))),
            }
            for i in listed[:MOST_INPUTS]
        ],
        "n_inputs": len(listed),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _settings(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _said(settings: Mapping[str, Any], key: str) -> list[str]:
    if key == "detectors":
        rows = settings.get("detectors")
        return [
            safe_text(
                f"{d.get('name')}: {d.get('freqmin')}–{d.get('freqmax')} Hz, STA {d.get('sta')} s, "
                f"LTA {d.get('lta')} s, {d.get('thr_on')}/{d.get('thr_off')}"
            )
            for d in (rows if isinstance(rows, list) else [])
            if isinstance(d, Mapping)
        ]
    table, _dot, name = key.partition(".")
    values = _mapping(settings.get(table))
    if name not in values:
        return []
    value = values[name]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [safe_text(f"{name} = {shown}")]
