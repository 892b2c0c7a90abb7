"""Sources, attenuation, noise and instrument against closed forms and obspy."""

import numpy as np
import pytest
import scipy.signal
from obspy import UTCDateTime
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

from paektuseis.errors import MetadataError, ParameterError
from paektuseis.network import Layer, NetworkStation, VelocityModel, load_network
from paektuseis.synthetic import (
    INSTRUMENTS,
    SourceEvent,
    corner_frequency,
    ground_motion,
    noise_psd,
    noise_trace,
    seismic_moment,
    trace_path,
)
from paektuseis.synthetic.faults import turn
from paektuseis.synthetic.propagation import attenuation
from paektuseis.synthetic.sources import brune_spectrum, radiation, resonance, vlp_pulse

T0 = UTCDateTime(2014, 6, 15)
HALF = VelocityModel(layers=(Layer(top_km=0, vp=6.0, vs=3.5, rho=2700.0, qp=1e9, qs=1e9),))
STATION = NetworkStation(
    network="XX", station="AAA", latitude=42.1, longitude=128.0, elevation_m=0.0
)


def vt(**changes):
    items = {"kind": "VT", "time": T0, "latitude": 42.0, "longitude": 128.0, "depth_km": 6.0,
             "magnitude": 1.5, **changes}  # fmt: skip
    return SourceEvent(**items)


def motion(event, station=STATION, model=HALF, rate=100.0, seed=1):
    return ground_motion(
        event, station, model, sampling_rate=rate, reference=T0,
        rng=np.random.default_rng(seed), source_rng=np.random.default_rng(99),
    )  # fmt: skip


def test_moment_and_corner():
    assert seismic_moment(2.0) == pytest.approx(1.2589e12, rel=1e-4)
    # r = (7 M0 / 16 dsigma)**(1/3) = 0.0570 km for Mw 1.5, 3 MPa... by hand:
    m0 = 10 ** (1.5 * 1.5 + 9.1)
    radius = (7 / 16 * m0 / 3e6) ** (1 / 3)
    assert corner_frequency(m0, 3.0, 3.5) == pytest.approx(0.37242 * 3500 / radius, rel=1e-4)
    # tenfold moment: corner lower by 10**(1/3)
    assert corner_frequency(10 * m0, 3.0, 3.5) * 10 ** (1 / 3) == pytest.approx(
        corner_frequency(m0, 3.0, 3.5)
    )


def test_brune_pulse_and_its_spectrum_are_a_pair():
    fc, rate, n = 4.0, 1000.0, 2**14
    t = np.arange(n) / rate
    pulse = (2 * np.pi * fc) ** 2 * t * np.exp(-2 * np.pi * fc * t)
    f = np.fft.rfftfreq(n, 1 / rate)
    low = f < 40
    np.testing.assert_allclose(
        np.fft.rfft(pulse)[low] / rate, brune_spectrum(f, fc)[low], atol=2e-4
    )
    np.testing.assert_allclose(np.abs(brune_spectrum(f, fc)), 1 / (1 + (f / fc) ** 2))


def test_radiation_keeps_the_mean_squares_of_a_double_couple():
    """Over the sphere the mean square is 4/15 for P and 2/5 for S (Boore & Boatwright 1984)."""
    rng = np.random.default_rng(3)
    azimuth = rng.uniform(0, 360, 8000)
    takeoff = np.degrees(np.arccos(rng.uniform(-1, 1, 8000)))
    event = vt(strike=33.0, dip=62.0, rake=-70.0)
    p, sv, sh = np.array([radiation(event, a, i) for a, i in zip(azimuth, takeoff, strict=True)]).T
    assert np.mean(p**2) == pytest.approx(4 / 15, rel=0.04)
    assert np.mean(sv**2 + sh**2) == pytest.approx(2 / 5, rel=0.04)
    # vertical strike slip: P nodal along the strike, largest at 45 degrees from it
    event = vt(strike=0.0, dip=90.0, rake=0.0)
    assert radiation(event, 0.0, 90.0)[0] == pytest.approx(0.0, abs=1e-12)
    assert radiation(event, 45.0, 90.0)[0] == pytest.approx(1.0)


def test_amplitude_means_moment_magnitude():
    """The low-frequency level of S gives back Mw by Brune's far-field formula."""
    event = vt(magnitude=2.5, stress_drop=1.0)
    path = trace_path(event, STATION, HALF)
    _, zne = motion(event)
    rate = 100.0
    window = int(path.time[1] * rate) + int(3.0 * rate) - int(path.time[0] * rate) - 20
    s = zne[:, window : window + 60]  # direct S before much coda
    f = np.fft.rfftfreq(4096, 1 / rate)
    power = sum(np.abs(np.fft.rfft(x, 4096) / rate) ** 2 for x in s)
    band = (f > 2) & (f < 4)
    displacement = np.sqrt(power[band]) / (2 * np.pi * f[band])
    m0 = 10 ** (1.5 * 2.5 + 9.1)
    fc = corner_frequency(m0, 1.0, 3.5)
    level = np.median(displacement * (1 + (f[band] / fc) ** 2))
    _, sv, sh = radiation(event, path.azimuth, path.takeoff[1])
    factor = np.hypot(np.hypot(sv, 0.25), np.hypot(sh, 0.25))
    estimate = level * 4 * np.pi * 2700 * 3500**3 * path.length_km * 1e3 / (2 * factor)
    assert 2 / 3 * (np.log10(estimate) - 9.1) == pytest.approx(2.5, abs=0.15)


def test_nothing_arrives_before_its_time():
    event = vt(magnitude=2.5)
    path = trace_path(event, STATION, HALF)
    first, zne = motion(event)
    onset = int(np.floor(path.time[0] * 100.0)) - first
    before = np.abs(zne[:, : onset - 3]).max()
    assert before < 2e-3 * np.abs(zne).max()
    # and the vertical moves within a tenth of a second after it
    assert np.abs(zne[0, onset : onset + 10]).max() > 20 * before


def test_p_is_radial_and_points_away():
    """Station due north of an explosion: first motion up and north, nothing east."""
    event = SourceEvent(kind="explosion", time=T0, latitude=42.0, longitude=128.0, depth_km=1.0,
                        magnitude=2.0)  # fmt: skip
    path = trace_path(event, STATION, HALF)
    first, zne = motion(event)
    onset = int(path.time[0] * 100.0) - first
    z, n, e = zne[:, onset : onset + 8]
    assert z.max() > 0
    assert n[z.argmax()] > 0
    assert abs(e[z.argmax()]) < 0.1 * n[z.argmax()]
    turned = turn(zne, -90.0)  # the sensor's "north" points west, its "east" north
    np.testing.assert_allclose(turned[2], zne[1], atol=1e-20)


def test_attenuation_is_causal_and_has_its_amplitude():
    f = np.fft.rfftfreq(4096, 0.01)
    operator = attenuation(f, 0.1, 100.0)
    flat = attenuation(f, 0.0, 100.0)
    np.testing.assert_allclose(np.abs(operator / flat), np.exp(-np.pi * f * 0.1), rtol=1e-9)
    pulse = np.fft.irfft(operator, 4096)
    assert np.abs(pulse[-1000:]).max() < 0.01 * pulse.max()  # negative times
    assert pulse.sum() == pytest.approx(1.0, abs=1e-6)


def test_resonators_ring_at_their_frequency():
    t = np.arange(-200, 6000) / 100.0
    f = np.fft.rfftfreq(2**15, 0.01)
    lp = vt(kind="LP", magnitude=np.nan, reduced_displacement=5.0, frequency=1.5, quality=20.0)
    x = resonance(lp, t, np.random.default_rng(1))
    assert np.ptp(x) == pytest.approx(1.0)
    assert np.all(x[t < 0] == 0)
    assert f[np.abs(np.fft.rfft(x, 2**15)).argmax()] == pytest.approx(1.5, abs=0.05)
    # decays as exp(-pi f t / Q): the mean square falls by exp(-2 pi f dt / Q)
    a, b = (np.sum(x[(t >= s) & (t < s + 4)] ** 2) for s in (6.0, 16.0))
    assert np.log(a / b) == pytest.approx(2 * np.pi * 1.5 * 10 / 20, rel=0.05)

    harmonic = vt(kind="harmonic", magnitude=np.nan, reduced_displacement=5.0, frequency=1.25,
                  overtones=4, duration=40.0)  # fmt: skip
    x = resonance(harmonic, t, np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(x, 2**15))
    for n in (1, 2, 3, 4):
        near = np.abs(f - 1.25 * n) < 0.1
        between = np.abs(f - 1.25 * (n + 0.5)) < 0.2
        assert spectrum[near].max() > 20 * spectrum[between].max()


def test_tremor_glides():
    t = np.arange(0, 30000) / 100.0
    event = vt(kind="tremor", magnitude=np.nan, reduced_displacement=5.0, frequency=1.0,
               frequency_end=2.0, overtones=1, duration=270.0)  # fmt: skip
    x = resonance(event, t, np.random.default_rng(1))
    phase = np.unwrap(np.angle(scipy.signal.hilbert(x)))
    rate = np.gradient(phase, t) / (2 * np.pi)
    assert np.median(rate[1500:3500]) == pytest.approx(1.0, abs=0.02)
    assert np.median(rate[17000:18000]) == pytest.approx(2.0, abs=0.05)
    assert np.abs(x[t > 270.0]).max() < 1e-12


def test_vlp_deflates_by_what_it_inflated():
    t = np.arange(0, 6000) / 100.0
    event = vt(kind="VLP", magnitude=3.0, duration=15.0)
    pulse = vlp_pulse(event, t)
    assert pulse[t < 15].sum() / 100 == pytest.approx(1.0, abs=1e-6)
    assert pulse[t > 15].sum() / 100 == pytest.approx(-0.5, abs=1e-6)


def test_lp_has_its_reduced_displacement():
    event = vt(kind="LP", magnitude=np.nan, reduced_displacement=8.0, frequency=2.0)
    path = trace_path(event, STATION, HALF)
    first, zne = motion(event)
    p = zne[:, : int(path.time[1] * 100) - first]  # P alone
    amplitude = np.sqrt((p[0] ** 2 + p[1] ** 2 + p[2] ** 2).max()) / (2 * np.pi * 2.0)
    # half of the peak-to-peak displacement at this distance, cm² -> m²
    expected = np.sqrt(2) * 8e-4 / (path.length_km * 1e3)
    assert 0.3 < amplitude / expected < 1.6  # three modes; the crest may come after S


def test_path_refuses_unknown_elevation():
    unknown = NetworkStation(network="XX", station="B", latitude=42.0, longitude=128.0)
    with pytest.raises(MetadataError, match=r"XX\.B"):
        trace_path(vt(), unknown, HALF)


def test_deep_paths_come_from_taup():
    from obspy.geodetics import gps2dist_azimuth
    from obspy.taup import TauPyModel

    network = load_network("paektu")
    deep = SourceEvent(kind="teleseism", time=T0, latitude=43.5, longitude=130.6, depth_km=560.0,
                       magnitude=5.0)  # fmt: skip
    station = network.station("1U.SHRD")
    path = trace_path(deep, station, network.velocity)
    km = gps2dist_azimuth(43.5, 130.6, station.latitude, station.longitude)[0] / 1e3
    taup = TauPyModel("iasp91").get_travel_times(560.0, np.degrees(km / 6371), ["p", "P"])
    climb = 1.041 / 6.154  # straight up through the mountain, at most
    assert 0 < path.time[0] - taup[0].time <= climb


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_noise_lies_where_it_should_between_the_models(level):
    f = np.array([0.02, 0.1, 0.2, 1.0, 5.0])
    got = 10 * np.log10(noise_psd(f, level) * (2 * np.pi * f) ** 2)
    expected = np.zeros(5)
    for model, weight in ((get_nlnm, 1 - level), (get_nhnm, level)):
        periods, decibels = model()
        order = np.argsort(periods)
        expected += weight * np.interp(np.log(1 / f), np.log(periods[order]), decibels[order])
    np.testing.assert_allclose(got, expected, atol=0.01)


def test_noise_samples_have_that_spectrum():
    x = noise_trace(400_000, 100.0, level=0.5, seed=4, wind=False)
    f, psd = scipy.signal.welch(x, 100.0, nperseg=20_000)
    for low, high in ((0.1, 0.3), (0.5, 1.0), (2.0, 5.0), (5.0, 15.0)):
        band = (f >= low) & (f < high)
        ratio = psd[band].sum() / noise_psd(f[band], 0.5).sum()
        # chi-square of the band: two degrees of freedom for each independent bin
        sigma = 1 / np.sqrt((high - low) * 4000)
        assert abs(ratio - 1) < 4 * max(sigma, 0.01)


def test_noise_is_one_endless_series():
    whole = noise_trace(260_000, 100.0, seed=2, station="XX.A")
    part = noise_trace(50_000, 100.0, seed=2, station="XX.A", first=90_000)
    np.testing.assert_array_equal(whole[90_000:140_000], part)
    other = noise_trace(50_000, 100.0, seed=2, station="XX.B", first=90_000)
    assert abs(np.corrcoef(np.diff(part), np.diff(other))[0, 1]) < 0.05
    before = noise_trace(1000, 100.0, seed=2, station="XX.A", first=-1000)
    assert np.std(np.diff(before)) == pytest.approx(np.std(np.diff(whole[:1000])), rel=0.3)


def test_noise_keeps_its_power_where_blocks_meet():
    """Block edges lie every 1000 s; the variance of the wind-free high-passed noise is level."""
    x = noise_trace(600_000, 100.0, level=0.5, seed=5, wind=False)
    sos = scipy.signal.butter(4, 1.0, "highpass", fs=100.0, output="sos")
    y = scipy.signal.sosfiltfilt(sos, x)
    rms = np.sqrt(np.mean(y.reshape(60, 10_000) ** 2, axis=1))
    assert rms.std() / rms.mean() < 0.06


@pytest.mark.parametrize("name", list(INSTRUMENTS))
def test_instrument_is_what_its_metadata_say(name):
    device = INSTRUMENTS[name]
    f = np.logspace(-2.5, np.log10(45), 60)
    response = device.obspy_response(100.0)
    got = device.response(f)
    reference = response.get_evalresp_response_for_frequencies(f, output="VEL")
    np.testing.assert_allclose(got, reference, rtol=2e-4)
    assert abs(device.response(np.array([1.0]))[0]) == pytest.approx(1500 / 1.278e-6)
    # published A0 of both, 5.71508e8, is normalised at 1 Hz within 0.1 %
    assert device.normalization == pytest.approx(5.71508e8, rel=1e-3)


@pytest.mark.parametrize(("changes", "says"), [
    ({"kind": "quake"}, "kind='quake'"),
    ({"magnitude": np.nan}, "needs magnitude"),
    ({"kind": "LP"}, "needs frequency"),
    ({"stress_drop": -1.0}, "stress_drop=-1"),
])  # fmt: skip
def test_impossible_events_are_refused(changes, says):
    with pytest.raises(ParameterError, match=says):
        vt(**changes)


def test_noise_level_is_checked():
    with pytest.raises(ParameterError, match=r"level=1\.5"):
        noise_psd(np.array([1.0]), 1.5)
