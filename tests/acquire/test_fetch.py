"""Fetching from a data centre that lists, sends, lies, dies and comes back."""

import time

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.cli.app import run

from .fdsn_server import Centre
from .made import content, samples_of, trace, tree

pytestmark = pytest.mark.loopback
UTC = obspy.UTCDateTime
DAY = UTC("2014-06-15")
IDS = ("1U.JGPD..HHZ", "1U.JGPD..HHN", "1U.JGPE..HHZ")
FEW = {"attempts": 2, "pause": 0.05, "timeout": 10.0}
SPAN = {"starttime": DAY, "endtime": DAY + 2 * 86_400}


@pytest.fixture
def inventory():
    codes = [id.split(".") for id in IDS]
    from obspy.core.inventory import Channel, Inventory, Network, Station

    stations = [
        Station(
            name,
            42.0,
            128.0,
            2000.0,
            site=obspy.core.inventory.Site("mountain"),
            start_date=DAY - 86_400,
            channels=[
                Channel(
                    code, "", 42.0, 128.0, 2000.0, 0.0, sample_rate=1.0, start_date=DAY - 86_400
                )
                for _, station, _, code in codes
                if station == name
            ],
        )
        for name in ("JGPD", "JGPE")
    ]
    return Inventory([Network("1U", stations=stations)], source="test")


@pytest.fixture
def data(rng):
    """Two days at 1 Hz; one channel has a gap of an hour."""
    out = {}
    for id in IDS:
        out[id] = np.cumsum(rng.integers(-900, 900, 2 * 86_400)).astype(np.int32)
    stream = obspy.Stream([trace(out[IDS[0]], DAY, id=IDS[0], rate=1.0)])
    stream.append(trace(out[IDS[1]][:40_000], DAY, id=IDS[1], rate=1.0))
    stream.append(trace(out[IDS[1]][43_600:], DAY + 43_600, id=IDS[1], rate=1.0))
    stream.append(trace(out[IDS[2]], DAY, id=IDS[2], rate=1.0))
    return stream, out


@pytest.fixture
def centre(data, inventory):
    one = Centre(data[0], inventory).start()
    yield one
    one.stop()


def is_all_there(archive, data):
    for id in IDS:
        want = data[1][id].astype(float)
        if id == IDS[1]:
            want[40_000:43_600] = np.nan
        np.testing.assert_array_equal(samples_of(archive, id, DAY, len(want), 1.0), want)


def test_what_is_fetched_is_exact_and_fetched_once(centre, data, tmp_path):
    archive = tmp_path / "sds"
    report = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert report.complete
    is_all_there(archive, data)
    days = report.days.set_index(["trace_id", "day"])
    assert days.new.sum() == 6 * 86_400 - 3600
    assert sorted(report.days.outcome) == ["complete"] * 5 + ["partial"]
    gappy = report.days[report.days.outcome == "partial"].iloc[0]
    assert (gappy.trace_id, gappy.missing) == (IDS[1], 3600.0)
    assert sorted(p.name for p in (tmp_path / "sds-stationxml").iterdir()) == [
        "1U.JGPD.xml",
        "1U.JGPE.xml",
    ]
    assert len(ps.read_stations(tmp_path / "sds-stationxml" / "1U.JGPD.xml")[0][0]) == 2
    before, sent = tree(archive), centre.sent
    again = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert again.complete
    assert again.days.new.sum() == 0
    assert centre.sent - sent <= 1024  # the records at the edges of the gap, at most
    assert tree(archive) == before


def test_a_server_that_dies_in_an_answer_is_resumed(centre, data, tmp_path):
    archive = tmp_path / "sds"
    centre.dying = 3
    report = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert not report.complete
    assert "run" in " ".join(report.problems)
    assert (report.days.outcome == "failed").any()
    got = report.days.new.sum()
    assert 0 < got < 6 * 86_400 - 3600
    with pytest.raises(ps.ArchiveError, match="run the same command again"):
        ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)  # still dead
    centre.start()
    sent = centre.sent
    report = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert report.complete
    assert report.days.new.sum() == 6 * 86_400 - 3600 - got
    is_all_there(archive, data)
    whole = sum(len(record) for *_, record in centre.records)
    assert centre.sent - sent < whole * (1 - got / (6 * 86_400)) + 20 * 512


def test_an_answer_cut_without_notice_is_completed_at_once(centre, data, tmp_path):
    """Without a stated length a cut looks like an end; what is missing is asked for again."""
    centre.dying, centre.cut_silently = 2, True
    report = ps.fetch_waveforms(centre.url, tmp_path / "sds", **SPAN, **FEW)
    assert report.complete
    is_all_there(tmp_path / "sds", data)


@pytest.mark.parametrize("code", [405, 413, 501])
def test_a_server_that_takes_no_lists_is_asked_one_by_one(centre, data, tmp_path, code):
    centre.refuses_lists = code
    report = ps.fetch_waveforms(centre.url, tmp_path / "sds", **SPAN, **FEW)
    assert report.complete
    is_all_there(tmp_path / "sds", data)


def test_a_day_that_was_cut_before_is_completed(centre, data, tmp_path):
    archive = tmp_path / "sds"
    ps.write_sds(data[0][0].slice(DAY + 1000, DAY + 50_000), archive)
    report = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert report.complete
    is_all_there(archive, data)


def test_only_what_is_asked_for_comes(centre, data, tmp_path):
    report = ps.fetch_waveforms(
        centre.url,
        tmp_path / "sds",
        starttime=DAY + 3600,
        endtime=DAY + 7200,
        station="JGPD",
        channel="HHZ",
        **FEW,
    )
    assert report.days.trace_id.unique().tolist() == [IDS[0]]
    held = samples_of(tmp_path / "sds", IDS[0], DAY, 86_400, 1.0)
    np.testing.assert_array_equal(held[3600:7201], data[1][IDS[0]][3600:7201])
    assert np.isfinite(held).sum() < 3601 + 2 * 512
    assert not list((tmp_path / "sds-stationxml").glob("*JGPE*"))


def test_a_second_centre_gives_what_the_first_lacks(data, inventory, tmp_path):
    stream, _ = data
    poor = Centre(obspy.Stream([stream[0].slice(DAY, DAY + 9000)]), inventory).start()
    rich = Centre(stream, inventory).start()
    try:
        report = ps.fetch_waveforms((poor.url, rich.url), tmp_path / "sds", **SPAN, **FEW)
        assert report.complete
        is_all_there(tmp_path / "sds", data)
        assert poor.sent > 0
    finally:
        poor.stop()
        rich.stop()


def test_what_is_sent_is_not_believed(centre, data, tmp_path):
    centre.replace_with = b"<html>maintenance</html>" * 30
    report = ps.fetch_waveforms(centre.url, tmp_path / "sds", **SPAN, **FEW)
    assert not report.complete
    assert not list((tmp_path / "sds").rglob("*.D.*"))
    centre.replace_with = content(trace(np.arange(500, dtype=np.int32), DAY, id="XX.EVIL..HHZ"))
    ps.fetch_waveforms(centre.url, tmp_path / "sds", **SPAN, **FEW)
    assert not list((tmp_path / "sds").rglob("*.D.*"))


def test_samples_that_contradict_the_archive_are_not_written(centre, data, tmp_path):
    archive = tmp_path / "sds"
    wrong = data[0][0].slice(DAY + 1000, DAY + 1999)
    wrong.data = wrong.data + np.int32(5)
    ps.write_sds(wrong, archive)
    report = ps.fetch_waveforms(centre.url, archive, **SPAN, **FEW)
    assert 0 < report.days.conflict.sum() <= 1000
    held = samples_of(archive, IDS[0], DAY, 86_400, 1.0)
    np.testing.assert_array_equal(held[1000:2000], data[1][IDS[0]][1000:2000] + 5)


def test_no_centre_and_no_channel_are_told(centre, tmp_path, capsys):
    with pytest.raises(ps.NoRecordsError, match="is listed by"):
        ps.fetch_waveforms(centre.url, tmp_path / "sds", station="NONE", **SPAN, **FEW)
    words = ["--to", str(tmp_path / "sds"), "--starttime", "2014-06-15", "--endtime", "2014-06-16"]
    assert run(["fetch", centre.url, *words, "--station", "NONE"]) == 3
    centre.stop()
    began = time.monotonic()
    assert run(["fetch", centre.url, *words, "--attempts", "1"]) == 2
    assert time.monotonic() - began < 20
    assert "check the network" in capsys.readouterr().err
    assert run(["fetch", "no such address", *words]) == 2


def test_the_verb_says_what_came(centre, tmp_path, capsys):
    words = ["--to", str(tmp_path / "sds"), "--starttime", "2014-06-15", "--endtime", "2014-06-16"]
    assert run(["fetch", centre.url, *words, "--channel", "HHZ"]) == 0
    text = capsys.readouterr()
    assert "2 channel-days: 2 complete" in text.err
    assert text.out.strip() == str(tmp_path / "sds")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endtime": DAY - 1}, "exchange"),
        ({"latitude": 42.0}, "together"),
        ({"attempts": 0}, "one attempt"),
        ({"base_urls": ()}, "address"),
    ],
)
def test_wrong_arguments_are_refused(options, words, tmp_path):
    arguments = {"base_urls": "http://127.0.0.1:9", **SPAN, **options}
    with pytest.raises(ps.ParameterError, match=words):
        ps.fetch_waveforms(arguments.pop("base_urls"), tmp_path / "sds", **arguments)
