"""The archive run and the plain script, which share no code, find the same."""

import pytest
from obspy import UTCDateTime

import paektuseis as ps

START = UTCDateTime(2014, 3, 1)
DAY = 86400


@pytest.mark.parametrize(
    ("mode", "response", "stations"), [("counts", "none", 3), ("physical", "cached", 2)]
)
def test_both_sides_find_the_same(bench, tmp_path, mode, response, stations):
    """RSAM, ratios, spectra, noise and triggers of two hours, from code that shares nothing."""
    harness, agree = bench("bench_batch"), bench("_agree")
    archive = tmp_path / "archive"
    model = bench("_model").Model(stations=stations, components=1, rate=50.0, gaps=0.0)
    bench("make_archive").make_archive(archive, days=0.09, start=START, model=model)
    bench("plain_obspy").run(archive, tmp_path / "plain", start=START, days=1, response=response)
    ps.run_archive(
        archive / "sds",
        bench("_runs").settings_of({"mode": mode}),
        tmp_path / "ours",
        starttime=START,
        endtime=START + DAY,
        network=ps.Network.from_inventory(ps.read_stations(archive / "stations.xml")),
        inventory=archive / "stations.xml" if mode == "physical" else None,
    )
    figures = agree.agreement(tmp_path / "plain", tmp_path / "ours", skip=2400.0)
    for name in ("rsam", "dsar", "ssam", "spectra", "noise"):
        assert figures[f"{name}_compared"] > 3
    assert figures["triggers_plain"] > 20
    assert harness.shortcomings(figures, harness.TOLERANCES[mode]) == []
