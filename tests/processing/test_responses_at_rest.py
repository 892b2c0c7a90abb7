"""What is remembered of responses must never outlive an edit."""

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.inventory import Response

from paektuseis.processing import response_curve
from paektuseis.processing._metadata import fingerprint, responses_at_rest

NOW = UTCDateTime(2020, 1, 1)
F = np.array([0.5, 1.0, 5.0])


@pytest.fixture
def sensor():
    return Response.from_paz(
        zeros=[0j, 0j],
        poles=[-0.15 + 0.15j, -0.15 - 0.15j],
        stage_gain=1000.0,
        stage_gain_frequency=1.0,
        normalization_frequency=1.0,
        normalization_factor=1.0,
    )


def test_an_edit_in_place_is_seen_by_the_next_call(sensor):
    before = response_curve(sensor, "X.Y..HHZ", NOW, F)
    again = response_curve(sensor, "X.Y..HHZ", NOW, F)
    np.testing.assert_array_equal(before, again)
    sensor.response_stages[0].stage_gain = 2000.0
    sensor.instrument_sensitivity.value = 2000.0
    np.testing.assert_allclose(response_curve(sensor, "X.Y..HHZ", NOW, F), 2 * before, rtol=1e-9)


def test_what_a_caller_does_to_his_values_stays_his(sensor):
    mine = response_curve(sensor, "X.Y..HHZ", NOW, F)
    kept = mine.copy()
    mine[:] = 0.0
    np.testing.assert_array_equal(response_curve(sensor, "X.Y..HHZ", NOW, F), kept)


def test_the_promise_ends_with_the_block(sensor):
    stage = sensor.response_stages[0]
    outside = fingerprint(sensor)
    with responses_at_rest():
        assert fingerprint(sensor) == outside
        with responses_at_rest():  # nested: the outer one still holds afterwards
            fingerprint(sensor)
        stage.stage_gain = 3000.0
        assert fingerprint(sensor) == outside  # promised not to change, so not looked at again
    assert fingerprint(sensor) != outside


@pytest.mark.parametrize(
    ("name", "value"),
    [("poles", [-0.15 + 0.15j, -0.15 - 0.16j]), ("normalization_factor", 1.0000001),
     ("stage_gain", -1000.0), ("input_units", "M")],
)  # fmt: skip
def test_every_part_counts(sensor, name, value):
    before = fingerprint(sensor)
    setattr(sensor.response_stages[0], name, value)
    assert fingerprint(sensor) != before
