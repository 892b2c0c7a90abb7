"""Durations and energies of records whose duration and energy are known."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

from paektuseis import (
    DurationScale,
    ParameterError,
    VelocityModel,
    duration_magnitude,
    seismic_energy,
    tables,
)
from paektuseis.network import Layer
from paektuseis.provenance import note

RATE = 100.0
START = UTCDateTime("2014-06-15T03:00:00")
P, S = START + 60.0, START + 63.0
PLAIN = DurationScale(name="plain", constant=0.0, slope=2.0)
GAIN = 1e9


def inventory():
    response = Response.from_paz(
        zeros=[], poles=[], stage_gain=GAIN, input_units="M/S", output_units="COUNTS"
    )
    channels = [
        Channel(
            code=code, location_code="", latitude=0.0, longitude=0.0, elevation=0.0, depth=0.0,
            azimuth=0.0, dip=0.0, sample_rate=RATE, start_date=START - 1e6, response=response,
        )
        for code in ("HHZ", "HHN", "HHE")
    ]  # fmt: skip
    station = Station("AAA", 0.0, 0.0, 0.0, channels=channels)
    return Inventory(networks=[Network("XX", stations=[station])])


LOC = SimpleNamespace(latitude=0.0, longitude=0.0, depth_km=10.0, time=START + 58.0)
PICKS = pd.DataFrame(
    {
        "trace_id": ["XX.AAA..HHZ"] * 2,
        "phase": ["P", "S"],
        "time": [pd.Timestamp(t.ns, tz="UTC") for t in (P, S)],
    }
)


def trace(data, channel="HHZ"):
    header = {"network": "XX", "station": "AAA", "channel": channel, "sampling_rate": RATE}
    return Trace(data, {**header, "starttime": START})


def coda(rng, decay, amplitude=1000.0, noise=10.0, seconds=260.0):
    """Noise, and from P on a decaying 5 Hz wave: rms amplitude/sqrt2 exp(-t/decay)."""
    t = np.arange(round(seconds * RATE)) / RATE
    tau = t - (P - START)
    wave = np.where(tau > 0, amplitude * np.sin(2 * np.pi * 5 * tau), 0.0)
    wave *= np.exp(-np.maximum(tau, 0.0) / decay)
    return wave + noise * rng.standard_normal(t.size)


@pytest.mark.parametrize("decay", [8.0, 20.0])
def test_the_coda_ends_where_it_falls_to_twice_the_noise(rng, decay):
    data = coda(rng, decay)
    m = duration_magnitude(Stream([trace(data)]), LOC, inventory(), scale=PLAIN, picks=PICKS)
    # white noise of 10 counts in 1-10 Hz: 10 sqrt(9/50); signal**2 + noise**2 = 4 noise**2
    quiet = 10 * math.sqrt(9 / 50)
    expected = decay * math.log(1000 / math.sqrt(2) / (math.sqrt(3) * quiet))
    row = m.stations.iloc[0]
    assert row.amplitude == pytest.approx(expected, rel=0.05)
    assert row.units == "s"
    assert m.value == pytest.approx(2 * math.log10(row.amplitude))
    assert row.time.timestamp() == pytest.approx((P + row.amplitude).timestamp, abs=1e-3)
    assert (m.kind, m.scale, m.n) == ("Md", "plain", 1)
    tables.STATION_MAGNITUDES.check(m.stations)


def test_ratio_start_distance_and_corrections_count(rng):
    stream = Stream([trace(coda(rng, 15.0))])
    plain = duration_magnitude(stream, LOC, inventory(), scale=PLAIN, picks=PICKS)
    tau = plain.stations.amplitude[0]
    late = DurationScale(name="late", constant=0.0, slope=2.0, start="origin")
    m = duration_magnitude(stream, LOC, inventory(), scale=late, picks=PICKS)
    assert m.stations.amplitude[0] == pytest.approx(tau + 2.0, abs=1e-6)  # P is 2 s after
    higher = duration_magnitude(stream, LOC, inventory(), scale=PLAIN, picks=PICKS, ratio=4.0)
    longer = math.log(math.sqrt(15) / math.sqrt(3)) * 15.0
    assert tau - higher.stations.amplitude[0] == pytest.approx(longer, rel=0.15)
    moved = duration_magnitude(
        stream, LOC, inventory(), scale=PLAIN, picks=PICKS, corrections={"AAA": -0.2}
    )
    assert moved.value == pytest.approx(plain.value - 0.2)


def test_durations_that_cannot_be_had_are_refused(rng):
    data = coda(rng, 20.0)
    short = Stream([trace(data[: round(100 * RATE)])])
    m = duration_magnitude(short, LOC, inventory(), picks=PICKS)
    assert math.isnan(m.value)
    assert "ends before the coda" in m.note
    weak = Stream([trace(coda(rng, 20.0, amplitude=10.0))])
    assert "times the noise" in duration_magnitude(weak, LOC, inventory(), picks=PICKS).note
    cut = Stream([trace(data)]).slice(P - 3)
    assert "noise before P" in duration_magnitude(cut, LOC, inventory(), picks=PICKS).note
    flat = Stream([trace(data, "HHN")])
    assert "no vertical" in duration_magnitude(flat, LOC, inventory(), picks=PICKS).note
    gap = Stream([trace(data)])
    gap = gap.slice(START, P + 10) + gap.slice(P + 12)
    assert math.isnan(duration_magnitude(gap, LOC, inventory(), picks=PICKS).value)
    near = DurationScale(name="near", constant=0.0, slope=1.0, max_distance_km=1.0)
    far = SimpleNamespace(latitude=1.0, longitude=0.0, depth_km=5.0, time=START + 50.0)
    m = duration_magnitude(Stream([trace(data)]), far, inventory(), scale=near, picks=PICKS)
    assert "beyond the 1 km of near" in m.note
    with pytest.raises(ParameterError, match="ratio"):
        duration_magnitude(Stream([trace(data)]), LOC, inventory(), ratio=0.5)


def bursts(amplitude, rng, noise=1e-9):
    """Velocity of 6 Hz with a Hann envelope of 8 s from P, on three components."""
    t = np.arange(round(120 * RATE)) / RATE
    tau = t - (P - START)
    shape = np.where((tau > 0) & (tau < 8), np.sin(np.pi * np.clip(tau / 8, 0, 1)) ** 2, 0.0)
    wave = amplitude * shape * np.sin(2 * np.pi * 6 * tau)
    return Stream(
        [
            note(trace(wave + noise * rng.standard_normal(t.size), c), units="m/s")
            for c in ("HHZ", "HHN", "HHE")
        ]
    )


def test_energy_is_the_closed_form_of_the_burst(rng):
    amplitude = 2e-6
    m = seismic_energy(
        bursts(amplitude, rng), LOC, inventory(), picks=PICKS, velocity=2.5, density=2000.0
    )
    # three components, each A**2 / 2 times the integral of sin**4, 3/8 of 8 s
    flux = 3 * amplitude**2 / 2 * 3.0
    expected = 2 * math.pi * 1e4**2 * 2000 * 2500 * flux  # r = 10 km
    assert m.energy == pytest.approx(expected, rel=0.01)
    assert m.value == pytest.approx(2 / 3 * math.log10(expected) - 3.2, abs=0.003)
    assert (m.kind, m.scale) == ("Me", "k=3.2")
    row = m.stations.iloc[0]
    assert row.amplitude == pytest.approx(m.energy)
    assert row.units == "J"


def test_noise_is_taken_off_and_counts_are_the_same_as_velocity(rng):
    quiet = bursts(2e-6, rng)
    options = {"picks": PICKS, "velocity": 2.5}
    truth = seismic_energy(quiet, LOC, inventory(), **options).energy
    noisy = seismic_energy(bursts(2e-6, rng, noise=2e-7), LOC, inventory(), **options).energy
    assert noisy == pytest.approx(truth, rel=0.1)
    counts = Stream([trace(t.data * GAIN, t.stats.channel) for t in quiet])
    assert seismic_energy(counts, LOC, inventory(), **options).energy == pytest.approx(truth)


def test_site_attenuation_model_and_k_enter_as_the_formula_says(rng):
    stream = bursts(2e-6, rng)
    base = seismic_energy(stream, LOC, inventory(), picks=PICKS, velocity=3.0, density=2500.0)
    model = VelocityModel(layers=(Layer(top_km=-3.0, vp=3.0, vs=1.7, rho=2500.0),))
    same = seismic_energy(stream, LOC, inventory(), picks=PICKS, model=model)
    assert same.energy == pytest.approx(base.energy)
    other = seismic_energy(
        stream, LOC, inventory(), picks=PICKS, model=model,
        site_response={"XX.AAA": 2.0}, attenuation=0.5, k=3.7,
    )  # fmt: skip
    assert other.energy == pytest.approx(8 * base.energy)
    assert other.value == pytest.approx(base.value + 2 / 3 * math.log10(8) - 0.5)


def test_energies_that_cannot_be_had_are_refused(rng):
    stream = bursts(2e-6, rng)
    two = Stream(stream[:2])
    assert "energy needs three" in seismic_energy(
        two, LOC, inventory(), picks=PICKS, velocity=3.0
    ).note  # fmt: skip
    weak = bursts(1e-10, rng)
    m = seismic_energy(weak, LOC, inventory(), picks=PICKS, velocity=3.0)
    assert math.isnan(m.value)
    assert math.isnan(m.energy)
    assert "SNR" in m.note
    with pytest.raises(ParameterError, match="model or velocity"):
        seismic_energy(stream, LOC, inventory(), picks=PICKS)
    with pytest.raises(ParameterError, match="attenuation"):
        seismic_energy(stream, LOC, inventory(), velocity=3.0, attenuation=0.0)
