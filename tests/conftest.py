"""What every test may use."""

import os
import socket
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real records; the test skips where it is absent."""
    places = [os.environ.get("PAEKTUSEIS_REAL_DATA"), CHECKOUT.parent / "shared" / "data"]
    for place in places:
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip("real records are not here (set PAEKTUSEIS_REAL_DATA)")


@pytest.fixture(scope="session")
def sample_dir() -> Path:
    """The synthetic sample hour of the project."""
    return CHECKOUT / "data" / "sample"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20100901)


HERE = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(request, monkeypatch):
    """Nothing may open a connection; a test marked ``loopback`` may, to this machine."""
    allowed = HERE if request.node.get_closest_marker("loopback") else ()

    def guarded(name):
        unguarded = getattr(socket.socket, name)

        def connect(self, address):
            if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in allowed:
                raise AssertionError(f"a connection to {address} was tried")
            return unguarded(self, address)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(name))
