"""Maps of a few kilometres: stations, crater, epicentres, true to shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._language import translate as _
from ...types import KM_PER_DEGREE
from ._svg import Drawing, round_ticks
from ._words import class_name, number, told

MOST_EPICENTRES = 800


@dataclass(frozen=True, kw_only=True)
class Place:
    """A station on the map: key, code, degrees, m above the sea, km from the reference."""

    key: str
    code: str
    latitude: float
    longitude: float
    elevation_m: float = math.nan
    distance_km: float = math.nan
    azimuth: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a map shows besides events: stations, reference point and caldera."""

    title: str
    stations: tuple[Place, ...]
    latitude: float = math.nan
    longitude: float = math.nan
    caldera_km: float = math.nan

    def place(self, key: str) -> Place | None:
        """Return a station by ``NET.STA``; ``None`` where its position is not known."""
        return next((p for p in self.stations if p.key == key), None)


def draw_map(
    ground: Ground,
    *,
    name: str,
    recorded: Mapping[str, bool],
    events: Sequence[Mapping[str, Any]] = (),
    epicentre: Mapping[str, Any] | None = None,
    size: float = 460.0,
    far_km: float = 60.0,
) -> str:
    """Draw stations (hollow without record) and epicentres; return SVG markup.

    Epicentres farther than ``far_km`` from every station are counted, not drawn, so that a
    teleseism does not shrink the volcano to a dot.
    """
    lat0, lon0 = _centre(ground)
    flat = math.cos(math.radians(lat0))

    def local(latitude: float, longitude: float) -> tuple[float, float]:
        east = (longitude - lon0 + 180.0) % 360.0 - 180.0
        return east * flat * KM_PER_DEGREE, (latitude - lat0) * KM_PER_DEGREE

    spots = [local(p.latitude, p.longitude) for p in ground.stations]
    if math.isfinite(ground.latitude):
        spots.append(local(ground.latitude, ground.longitude))
    shown, away = [], 0
    for event in events:
        x, y = local(event["latitude"], event["longitude"])
        if min(math.hypot(x - a, y - b) for a, b in spots) <= far_km:
            shown.append((x, y, event))
        else:
            away += 1
    centre = None
    if epicentre is not None:
        centre = local(epicentre["latitude"], epicentre["longitude"])
        if min(math.hypot(centre[0] - a, centre[1] - b) for a, b in spots) <= far_km:
            spots.append(centre)
        else:
            centre, away = None, away + 1
    xs, ys = [a for a, _b in spots], [b for _a, b in spots]
    half = max(2.0, 0.58 * max(max(xs) - min(xs), max(ys) - min(ys)))
    mid_x, mid_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    tall = max(0.62 * half, 0.62 * (max(ys) - min(ys)))
    shown = [s for s in shown if abs(s[0] - mid_x) <= half and abs(s[1] - mid_y) <= tall]
    away = len(events) - len(shown) + (1 if epicentre is not None and centre is None else 0)
    scale = (size - 20) / (2 * half)
    height = 2 * tall * scale

    def at(x: float, y: float) -> tuple[float, float]:
        return 10 + (x - mid_x + half) * scale, 10 + (tall - (y - mid_y)) * scale

    drawing = Drawing(
        size,
        height + 46,
        name=name,
        title=_("Map of the stations of {volcano}", volcano=told(ground.title)),
        words=_words(ground, recorded, len(shown), away, epicentre),
    )
    drawing.raw(
        f'<clipPath id="{name}-c"><rect x="10" y="10" width="{size - 20:g}" '
        f'height="{height:.1f}"/></clipPath>'
    )
    drawing.rect(10, 10, size - 20, height, "panel")
    drawing.raw(f'<g clip-path="url(#{name}-c)">')
    if math.isfinite(ground.latitude):
        x, y = at(*local(ground.latitude, ground.longitude))
        for ring in [t for t in round_ticks(0.0, 1.6 * half, 4) if t > 0]:
            drawing.circle(x, y, ring * scale, "ring")
            drawing.text(x, y - ring * scale - 3, f"{ring:g} km", "s faint", "middle")
        if math.isfinite(ground.caldera_km):
            drawing.circle(x, y, ground.caldera_km / 2 * scale, "caldera")
        drawing.raw(f'<path class="cross" d="M{x - 5:.1f} {y:.1f}h10m-5 -5v10"/>')
    for x, y, event in shown[-MOST_EPICENTRES:]:
        drawing.mark(*at(x, y), event["label"], 3.4, event.get("tip", ""))
    if epicentre is not None and centre is not None:
        _draw_epicentre(drawing, at(*centre), epicentre, scale)
    drawing.raw("</g>")
    for place, (x, y) in zip(ground.stations, spots, strict=False):
        px, py = at(x, y)
        kind = "station" if recorded.get(place.key, False) else "station dead"
        drawing.raw(f'<path class="{kind}" d="M{px:.1f} {py - 7:.1f}l6.5 11.5h-13z"/>')
    _label_stations(drawing, ground, [at(x, y) for x, y in spots], size)
    _scale_bar(drawing, size, height, half, scale)
    return drawing.svg()


def _draw_epicentre(
    drawing: Drawing, at: tuple[float, float], epicentre: Mapping[str, Any], scale: float
) -> None:
    x, y = at
    major, minor = epicentre.get("major_km", math.nan), epicentre.get("minor_km", math.nan)
    if math.isfinite(major):
        minor = minor if math.isfinite(minor) else major
        turn = epicentre.get("azimuth", 0.0)
        turn = turn if math.isfinite(turn) else 0.0
        drawing.raw(
            f'<ellipse class="ellipse" cx="{x:.1f}" cy="{y:.1f}" rx="{minor * scale:.1f}" '
            f'ry="{major * scale:.1f}" transform="rotate({turn:.1f} {x:.1f} {y:.1f})"/>'
        )
    drawing.mark(x, y, epicentre["label"], 6.5)


def _label_stations(
    drawing: Drawing, ground: Ground, spots: Sequence[tuple[float, float]], size: float
) -> None:
    """Write each code where it hides no other: right, left, above or below its station."""
    taken = [(x - 7, y - 8, x + 7, y + 5) for x, y in spots]
    for place, (x, y) in zip(ground.stations, spots, strict=False):
        wide = 7.4 * len(place.code)
        choices = (
            (x + 9, y + 4, "start", x + 9), (x - 9, y + 4, "end", x - 9 - wide),
            (x, y - 10, "middle", x - wide / 2), (x, y + 17, "middle", x - wide / 2),
            (x, y - 22, "middle", x - wide / 2), (x, y + 29, "middle", x - wide / 2),
        )  # fmt: skip
        best, fewest = choices[0], math.inf
        for choice in choices:
            box = (choice[3], choice[1] - 11, choice[3] + wide, choice[1] + 3)
            clashes = sum(
                box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken
            ) + 5 * (box[0] < 8 or box[2] > size - 8)
            if clashes < fewest:
                best, fewest = choice, clashes
        taken.append((best[3], best[1] - 11, best[3] + wide, best[1] + 3))
        drawing.text(best[0], best[1], place.code, "s halo", best[2])


def _scale_bar(drawing: Drawing, size: float, height: float, half: float, scale: float) -> None:
    length = round_ticks(0.0, half * 0.7, 2)[-1]
    y = height + 28
    drawing.raw(f'<path class="bar" d="M10 {y - 4:g}v8M10 {y:g}h{length * scale:.1f}m0 -4v8"/>')
    drawing.text(18 + length * scale, y + 4, f"{length:g} km", "s")
    drawing.text(size - 10, y + 4, _("north is up"), "s", "end")


def _centre(ground: Ground) -> tuple[float, float]:
    if math.isfinite(ground.latitude):
        return ground.latitude, ground.longitude
    lats = [p.latitude for p in ground.stations]
    lons = [p.longitude for p in ground.stations]
    return sum(lats) / len(lats), sum(lons) / len(lons)


def _words(
    ground: Ground,
    recorded: Mapping[str, bool],
    shown: int,
    away: int,
    epicentre: Mapping[str, Any] | None,
) -> str:
    parts = []
    for place in ground.stations:
        where = (
            _(
                "{distance} km from the reference point",
                distance=number(place.distance_km, 1),
            )
            if math.isfinite(place.distance_km)
            else f"{number(place.latitude, 3)}°, {number(place.longitude, 3)}°"
        )
        state = "" if recorded.get(place.key, False) else " (" + _("no record") + ")"
        parts.append(f"{place.code}: {where}{state}")
    if epicentre is not None:
        parts.append(
            _(
                "epicentre of the {kind}: {latitude}° N, {longitude}° E",
                kind=class_name(epicentre["label"]),
                latitude=number(epicentre["latitude"], 3),
                longitude=number(epicentre["longitude"], 3),
            )
        )
    elif shown:
        parts.append(_("{n} epicentres drawn", n=shown))
    if away:
        parts.append(_("{n} epicentres lie outside the map", n=away))
    return "; ".join(parts)
