"""What compiles ahead must go the way real records go."""

from paektuseis.pipeline.rehearsal import _stage, rehearse_channel, rehearse_event


def test_the_shot_is_triggered_on_and_picked():
    assert rehearse_channel() >= 1
    assert rehearse_event() >= 6  # P and S of four stations


def test_the_rehearsed_event_is_located_and_measured():
    from paektuseis.pipeline import process_event
    from paektuseis.pipeline.rehearsal import AFTER, BEFORE, BEGIN, STATIONS

    stream, network, inventory = _stage(STATIONS, BEFORE + AFTER)
    event = {"event_id": "x", "time": BEGIN + BEFORE + 1.0, "endtime": BEGIN + BEFORE + 15.0}
    found = process_event(stream, event, inventory=inventory, network=network).understanding
    assert found.location is not None
    assert found.magnitudes["value"].notna().all()
    assert set(found.magnitudes["kind"]) == {"ML", "Mw"}
