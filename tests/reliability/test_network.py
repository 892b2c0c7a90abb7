"""The suite runs without a network, and would notice if something asked for one."""

import socket

import pytest

import paektuseis as ps


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("127.0.0.1", 9)])
def test_the_guard_bites(address):
    with socket.socket() as one, pytest.raises(AssertionError, match="connection to"):
        one.connect(address)


@pytest.mark.loopback
def test_a_marked_test_reaches_this_machine_alone():
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
    with socket.socket() as one, pytest.raises(AssertionError, match="connection to"):
        one.connect(("192.0.2.1", 80))


@pytest.mark.loopback
@pytest.mark.parametrize(
    "verb", [ps.read_waveforms, ps.read_stations, ps.read_events, ps.Archive, ps.read_table]
)
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "file"])
def test_no_verb_that_reads_opens_an_address(verb, scheme):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        address = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(ps.PaektuseisError):
            verb(address)
        with pytest.raises(BlockingIOError):
            server.accept()
