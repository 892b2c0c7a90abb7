"""Records in memory, read as those of an archive are."""

from __future__ import annotations

from obspy import Stream, UTCDateTime


class Shelf:
    """Records in memory, read as those of an archive are."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, trace_id: str, start: UTCDateTime, end: UTCDateTime) -> Stream:
        """Return the samples of one channel of a span, ends included (views on the data)."""
        return self._stream.select(id=trace_id).slice(start, end)
