"""Following a SeedLink server over a bad connection, and into the next run."""

import os
import signal
import socket
import subprocess
import sys

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.acquire._seedlink import parse_address, parse_streams

from .made import content, samples_of, trace, tree
from .seedlink_server import Ring, wait_for

pytestmark = pytest.mark.loopback
UTC = obspy.UTCDateTime
START = UTC("2010-08-31T23:58:00")
JGPD, JGPE = "1U.JGPD..HHZ", "1U.JGPE.00.EHZ"
QUICK = {"flush": 0.05, "pause": 0.02, "timeout": 5.0}


def records(data, id, start=START, rate=100.0):
    whole = content(trace(data, start, id=id, rate=rate), reclen=512)
    return [whole[i : i + 512] for i in range(0, len(whole), 512)]


@pytest.fixture
def data(rng):
    """Four minutes across midnight at 100 Hz, of two stations."""
    return {id: np.cumsum(rng.integers(-300, 300, 24_000)).astype(np.int32) for id in (JGPD, JGPE)}


@pytest.fixture
def serve(data):
    rings = []

    def make(**options):
        stations = {
            "1U.JGPD": records(data[JGPD], JGPD),
            "1U.JGPE": records(data[JGPE], JGPE),
        }
        rings.append(Ring(stations, **options))
        return rings[-1]

    yield make
    for ring in rings:
        ring.stop()


def held(archive, id):
    return samples_of(archive, id, START, 24_000)


def count_of(archive):
    """Records on disk so far."""
    return sum(p.stat().st_size for p in archive.rglob("*.D.2010.*")) // 512


def follow_to_the_end(ring, archive, streams=(JGPD, JGPE), **options):
    """Follow until the archive holds as many records as the server has, and a little longer."""
    total = sum(len(r) for name, r in ring.rings.items() if any(name in s for s in streams))
    late = []

    def stop():
        if count_of(archive) >= total:
            late.append(1)
        return len(late) > 3

    return ps.follow_seedlink(
        ring.address, archive, streams=streams, seconds=20.0, stop=stop, **{**QUICK, **options}
    )


def test_records_go_to_the_archive_as_they_came(serve, data, tmp_path):
    ring = serve()
    report = follow_to_the_end(ring, tmp_path / "sds")
    assert (report.samples, report.duplicates, report.problems) == (48_000, 0, [])
    for id in data:
        np.testing.assert_array_equal(held(tmp_path / "sds", id), data[id])
        assert report.last[id] == START + 240
    written = b"".join(p.read_bytes() for p in sorted((tmp_path / "sds").rglob("*JGPD*.D.2010.*")))
    assert written == b"".join(record for _, record in ring.rings["1U.JGPD"])
    assert len(list((tmp_path / "sds").rglob("*.D.2010.243"))) == 2
    assert len(list((tmp_path / "sds").rglob("*.D.2010.244"))) == 2


@pytest.mark.parametrize("resend", [0, 4])
@pytest.mark.parametrize("speaks_time", [True, False])
def test_a_dropped_connection_leaves_no_gap_and_no_duplicate(
    serve, data, tmp_path, resend, speaks_time
):
    """Three connections are cut in the middle of a packet; some records come twice."""
    ring = serve(drop_after=[7, 0, 23], resend=resend, speaks_time=speaks_time)
    report = follow_to_the_end(ring, tmp_path / "sds")
    assert report.reconnections >= 3
    for id in data:
        np.testing.assert_array_equal(held(tmp_path / "sds", id), data[id])
    assert report.samples == 48_000
    assert report.conflicts == 0
    assert (report.duplicates > 0) == (resend > 0)
    resumed = [c for c in ring.commands if c.startswith("DATA ")]
    assert resumed  # by number, across its wrap from FFFFFF to 000000
    assert any(c.split()[1].startswith("FFFF") for c in resumed)


def test_the_next_run_takes_up_where_this_one_ended(serve, data, tmp_path):
    archive = tmp_path / "sds"
    ring = serve(drop_after=[41])
    ps.follow_seedlink(
        ring.address,
        archive,
        streams=[JGPD, JGPE],
        stop=lambda: count_of(archive) >= 41,
        seconds=20.0,
        **QUICK | {"pause": 30.0},
    )
    before = tree(archive)
    assert count_of(archive) == 41
    commands = len(ring.commands)
    report = follow_to_the_end(ring, archive)
    assert [c for c in ring.commands[commands:] if c.startswith(("DATA", "TIME"))] == [
        c for c in ring.commands[commands:] if c.startswith(("DATA F", "DATA 0"))
    ]
    assert report.duplicates == 0
    for id in data:
        np.testing.assert_array_equal(held(archive, id), data[id])
    assert before != tree(archive)


def test_without_its_state_nothing_is_written_twice(serve, data, tmp_path):
    archive = tmp_path / "sds"
    ring = serve()
    follow_to_the_end(ring, archive)
    before = tree(archive)
    for path in archive.glob(".paektuseis-seedlink*"):
        path.unlink()
    report = ps.follow_seedlink(ring.address, archive, streams=[JGPD, JGPE], seconds=1.0, **QUICK)
    assert (report.samples, report.duplicates) == (0, 48_000)
    after = tree(archive)
    assert after == before


def test_what_the_archive_holds_is_filled_and_never_replaced(serve, data, tmp_path):
    """A part was imported before: what is missing is added, what contradicts is reported."""
    archive = tmp_path / "sds"
    part = data[JGPD][5000:9000].copy()
    part[1000:1100] += 3
    ps.write_sds(trace(part, START + 50, id=JGPD), archive)
    report = ps.follow_seedlink(
        ring := serve().address, archive, streams=JGPD, seconds=1.5, **QUICK
    )
    assert ring
    assert report.conflicts == 100
    want = data[JGPD].astype(float)
    want[6000:6100] += 3
    np.testing.assert_array_equal(held(archive, JGPD), want)


def test_a_cut_tail_does_not_swallow_what_follows(serve, data, tmp_path):
    archive = tmp_path / "sds"
    (path,) = ps.write_sds(trace(data[JGPD][:3000], START, id=JGPD), archive)
    path.write_bytes(path.read_bytes() + records(data[JGPE], JGPD)[3][:300])  # as a crash leaves it
    ps.follow_seedlink(serve().address, archive, streams=JGPD, seconds=1.5, **QUICK)
    stream, _ = ps.join_segments(ps.read_waveforms(archive, trace_ids=JGPD))
    assert len(stream) == 1
    np.testing.assert_array_equal(stream[0].data, data[JGPD])


def test_only_channels_asked_for_and_sound_records_are_written(data, tmp_path):
    sound = records(data[JGPD][:3000], JGPD)
    bad = bytearray(sound[2])
    bad[64 + 12 :] = os.urandom(512 - 76)
    other = records(data[JGPD][:500], "1U.JGPD..HHN")
    stray = records(data[JGPD][:500], "XX.EVIL..HHZ")
    ring = Ring({"1U.JGPD": [*sound[:2], bytes(bad), *other, stray[0], *sound[3:]]})
    try:
        report = ps.follow_seedlink(
            ring.address, tmp_path / "sds", streams=[JGPD], seconds=1.5, **QUICK
        )
    finally:
        ring.stop()
    assert report.damaged >= 1
    assert ps.Archive(tmp_path / "sds").trace_ids() == [JGPD]
    got = samples_of(tmp_path / "sds", JGPD, START, 3000)
    assert 0 < np.isnan(got).sum() < 700
    np.testing.assert_array_equal(got[np.isfinite(got)], data[JGPD][:3000][np.isfinite(got)])


def test_a_silent_connection_is_made_anew(serve, tmp_path):
    ring = serve()
    ring.silent = True
    report = ps.follow_seedlink(
        ring.address, tmp_path / "sds", streams=JGPD, seconds=2.5, **QUICK | {"timeout": 0.5}
    )
    assert "INFO ID" in ring.commands  # it was asked whether it is alive
    assert report.reconnections >= 1
    assert report.samples == 24_000


def test_a_start_time_is_asked_for_once(serve, data, tmp_path):
    ring = serve()
    report = ps.follow_seedlink(
        ring.address, tmp_path / "sds", streams=JGPD, starttime=START + 100, seconds=1.0, **QUICK
    )
    assert "TIME 2010,08,31,23,59,40" in ring.commands
    assert 12_000 < report.samples <= 14_000


def test_what_is_no_server_is_told(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ps.ArchiveError, match="cannot be reached"):
        ps.follow_seedlink(f"127.0.0.1:{port}", tmp_path / "sds", streams=JGPD, **QUICK)
    ring = serve()
    with pytest.raises(ps.ArchiveError, match=r"1U\.NONE is unknown"):
        ps.follow_seedlink(ring.address, tmp_path / "sds", streams="1U.NONE..HHZ", **QUICK)
    ring.greeting = b"220 mail server\r\n"
    with pytest.raises(ps.ArchiveError, match="no SeedLink server"):
        ps.follow_seedlink(ring.address, tmp_path / "sds", streams=JGPD, **QUICK)


def start_verb(ring, archive):
    words = ["follow", f"seedlink://{ring.address}", "1U.JGPD.*.HH?", "1U.JGPE.*.*"]
    return subprocess.Popen(
        [
            *(sys.executable, "-c", "from paektuseis.cli import main; main()"),
            *(*words, "--to", str(archive), "--flush", "0.1"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_verb_with_everything_written(serve, data, tmp_path, number):
    archive = tmp_path / "sds"
    ring = serve()
    process = start_verb(ring, archive)
    try:
        total = sum(map(len, ring.rings.values()))
        assert wait_for(lambda: count_of(archive) >= total, 40), process.communicate(timeout=1)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, err
    assert "48000 samples of 2 channels" in err
    assert out.strip() == str(archive)
    for id in data:
        np.testing.assert_array_equal(held(archive, id), data[id])


def test_a_follower_that_is_killed_is_resumed(serve, data, tmp_path):
    archive = tmp_path / "sds"
    ring = serve(drop_after=[53])
    with start_verb(ring, archive) as process:
        try:
            assert wait_for(lambda: count_of(archive) >= 53, 40)
        finally:
            process.kill()
    follow_to_the_end(ring, archive)
    for id in data:
        np.testing.assert_array_equal(held(archive, id), data[id])


def test_addresses_and_streams():
    assert parse_address("seedlink://host.org") == ("host.org", 18000)
    assert parse_address("10.0.0.1:18001") == ("10.0.0.1", 18001)
    assert parse_address("[::1]:18") == ("::1", 18)
    one, two = parse_streams(["1U.JGPD..HHZ", "1U.JGPD.00.*", "1U.JGPE.*.EH*"])
    assert one.selectors == ["HHZ", "00???"]
    assert two.selectors == ["EH?"]
    for wrong in ("a b", "host:99999", "", "http://x"):
        with pytest.raises(ps.ParameterError, match="address"):
            parse_address(wrong)
    for wrong in ("JGPD", "1U.*.*.*", "1U.JG PD..HHZ", ".A.B.C"):
        with pytest.raises(ps.ParameterError, match="stream"):
            parse_streams([wrong])
