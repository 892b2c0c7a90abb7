"""What every test may use."""

import os
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
