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
) -> tuple[Stream, str]:
    """Return the stream in m/s, or as it was with the reason why not.

    Parameters
    ----------
    stream : Stream
        Records of one channel.
    inventory : Inventory or None
    settings : Settings

    Returns
    -------
    stream : Stream
    reason : str
        Empty when the response was removed.
    """
    if not settings.data.physical_units:
        return stream, "settings ask for counts"
    if inventory is None:
        return stream, "no station metadata given"
    if not len(stream):
        return stream, ""
    try:
        pre_filt = flat_band(stream[0].stats.sampling_rate, settings)
        return remove_response(stream, inventory, output="VEL", pre_filt=pre_filt), ""
    except (MetadataError, ParameterError) as error:
        log.info("%s stays in counts: %s", stream[0].id, error)
        return stream, str(error)
