"""Peterson's models against obspy's copy of them."""

import numpy as np
import pytest
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

import paektuseis as ps


@pytest.mark.parametrize(("which", "reference"), [(0, get_nlnm), (1, get_nhnm)])
def test_equals_obspy(which, reference):
    period, decibels = reference()
    order = np.argsort(1 / period)
    mine = ps.noise_models(1 / period[order]).decibels()[which]
    assert np.abs(mine - decibels[order]).max() < 2e-3


def test_velocity_and_displacement():
    acceleration = ps.noise_models([0.1, 1.0, 5.0])
    omega = 2 * np.pi * acceleration.frequencies
    velocity = acceleration.as_units("(m/s)**2/Hz")
    assert velocity.low == pytest.approx(acceleration.low / omega**2)
    displacement = velocity.as_units("(m)**2/Hz")
    assert displacement.high == pytest.approx(acceleration.high / omega**4)
    back = displacement.as_units("(m/s**2)**2/Hz")
    assert back.low == pytest.approx(acceleration.low)
    assert ps.noise_models([0.1], units="(m/s)**2/Hz").units == "(m/s)**2/Hz"


def test_outside_the_models_is_nothing():
    models = ps.noise_models([1e-6, 1.0, 11.0])
    assert np.isnan(models.low).tolist() == [True, False, True]
    whole = ps.noise_models()
    assert np.isfinite(whole.low).all()
    assert (whole.low < whole.high).all()


def test_units_of_no_ground_motion():
    with pytest.raises(ps.ParameterError, match="counts"):
        ps.noise_models(units="(counts)**2/Hz")
    with pytest.raises(ps.ParameterError, match="0 Hz"):
        ps.noise_models([0.0, 1.0])
