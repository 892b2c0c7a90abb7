"""The main job on records nobody here made."""

import pandas as pd
import pytest

from paektuseis.config import load_settings
from paektuseis.detection import match_detections
from paektuseis.io import Archive, read_stations
from paektuseis.network import Network
from paektuseis.pipeline import process_day

pytestmark = pytest.mark.real


@pytest.mark.slow
def test_a_day_of_piton_de_la_fournaise(real_data):
    """The observatory counts 15 events that day; the default settings find about as many."""
    folder = real_data / "piton_undervolc_2010"
    inventory = read_stations(folder / "undervolc.xml")
    day = process_day(
        Archive(folder / "waveforms"),
        date="2010-09-01",
        network=Network.from_inventory(inventory),
        inventory=inventory,
    )
    events = day.events
    assert 12 <= len(events) <= 20
    assert (events["n_stations"] == 3).all()
    start, end = pd.Timestamp("2010-09-01", tz="UTC"), pd.Timestamp("2010-09-02", tz="UTC")
    assert events["time"].min() - start > pd.Timedelta(minutes=1)
    assert end - events["endtime"].max() > pd.Timedelta(minutes=1)
    assert set(day.tables["rsam"]["units"]) == {"counts"}  # that inventory has no channels
    assert set(day.tables["quality"]["check"]) == {"no_response"}  # clean records, no alarm
    blind = day.tables["monitoring"].query("state == 'blind' and detector == 'vt'")
    assert blind.groupby("trace_id")["duration"].sum().max() < 30.0


def test_the_low_frequency_swarm_of_gareloi(real_data, request):
    """Six events an analyst marked to the second, one of them in the shadow of a larger one."""
    folder = real_data / "volcano_snippets" / "gareloi_2022_lf"
    settings = load_settings(request.config.rootpath / "examples" / "gareloi-lf-swarm.toml")
    hour = process_day(
        Archive(folder),
        starttime="2022-07-10T01:00:00",
        endtime="2022-07-10T02:00:00",
        settings=settings,
    )
    marks = ["01:32:08", "01:33:52", "01:34:54", "01:36:26", "01:37:59", "01:39:48"]
    reference = pd.DataFrame({"time": [f"2022-07-10T{m}" for m in marks]})
    score = match_detections(hour.events, reference, tolerance=8.0)
    assert score.n_hits == 6
    # no marks are known outside these ten minutes: count the extra ones inside only
    inside = hour.events[
        (hour.events["time"] > pd.Timestamp("2022-07-10T01:31:30", tz="UTC"))
        & (hour.events["time"] < pd.Timestamp("2022-07-10T01:40:30", tz="UTC"))
    ]
    assert len(inside) <= 8
