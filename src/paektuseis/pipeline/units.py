"""Physical units where the metadata allow, counts where they do not."""

from __future__ import annotations

import logging

from obspy import Inventory, Stream

from ..config import Settings
from ..errors import MetadataError, ParameterError
from ..processing import remove_response

log = logging.getLogger("paektuseis.pipeline")


def flat_band(sampling_rate: float, settings: Settings) -> tuple[float, float, float, float]:
    """Return the ``pre_filt`` of the response removal for a sampling rate (hertz)."""
    low = settings.data.response_freqmin
    high = settings.data.response_freqmax * sampling_rate / 2
    return (low / 2, low, high, min(1.1 * high, 0.99 * sampling_rate / 2))


def to_velocity(
    stream: Stream, inventory: Inventory | None, settings: Settings
) -> tuple[Stream, dict[str, str]]:
    """Return the stream in m/s; channels that cannot be converted stay as they were.

    Parameters
    ----------
    stream : Stream
    inventory : Inventory or None
    settings : Settings

    Returns
    -------
    stream : Stream
    reasons : dict of str to str
        Why a channel stayed in its units, by trace id.
    """
    return _moved(stream, inventory, settings, None)


def continuous_velocity(
    stream: Stream, inventory: Inventory | None, settings: Settings
) -> tuple[Stream, dict[str, str]]:
    """Return a long record in m/s, each sample independent of how much is read at once.

    As :func:`to_velocity`, with the response removed by a filter of finite memory.

    Parameters
    ----------
    stream : Stream
    inventory : Inventory or None
    settings : Settings

    Returns
    -------
    stream : Stream
    reasons : dict of str to str
        Why a channel stayed in its units, by trace id.
    """
    return _moved(stream, inventory, settings, settings.data.response_memory)


def _moved(
    stream: Stream, inventory: Inventory | None, settings: Settings, memory: float | None
) -> tuple[Stream, dict[str, str]]:
    ids = list(dict.fromkeys(t.id for t in stream))
    if inventory is None or not settings.data.physical_units:
        why = "settings ask for counts" if inventory else "no station metadata given"
        return stream, dict.fromkeys(ids, why)
    out, reasons = Stream(), {}
    for trace_id in ids:
        mine = Stream([t for t in stream if t.id == trace_id])
        try:
            pre_filt = flat_band(mine[0].stats.sampling_rate, settings)
            out += remove_response(mine, inventory, output="VEL", pre_filt=pre_filt, memory=memory)
        except (MetadataError, ParameterError) as error:
            log.info("%s stays in its units: %s", trace_id, error)
            reasons[trace_id] = str(error)
            out += mine
    return out, reasons
