"""Events as an obspy catalogue, and back from QuakeML."""

import io
import re

import numpy as np
import pytest
from obspy import UTCDateTime, read_events

from paektuseis import (
    CatalogueTables,
    ParameterError,
    coincidence_candidates,
    detections_to_catalog,
    event_table,
    from_catalog,
    load_network,
    tables,
    to_catalog,
)

T0 = UTCDateTime(2010, 9, 1)
SMI = re.compile(
    r"smi:[\w\d][\w\d\-\.\*\(\)_~']{2,}/[\w\d\-\.\*\(\)_~'][\w\d\-\.\*\(\)\+\?_~'=,;#/&]*"
)


def made():
    rows = [
        ("1U.A..HHZ", 0.11, 6, "vt"),
        ("1U.A..HHN", 1.0, 7, "vt"),
        ("1U.B.00.HHZ", 0.87, 5, "vt"),
        ("1U.A..HHZ", 3.0, 9, "lp"),
        ("1U.C..HHZ", 1.5, 5, "vt"),
        ("1U.A..HHZ", 60.0, 63, "vt"),
    ]
    triggers = tables.TRIGGERS.frame(
        {
            "trace_id": t,
            "starttime": T0 + a,
            "endtime": T0 + b,
            "peak_ratio": 5.0,
            "peak_time": T0 + a + 0.5,
            "detector": d,
            "method": "recursive",
            "sta": 0.5,
            "lta": 10.0,
            "thr_on": 3.5,
            "thr_off": 1.5,
            "freqmin": 2.0,
            "freqmax": 15.0,
        }
        for t, a, b, d in rows
    )
    return triggers, coincidence_candidates(triggers, min_stations=1)


def quakeml(catalog):
    out = io.BytesIO()
    catalog.write(out, format="QUAKEML", validate=True)
    return out.getvalue()


def test_picks_are_the_first_onsets():
    triggers, found = made()
    events = event_table(found)
    catalog = detections_to_catalog(events, triggers=triggers, network=load_network("paektu"))
    assert len(catalog) == 2
    event = catalog[0]
    assert event.origins == []
    assert event.preferred_origin_id is None
    picks = {p.waveform_id.get_seed_string(): p for p in event.picks}
    assert sorted(picks) == ["1U.A..HHN", "1U.A..HHZ", "1U.B.00.HHZ", "1U.C..HHZ"]
    assert picks["1U.A..HHZ"].time == T0 + 0.11
    assert picks["1U.B.00.HHZ"].waveform_id.location_code == "00"
    for pick in event.picks:
        assert pick.evaluation_mode == "automatic"
        assert pick.phase_hint is None
        assert str(pick.method_id) == "smi:local/paektuseis/method/sta_lta/recursive"
        assert "sta 0.5 s; lta 10 s" in pick.comments[0].text
        assert "band 2-15 Hz" in pick.comments[0].text
    assert [p.time for p in event.picks] == sorted(p.time for p in event.picks)
    assert "detected by vt, lp on 3 stations" in event.comments[0].text
    # the lone trigger of the other event does not get this one's onsets
    assert [p.time for p in catalog[1].picks] == [T0 + 60]


def test_quakeml_round_trip_and_same_bytes_again():
    triggers, found = made()
    first = quakeml(detections_to_catalog(found, triggers=triggers))
    second = quakeml(detections_to_catalog(found.iloc[::-1], triggers=triggers.iloc[::-1]))
    assert first == second
    back = read_events(io.BytesIO(first), format="QUAKEML")
    wanted = detections_to_catalog(found, triggers=triggers)
    assert len(back) == len(wanted)
    for a, b in zip(back, wanted, strict=True):
        assert a.resource_id == b.resource_id
        assert [(p.time, p.waveform_id, p.resource_id) for p in a.picks] == [
            (p.time, p.waveform_id, p.resource_id) for p in b.picks
        ]
        assert a.comments[0].text == b.comments[0].text
    ids = re.findall(rb'publicID="([^"]*)"', first)
    assert len(ids) == len(set(ids)) > 5
    assert all(SMI.fullmatch(i.decode()) for i in ids)


def test_an_origin_only_where_a_place_is_known():
    _, found = made()
    assert not any(e.origins for e in detections_to_catalog(found))
    n = len(found)
    placed = found.assign(
        latitude=[42.0] + [np.nan] * (n - 1), longitude=[128.06] + [np.nan] * (n - 1), depth_km=-1.5
    )
    catalog = detections_to_catalog(placed)
    origin = catalog[0].preferred_origin()
    assert (origin.latitude, origin.longitude, origin.depth) == (42.0, 128.06, -1500.0)
    assert origin.time == T0 + 0.11
    assert not any(e.origins for e in catalog[1:])
    assert len(read_events(io.BytesIO(quakeml(catalog)), format="QUAKEML")) == n


def test_empty_vetoed_and_twice():
    empty = detections_to_catalog(tables.EVENTS.frame())
    assert len(empty) == 0
    quakeml(empty)
    _, found = made()
    found["veto"] = "simultaneous onsets"
    assert len(detections_to_catalog(found)) == 0
    found["veto"] = ""
    found["event_id"] = "same"
    with pytest.raises(ParameterError, match="'same' occurs more than once"):
        detections_to_catalog(found)


def test_onsets_stand_only_where_there_are_no_phase_picks():
    triggers, found = made()
    events = event_table(found)
    picks = tables.PICKS.frame([{
        "event_id": events["event_id"][0], "trace_id": "1U.A..HHZ", "phase": "P", "time": T0 + 0.1,
        "uncertainty": 0.02, "snr": 9.0, "polarity": "up", "quality": "A",
    }])  # fmt: skip
    classes = tables.CLASSES.frame([{
        "event_id": events["event_id"][0], "label": "explosion", "margin": 0.4, "reason": "because",
    }])  # fmt: skip
    data = CatalogueTables(events=events, picks=picks, classes=classes)
    net = load_network("paektu")
    catalog = to_catalog(data, triggers=triggers, network=net)
    assert [p.phase_hint for p in catalog[0].picks] == ["P"]
    assert [p.phase_hint for p in catalog[1].picks] == [None]
    assert catalog[0].event_descriptions[0].text == "explosion"
    assert quakeml(catalog) == quakeml(to_catalog(data, triggers=triggers, network=net))
    back = from_catalog(read_events(io.BytesIO(quakeml(catalog)), format="QUAKEML"))
    assert back.events["event_id"].tolist() == events["event_id"].tolist()
    assert back.classes["label"].tolist() == ["explosion"]
    alone = to_catalog(CatalogueTables(events=events), triggers=triggers, network=net)
    assert quakeml(alone) == quakeml(detections_to_catalog(events, triggers=triggers, network=net))
