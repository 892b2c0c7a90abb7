"""What the tests of acquiring share."""

import numpy as np
import pytest


@pytest.fixture
def signal(rng):
    """Two minutes of a random walk at 100 Hz."""
    return np.cumsum(rng.integers(-300, 300, 12_000)).astype(np.int32)
