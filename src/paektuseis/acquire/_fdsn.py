"""Questions to an FDSN data centre: raw bytes, few attempts, one kind of error."""

from __future__ import annotations

import io
import logging
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from obspy import Inventory, UTCDateTime
from obspy.clients.fdsn import Client
from obspy.clients.fdsn.header import (
    FDSNBadRequestException,
    FDSNException,
    FDSNForbiddenException,
    FDSNNoDataException,
    FDSNNotImplementedException,
    FDSNRequestTooLargeException,
    FDSNUnauthorizedException,
)

from ..errors import ArchiveError, MetadataError, ParameterError
from ..io import read_stations, safe_text
from ..types import KM_PER_DEGREE

logger = logging.getLogger("paektuseis.acquire")
_FINAL = (
    FDSNBadRequestException,
    FDSNForbiddenException,
    FDSNNotImplementedException,
    FDSNRequestTooLargeException,
    FDSNUnauthorizedException,
)
"""Answers that another attempt would not change."""
Span = tuple[str, int, int]
"""A channel and the times (ns) of a span."""


class CentreError(ArchiveError):
    """A data centre that cannot be reached or does not answer as it should."""


class RefusedError(CentreError):
    """A data centre that refuses a request, now and later."""


@dataclass(frozen=True)
class Selector:
    """Which channels are wanted, as FDSN services take it."""

    network: str
    station: str
    location: str
    channel: str
    starttime: UTCDateTime
    endtime: UTCDateTime
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None

    def arguments(self) -> dict[str, Any]:
        """Arguments of obspy's ``get_stations``."""
        out: dict[str, Any] = {
            "network": self.network,
            "station": self.station,
            "location": self.location or "--",
            "channel": self.channel,
            "starttime": self.starttime,
            "endtime": self.endtime,
        }
        if self.radius_km is not None:
            out |= {
                "latitude": self.latitude,
                "longitude": self.longitude,
                "maxradius": self.radius_km / KM_PER_DEGREE,
            }
        return out


class Centre:
    """One data centre.

    Parameters
    ----------
    base_url : str
        Its address, or a short name that obspy knows.
    timeout : float
        Seconds without an answer after which a request has failed.
    attempts : int
        How often a request is made before it has failed for good.
    pause : float
        Seconds before the second attempt; each further one waits twice as long.
    """

    def __init__(self, base_url: str, *, timeout: float, attempts: int, pause: float) -> None:
        self.name = base_url
        self.attempts, self.pause = attempts, pause
        self.one_by_one = False
        try:
            # the services are where the standard says: their own descriptions often do not parse
            self.client = Client(
                base_url, timeout=timeout, _discover_services=False, use_gzip=False
            )
        except (FDSNException, ValueError, TypeError) as error:
            raise ParameterError(
                f"{base_url!r} is no data centre: {safe_text(str(error))}; give its address, "
                "for example https://geofon.gfz.de, or a short name obspy knows"
            ) from error

    def channels(self, selector: Selector) -> Inventory | None:
        """Stations and channels that match; None if there are none."""
        data = self._ask(
            "stations",
            lambda to: self.client.get_stations(
                level="channel", filename=to, **selector.arguments()
            ),
        )
        return None if data is None else self._inventory(data)

    def station(self, selector: Selector) -> bytes | None:
        """Return the StationXML of a station with its responses, checked."""
        data = self._ask(
            f"metadata of {selector.network}.{selector.station}",
            lambda to: self.client.get_stations(
                level="response", filename=to, **selector.arguments()
            ),
        )
        if data is not None:
            self._inventory(data)
        return data

    def waveforms(self, spans: list[Span]) -> bytes:
        """Return records of some spans, as sent; a cut answer is given as far as it goes."""
        bulk = []
        for trace_id, start, end in spans:
            network, station, location, channel = trace_id.split(".")
            times = UTCDateTime(ns=start), UTCDateTime(ns=end)
            bulk.append((network, station, location or "--", channel, *times))
        what = f"{spans[0][0]} from {bulk[0][4]}"
        if not self.one_by_one:
            try:
                return self._ask(what, partial(self._in_bulk, bulk), salvage=True) or b""
            except RefusedError:
                self.one_by_one = True  # a server that takes no lists; if it takes nothing, it says
        parts = [self._ask(what, partial(self._alone, one), salvage=True) or b"" for one in bulk]
        return b"".join(parts)

    def _in_bulk(self, bulk: list[tuple[Any, ...]], to: io.BytesIO) -> None:
        self.client.get_waveforms_bulk(bulk, filename=to)

    def _alone(self, one: tuple[Any, ...], to: io.BytesIO) -> None:
        self.client.get_waveforms(*one, filename=to)

    def _inventory(self, data: bytes) -> Inventory:
        with TemporaryDirectory(prefix="paektuseis-") as folder:
            path = Path(folder) / "stations.xml"
            path.write_bytes(data)
            try:
                return read_stations(path, problems=[])
            except MetadataError as error:
                text = str(error).replace(str(path), "its answer")
                raise CentreError(f"{self.name}: {text}") from error

    def _ask(
        self, what: str, call: Callable[[io.BytesIO], Any], *, salvage: bool = False
    ) -> bytes | None:
        """Return the bytes of an answer, None for "no data"."""
        reason = ""
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause * 2 ** (attempt - 1))
            room = io.BytesIO()
            try:
                call(room)
                return room.getvalue()
            except FDSNNoDataException:
                return None
            except _FINAL as error:
                raise RefusedError(f"{self.name}: {what} refused: {_first_line(error)}") from error
            except IncompleteRead as error:
                if salvage and error.partial:
                    return bytes(error.partial)
                reason = "the answer was cut"
            except (FDSNException, HTTPException, OSError, EOFError, zlib.error) as error:
                reason = _first_line(error)
                if re.search(r"\b(404|405|501)\b", str(error)):
                    raise RefusedError(f"{self.name}: {what} refused: {reason}") from error
            except NotImplementedError as error:  # what obspy makes of some answers
                raise RefusedError(f"{self.name}: {what} refused: {_first_line(error)}") from error
            logger.info("%s: %s: %s (attempt %d)", self.name, what, reason, attempt + 1)
        raise CentreError(
            f"{self.name}: {what}: no answer in {self.attempts} attempts ({reason}); check the "
            "network and the address, then run the same command again: what was fetched stays"
        )


def _first_line(error: Exception) -> str:
    text = str(error).strip().split("\n")[0]
    return safe_text(text)[:200] or type(error).__name__
