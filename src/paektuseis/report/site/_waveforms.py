"""Figures with waveforms: those the run drew, made small, or new ones drawn from the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obspy import Inventory, Stream, UTCDateTime

from ..._language import translate as _
from ...errors import ParameterError, WaveformError
from ...io import Archive
from ...network import Network
from ...processing import bandpass, preprocess
from ...provenance import is_synthetic
from ...tables import station_of
from ..pages import SETTLING
from ._files import key_of
from ._pages import file_name, link
from ._source import Day, Source
from ._words import class_title, plain_time, told

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._day import DayTables

BEFORE, AFTER = 15.0, 30.0
SUFFIX = ".webp"
EVENT_FIGURES = 0.8
"""Share of the page of an event that holds figures; its words stand on the page of the site."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where the waveforms are and how they are turned into ground motion.

    Attributes
    ----------
    archive : str
    inventory : Inventory or None
    network : Network or None
    measured : str
        Wildcard of the channels drawn.
    synthetic : bool
    digest : str
        Stands for all of it in the hash of a page.
    """

    archive: str
    inventory: Inventory | None = None
    network: Network | None = None
    measured: str = "*Z"
    synthetic: bool = False
    digest: str = ""


@dataclass(frozen=True)
class About:
    """What is known of the stations beside the results."""

    network: Network | None
    inventory: Inventory | None
    synthetic: bool


def about_of(
    source: Source,
    network: Network | Inventory | None,
    inventory: Inventory | None,
    synthetic: bool | None,
) -> About:
    """Return positions and responses, and whether the records were computed (None: look)."""
    if isinstance(network, Inventory):
        inventory = inventory if inventory is not None else network
        network = Network.from_inventory(network, name="network")
    if synthetic is None:
        synthetic = source.run.get("synthetic") is True or is_synthetic(inventory)
    return About(network, inventory, synthetic)


def make_records(path: str | Path, about: About, run: Mapping[str, Any]) -> Records:
    """Return where the waveforms are; an error where there is no such folder."""
    folder = Path(path)
    if not folder.is_dir():
        raise ParameterError(f"records={str(path)!r}: no such folder; give the archive's")
    return Records(
        archive=str(folder),
        inventory=about.inventory,
        network=about.network,
        synthetic=about.synthetic,
        digest=key_of(str(folder.resolve()), run.get("settings_hash"), about.synthetic),
    )


class Pictures:
    """The waveform figures of one day.

    Parameters
    ----------
    day : Day
    root : Path
    records : Records or None
    made : Any
        Notes what was written.
    """

    def __init__(self, day: Day, root: Path, records: Records | None, made: Any) -> None:
        self.day, self.root, self.records, self.made = day, root, records, made
        self.drawn = day.drawn()
        self.problems: list[str] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._done: dict[str, str] = {}

    def key(self, kind: str, name: str) -> str:
        """Return what stands for the figures of a page in its hash."""
        if self.records is not None:
            return self.records.digest
        found = [p for s, p in self.drawn.items() if _is_of(s, kind, name)]
        return key_of(*[(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in found])

    def station(
        self, tables: DayTables, station: str, ids: Sequence[str], page: str, language: str
    ) -> dict[str, Any]:
        """Return what the page of a station shows: figures, or a link to an English one."""
        name = f"station-{file_name(f'{self.day.name}_{station}')}"
        alt = _(
            "Drum record, spectrogram, RSAM and noise spectrum of {station} on {day}; "
            "its numbers stand in the tables and with the chart of this page.",
            station=station,
            day=self.day.name,
        )

        def draw(records: Records) -> Figure | None:
            return draw_station(records, tables, station, ids)

        return self._shown("station", station, name, alt, page, language, draw)

    def event(self, tables: DayTables, event_id: str, page: str, language: str) -> dict[str, Any]:
        """Return what the page of an event shows: figures, or a link to an English one."""
        row = tables.by_event[event_id]["events"][0]
        alt = _(
            "Waveforms of the {kind} of {time} UTC at {n} stations with picks, spectrogram and "
            "spectrum of {best}; the numbers stand in the tables of this page.",
            kind=class_title(tables.label(event_id)),
            time=plain_time(row["time"]),
            n=int(row["n_stations"]),
            best=row.get("best_trace_id", "") or "–",
        )

        def draw(records: Records) -> Figure | None:
            return draw_event(records, tables, event_id)

        name = f"event-{file_name(event_id)}"
        return self._shown("event", event_id, name, alt, page, language, draw)

    def _shown(
        self,
        kind: str,
        of: str,
        name: str,
        alt: str,
        page: str,
        language: str,
        draw: Callable[[Records], Figure | None],
    ) -> dict[str, Any]:
        if self.records is not None:
            target = f"figures/{language}/{name}{SUFFIX}"
            self._draw(
                self.records,
                target,
                draw,
                f"{kind} {of}",
                EVENT_FIGURES if kind == "event" else 1.0,
            )
            found = [target] if target in self._done else []
            caption = _("Drawn from the records.")
        else:
            carried = [self._carried(s) for s in self.drawn if _is_of(s, kind, of)]
            found = [target for target in carried if target]
            caption = _("Drawn by the run.")
            if language != "en":  # the run speaks English: linked, not shown among other words
                href = link(page, found[0]) if found else ""
                return {"pictures": [], "drawn_elsewhere": href}
        pictures = []
        for target in found:
            width, height = self._sizes.get(target) or _size(self.root / target)
            pictures.append(
                {
                    "src": link(page, target),
                    "width": width,
                    "height": height,
                    "alt": alt,
                    "caption": caption,
                }
            )
        return {"pictures": pictures, "drawn_elsewhere": ""}

    def hold(self, kind: str, name: str, page: str, languages: Sequence[str]) -> None:
        """Keep the figures an earlier report made for a page; a page made anew makes its own."""
        found = [self._target(s) for s in self.drawn if _is_of(s, kind, name)]
        if self.records is not None:
            found = [f"figures/{code}/{page}{SUFFIX}" for code in languages]
        self.made.hold(found)

    def _target(self, stem: str) -> str:
        return f"figures/run-{file_name(f'{self.day.name}_{stem}')}{SUFFIX}"

    def _carried(self, stem: str) -> str:
        """Take over a page the run drew, made small; return its name in the site, or ``""``."""
        from ...plotting.site_images import small_picture

        source, target = self.drawn[stem], self._target(stem)
        info = source.stat()
        key = key_of(source.name, info.st_size, info.st_mtime_ns)
        if target not in self._done:
            self._done[target] = target
            if self.made.stale(key, target):
                keep = EVENT_FIGURES if stem.startswith("event-") else 1.0
                try:
                    data, self._sizes[target] = small_picture(source, keep=keep)
                except ParameterError as error:
                    self.problems.append(str(error))
                    self._done[target] = ""
                    return ""
                self.made.write(key, target, data)
            self.made.keep(key, target)
        return self._done[target]

    def _draw(
        self,
        records: Records,
        target: str,
        draw: Callable[[Records], Figure | None],
        what: str,
        keep: float,
    ) -> None:
        from ...plotting.site_images import figure_picture

        self.made.files.pop(target, None)  # of an earlier report: this one is drawn anew
        try:
            figure = draw(records)
        except (ParameterError, WaveformError) as error:
            self.problems.append(f"{what}: {told(error)}")
            return
        if figure is None:
            return
        data, size = figure_picture(figure, keep=keep)
        self._sizes[target] = size
        self.made.write(key_of(records.digest, target), target, data)
        self._done[target] = target


def _is_of(stem: str, kind: str, name: str) -> bool:
    from ...io import safe_filename

    if kind == "event":
        return stem == f"event-{safe_filename(name)}"
    return stem.startswith(f"{kind}-{safe_filename(name)}.")


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path, formats=["WEBP"]) as image:
        return image.size


def draw_station(
    records: Records, tables: DayTables, station: str, ids: Sequence[str]
) -> Figure | None:
    """Draw the day of a station from its records; None where there are none."""
    from ...plotting import station_summary

    wanted = [i for i in ids if fnmatchcase(i, records.measured)]
    if not wanted:
        return None
    name = wanted[0]
    day = tables.day
    archive = Archive(records.archive)
    raw = archive.read(name, day.starttime - SETTLING, day.endtime + SETTLING)
    stream = _moved(raw, records).slice(day.starttime, day.endtime)
    if not len(stream):
        return None
    events = tables["events"]
    here = [any(station_of(t) == station for t in row) for row in events["trace_ids"]]
    rsam = tables["rsam"]
    return station_summary(
        stream,
        trace_id=name,
        starttime=day.starttime,
        endtime=day.endtime,
        events=events[here],
        rsam=rsam[rsam["trace_id"] == name],
        quality=tables.of_station("quality", station),
        network=records.network,
        inventory=records.inventory,
        synthetic=records.synthetic,
    )


def draw_event(records: Records, tables: DayTables, event_id: str) -> Figure | None:
    """Draw an event from its records; None where there are none."""
    from ...plotting import event_summary

    rows = tables.by_event[event_id]
    event = rows["events"][0]
    start = UTCDateTime(ns=int(event["time"].value)) - BEFORE
    end = UTCDateTime(ns=int(event["endtime"].value)) + AFTER
    archive = Archive(records.archive)
    ids = [i for i in archive.trace_ids() if fnmatchcase(i, records.measured)]
    raw = Stream()
    for name in ids:
        if station_of(name) in tables.stations:
            raw += archive.read(name, start - SETTLING, end + SETTLING)
    stream = _moved(raw, records).slice(start, end)
    if not len(stream):
        return None

    def of(name: str) -> Any:
        frame = tables[name]
        return frame[frame["event_id"] == event_id].reset_index(drop=True)

    origins = of("origins")
    classes = of("classes")
    return event_summary(
        stream,
        event=event,
        starttime=start,
        endtime=end,
        picks=of("picks"),
        amplitudes=of("amplitudes"),
        origin=origins if len(origins) else {},
        magnitudes=of("magnitudes"),
        classification=classes if len(classes) else None,
        network=records.network,
        inventory=records.inventory,
        best_trace_id=event.get("best_trace_id") or None,
        synthetic=records.synthetic,
    )


def _moved(raw: Stream, records: Records) -> Stream:
    """Return records demeaned and band-passed as the drum shows them, in counts."""
    clean = preprocess(raw, taper=0.0)
    rate = min((t.stats.sampling_rate for t in clean), default=0.0)
    return bandpass(clean, freqmin=1.0, freqmax=min(16.0, 0.4 * rate)) if rate > 5.0 else clean
