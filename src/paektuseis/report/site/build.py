"""``write_report``: results to a static site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obspy import Inventory

from ..._language import known_language, languages as all_languages, speak
from ...errors import ParameterError
from ...io import make_folder, write_text
from ...network import Network
from ...times import TimeLike
from ...types import Progress
from ..pages import Workers
from . import _catalogue as catalogue, _files as files, _index_view as index
from ._day import DayTables
from ._ground import ground_of
from ._methods import methods_view
from ._overview import Overview
from ._pages import Frame, link
from ._render import STATIC, look, render, static
from ._source import Source, open_source
from ._waveforms import Records, about_of, make_records
from ._words import Clock
from ._work import DayJob, make_day


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a report.

    Attributes
    ----------
    index : Path
        The page to open first.
    days, pages, written, removed : int
        Days of the report, its files, those made anew, those taken away.
    problems : tuple of str
        What could not be done.
    """

    index: Path
    days: int
    pages: int
    written: int
    removed: int
    problems: tuple[str, ...] = ()


def write_report(
    directory: str | Path,
    out: str | Path | None = None,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    languages: str | Sequence[str] | None = None,
    network: Network | Inventory | None = None,
    records: str | Path | None = None,
    inventory: Inventory | None = None,
    local_time: str = "",
    synthetic: bool | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Turn results into a static site that opens from a disk, without a server or network.

    An index, a page for each station and day, a page for each event, the catalogue with its
    downloads, and the methods and settings, in each language. A second call makes only what
    changed; pages of days that are gone are taken away.

    Parameters
    ----------
    directory : str or Path
        What ``paektuseis day`` or ``paektuseis batch`` wrote, or a folder of several of the
        first.
    out : str or Path, optional
        Folder of the site; by default ``report`` in the folder of the results.
    starttime, endtime : UTCDateTime or str, optional
        Half-open span; days that touch it are taken whole. By default all.
    languages : str or sequence of str, optional
        Codes of :func:`paektuseis.languages`; the first lies at the root of the site, each
        other in a folder of its own. By default all, English first.
    network : Network or Inventory, optional
        Positions for the maps, where the results do not hold them.
    records : str or Path, optional
        Archive of the waveforms: stations and events then have a figure of them in each
        language. Without it the pages a run drew are used where there are any.
    inventory : Inventory, optional
        Responses, for those figures.
    local_time : str, optional
        Time zone written beside UTC, such as ``"Asia/Shanghai"``.
    synthetic : bool, optional
        Say on each page that the records are synthetic; by default what the results say.
    workers : int, optional
        Processes.
    progress : callable, optional
        Called as ``progress(what, done, total)``.

    Returns
    -------
    Report

    Raises
    ------
    ArchiveError
        If the folder holds no results.
    ParameterError
        If no day lies in the span, a language or a time zone is unknown.
    OutputError
        If the site cannot be written.

    Examples
    --------
    >>> import paektuseis as ps
    >>> ps.write_report("day-244", languages=["ko", "en"]).index  # doctest: +SKIP
    """
    source = open_source(directory, starttime=starttime, endtime=endtime)
    spoken = _languages(languages)
    Clock(local_time)
    about = about_of(source, network, inventory, synthetic)
    root = make_folder(out if out is not None else source.directory / "report")
    old = files.read_manifest(root)
    digests = {d.name: d.digest() for d in source.days}
    stations = _stations_of_days(source, old, digests)
    ground = ground_of(about.network, source.run, {s for found in stations.values() for s in found})
    frame = Frame(
        languages=spoken,
        ground=ground,
        synthetic=about.synthetic,
        zone=local_time,
    )
    held = None if records is None else make_records(records, about, source.run)
    jobs, kept = _jobs(source, root, frame, old, stations, digests, held)
    tick = progress or (lambda what, done, total: None)
    days, written, problems = dict(kept), 0, list(source.problems)
    with Workers(min(workers, max(1, len(jobs)))) as pool:
        waiting = [(job, pool.submit(make_day, job)) for job in jobs]
        for i, (job, result) in enumerate(waiting):
            tick(job.day.name, i, len(waiting) + 1)
            found = json.loads(result.result())
            written += found.pop("written")
            days[job.day.name] = found
    for day in days.values():
        problems += day.get("problems", ())
    tick("overview", len(jobs), len(jobs) + 1)
    ordered = {d.name: days[d.name] for d in source.days}
    pages, shared, fresh = _whole(source, root, frame, ordered, old, digests, problems)
    written += fresh
    new = {"format": files.FORMAT, "days": ordered, "pages": pages, "shared": shared}
    removed = files.remove(root, files.files_of(old) - files.files_of(new))
    write_text(root / files.MANIFEST, json.dumps(new, sort_keys=True) + "\n")
    tick("days", len(jobs) + 1, len(jobs) + 1)
    return Report(
        index=root / "index.html",
        days=len(ordered),
        pages=len(files.files_of(new)),
        written=written,
        removed=removed,
        problems=tuple(dict.fromkeys(problems)),
    )


def _languages(asked: str | Sequence[str] | None) -> tuple[str, ...]:
    if asked is None:
        return tuple(all_languages())
    found = [asked] if isinstance(asked, str) else list(asked)
    if not found:
        raise ParameterError("languages=[] names none; give codes such as 'ko', or leave it out")
    return tuple(dict.fromkeys(known_language(code) for code in found))


def _stations_of_days(
    source: Source, old: dict[str, Any], digests: dict[str, str]
) -> dict[str, list[str]]:
    """Return the stations of each day; of a day that has not changed, from the last report."""
    found = {}
    for day in source.days:
        before = old["days"].get(day.name)
        if before and before.get("digest") == digests[day.name]:
            found[day.name] = list(before["summary"]["stations"])
        else:
            found[day.name] = DayTables(day).stations
    return found


def _jobs(
    source: Source,
    root: Path,
    frame: Frame,
    old: dict[str, Any],
    stations: dict[str, list[str]],
    digests: dict[str, str],
    records: Records | None,
) -> tuple[list[DayJob], dict[str, Any]]:
    """Return the days to be made, and those that are as they were."""
    jobs, kept = [], {}
    names = [d.name for d in source.days]
    earlier = _last_seen(names, stations)
    later = _last_seen(names[::-1], stations)
    for day in source.days:
        before, after = earlier[day.name], later[day.name]
        digest = digests[day.name]
        key = files.key_of(
            look(), frame, digest, before, after, "" if records is None else records.digest
        )
        last = old["days"].get(day.name, {})
        if last.get("key") == key and all((root / n).is_file() for n in last["files"]):
            kept[day.name] = last
            continue
        jobs.append(
            DayJob(
                day=day,
                root=root,
                frame=frame,
                key=key,
                digest=digest,
                before=before,
                after=after,
                known=last.get("files", {}),
                records=records,
            )
        )
    return jobs, kept


def _last_seen(names: list[str], stations: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """Return for each day the day before it, in the order given, on which each station was."""
    found, seen = {}, dict[str, str]()
    for name in names:
        found[name] = {station: seen.get(station, "") for station in stations[name]}
        seen.update(dict.fromkeys(stations[name], name))
    return found


def _whole(
    source: Source,
    root: Path,
    frame: Frame,
    days: dict[str, Any],
    old: dict[str, Any],
    digests: dict[str, str],
    problems: Sequence[str],
) -> tuple[dict[str, str], dict[str, str], int]:
    """Write the pages of the whole span and what all pages share."""
    for day in source.days:
        days[day.name]["digest"] = digests[day.name]
    run_key = files.key_of(source.run)
    key = files.key_of(look(), frame, sorted(digests.items()), run_key, problems)
    shared = {f"assets/{n}": look() for n in STATIC}
    for name in shared:
        if old["shared"].get(name) != look() or not (root / name).is_file():
            files.put(root, name, static(name.removeprefix("assets/")))
    for i, path in enumerate(source.records):
        name = "files/run.json" if len(source.records) == 1 else f"files/run-{i + 1}.json"
        files.put(root, name, path.read_bytes())
        shared[name] = run_key
    if isinstance(source.run.get("settings"), str):
        files.put(root, "files/settings.toml", source.run["settings"])
        shared["files/settings.toml"] = run_key
    shared["files/catalogue.csv"] = key
    pages = {n: k for n, k in old["pages"].items() if k == key and (root / n).is_file()}
    if pages and set(pages) == set(old["pages"]) and (root / "files/catalogue.csv").is_file():
        return pages, shared, 0
    overview = Overview(*source.span).gather(source.days)
    catalogue.whole_csv([d.table("events") for d in source.days], root / "files/catalogue.csv")
    pages = {}
    for language in frame.languages:
        with speak(language):
            for page, text in _texts(source, frame, language, overview, days, shared, problems):
                path = frame.home(language) + page
                files.put(root, path, text)
                pages[path] = key
    return pages, shared, len(pages)


def _texts(
    source: Source,
    frame: Frame,
    language: str,
    overview: Overview,
    days: dict[str, Any],
    shared: dict[str, str],
    problems: Sequence[str],
) -> Any:
    """Yield each page of the whole span: index, catalogue (by month), methods."""
    clock = Clock(frame.zone)
    start, end = source.span
    span = (str(start), str(end))
    view = index.index_view(source, frame, language, overview, days, clock, problems)
    yield (
        "index.html",
        render("index.html", v=view, site=frame.around("index.html", language, span)),
    )
    for page, view in index.catalogue_views(frame, language, overview, days, clock):
        around = frame.around("catalogue.html", language, span)
        if page != "catalogue.html":
            around = frame.around(page, language, span)
        yield page, render("catalogue.html", v=view, site=around)
    here = frame.home(language) + "methods.html"
    view = methods_view(source.run)
    view["downloads"] = [
        {"href": link(here, name), "text": name.removeprefix("files/")}
        for name in shared
        if name.startswith("files/run") or name.endswith(".toml")
    ]
    yield (
        "methods.html",
        render("methods.html", v=view, site=frame.around("methods.html", language, span)),
    )
