"""Arrivals of P and S at each station of a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from obspy import Inventory, Stream, Trace

from .._segments import as_stream
from ..tables import PICKS
from ..times import TimeLike
from ._plan import Plan, Triggers
from ._record import sensors_of
from ._station import picks_of

BANDS = ((1.0, 5.0), (1.0, 20.0), (2.0, 40.0), (4.0, 40.0), (8.0, 40.0))
S_BANDS = ((1.0, 8.0), (1.0, 20.0), (2.0, 16.0), (2.0, 40.0))


def pick_phases(
    stream: Stream | Trace,
    t_trigger: TimeLike | Mapping[str, TimeLike] | None = None,
    inventory: Inventory | None = None,
    *,
    phases: Sequence[str] = ("P", "S"),
    bands: Sequence[tuple[float, float]] = BANDS,
    s_bands: Sequence[tuple[float, float]] = S_BANDS,
    p_window: tuple[float, float] = (-5.0, 10.0),
    s_minus_p: tuple[float, float] = (0.3, 15.0),
    min_snr: float = 1.5,
    min_evidence: float = 4.8,
    event_id: str = "",
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Pick P and S at each station, with standard error, first motion and quality.

    Parameters
    ----------
    stream : Stream
        Records around one event: any stations and sampling rates, one to three components
        each, as recorded or in physical units. Gaps are separate traces; a second without any
        change counts as one. A few seconds before P are needed, better ten.
    t_trigger : UTCDateTime, str, mapping or None, optional
        About when the event arrives: one time for all, or times by ``NET.STA`` or trace id (a
        station that is not named is searched from the earliest to the latest). ``None``: the
        main event of each station's record is looked for in all of it.
    inventory : Inventory, optional
        Azimuth and dip of the channels: with it three components are turned to Z, N and E.
        Without it the channel called Z is the vertical, and the other two are taken to be
        horizontal at right angles, whatever their azimuth.
    phases : sequence of str, optional
        ``"P"``, ``"S"`` or both; an S needs a P that was picked, listed or not.
    bands, s_bands : sequence of (float, float), optional
        Bands in hertz in which P is read on the vertical, and S on the horizontals. Each is
        cut at 0.45 of the sampling rate, and left out where less than half an octave remains.
    p_window : (float, float), optional
        Seconds about the trigger in which P is looked for.
    s_minus_p : (float, float), optional
        Least and greatest S-P in seconds.
    min_snr : float, optional
        Least ratio of rms after the pick to rms before it; an S, which rises out of the coda of
        P, needs 1.2 times as much. No first motion is given below 3.
    min_evidence : float, optional
        Least evidence of an event (see Notes): the larger, the fewer picks in noise.
    event_id : str, optional
        Copied into the table.
    problems : list of str, optional
        Collects why a pick was refused.

    Returns
    -------
    DataFrame
        Table ``tables.PICKS``: at most one P and one S for each station, in order of station
        and time. ``trace_id`` is the channel the pick was made on: the vertical for P, the
        horizontal with the clearer S for S. ``freqmin`` and ``freqmax`` are the band it was
        best seen in, to which ``snr`` belongs.

    Raises
    ------
    ParameterError
        If an option is outside what it accepts.

    Notes
    -----
    Search: at each sample the mean power of the next 0.4 s over that of the last 4 s, as a
    logarithm, averaged over the two bands where it is largest. The event is where the power of
    all components, each over its own floor (20 % quantile), is largest; its P is the first
    rise of at least half the largest one from which the power does not fall back to noise.

    P: minimum of AIC in a window of 3.5 s, then of 1.9 s around the first, and minimum of
    Baillard's kurtosis function (weight 0.1), in each band, weighted by the logarithm of the
    power ratio at the reading; the onset is the weighted mean of the readings that most others
    agree with.

    S: minimum of AIC of the horizontals together between P and their largest motion, in
    each band, and the same of the motion across the main axis of the first 0.3 s of P
    (weight 0.6); agreement as for P.

    Evidence: rise at P plus level of the event's peak over its floor (both as above), less 5
    times the scatter of the readings in seconds.

    Uncertainty: root of the sum of squares of a floor, a share of the scatter and seconds over
    the SNR: see "Picks and particle motion" among the methods of the documentation.

    References
    ----------
    Maeda, N. (1985). A method for reading and checking phase times in auto-processing system
    of seismic wave data. Zisin 38(3), 365-379. doi:10.4294/zisin1948.38.3_365
    Baillard, C., Crawford, W. C., Ballu, V., Hibert, C. and Mangeney, A. (2014). An automatic
    kurtosis-based P- and S-phase picker designed for local seismic networks. Bulletin of the
    Seismological Society of America 104(1), 394-409. doi:10.1785/0120120347

    Examples
    --------
    >>> from obspy import Trace, UTCDateTime
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> data = rng.standard_normal(3000)
    >>> data[1500:] *= 30 * np.exp(-np.arange(1500) / 300)
    >>> head = {"station": "A", "channel": "HHZ", "sampling_rate": 100.0}
    >>> picks = pick_phases(Trace(data, head))
    >>> abs(UTCDateTime(picks["time"].iloc[0]) - 15.0) < 0.02
    True
    """
    plan = Plan(
        inventory=inventory,
        phases=tuple(phases),
        bands=tuple(bands),
        s_bands=tuple(s_bands),
        p_window=p_window,
        s_minus_p=s_minus_p,
        min_snr=min_snr,
        min_evidence=min_evidence,
        event_id=event_id,
        problems=problems if problems is not None else [],
    )
    triggers = Triggers.of(t_trigger)
    found: dict[str, list[list[dict[str, object]]]] = {}
    for sensor in sensors_of(as_stream(stream), inventory, plan.problems):
        rows = picks_of(sensor, triggers, plan)
        if rows:
            found.setdefault(sensor.station, []).append(rows)
    best = [min(found[station], key=_rank) for station in sorted(found)]
    wanted = [row for rows in best for row in rows if row["phase"] in plan.phases]
    return PICKS.frame(wanted)


def _rank(rows: list[dict[str, object]]) -> tuple[int, str, float]:
    """Order the sensors of one station: more phases, then quality, then SNR."""
    return -len(rows), str(rows[0]["quality"]), -float(str(rows[0]["snr"]))
