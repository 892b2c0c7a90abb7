"""Moment magnitude, corner frequency, stress drop: exact spectra, made events, a real one."""

import math
import warnings
from types import SimpleNamespace

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy import UTCDateTime

import paektuseis as ps
from paektuseis import ParameterError, SourceFit, moment_magnitude, tables
from paektuseis.source import SourceShape
from paektuseis.source._brune import OneSpectrum, fit_shared_corner
from paektuseis.source._spectra import _longest
from paektuseis.source.moment import RADIATION
from paektuseis.synthetic import SourceEvent, corner_frequency, seismic_moment, simulate_network

START = UTCDateTime("2014-06-15T03:00:00")


# the fit ---------------------------------------------------------------------------------------


def spectrum(plateau, corner, t_star, f, n=2.0, gamma=1.0):
    """The model written out."""
    return plateau * np.exp(-np.pi * f * t_star) / (1 + (f / corner) ** (gamma * n)) ** (1 / gamma)


FREQUENCIES = np.geomspace(0.5, 30, 36)
SIZES = [(2e-7, 0.02), (5e-8, 0.05), (9e-7, 0.0)]


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_exact_spectra_give_back_corner_plateaus_and_attenuation(gamma):
    f = FREQUENCIES
    made = [
        OneSpectrum(frequencies=f, log_signal=np.log(spectrum(a, 6.3, t, f, gamma=gamma)))
        for a, t in SIZES
    ]
    fit = fit_shared_corner(made, SourceShape(gamma=gamma))
    assert fit.corner == pytest.approx(6.3, rel=2e-3)
    assert not fit.resolved
    assert np.exp(fit.log_plateau) == pytest.approx([a for a, _ in SIZES], rel=3e-3)
    assert fit.t_star == pytest.approx([t for _, t in SIZES], abs=1e-4)


def test_tied_corners_are_one_ratio_apart():
    f = FREQUENCIES
    p = OneSpectrum(frequencies=f, log_signal=np.log(spectrum(1e-8, 8.5, 0.02, f)), ratio=1.7)
    s = OneSpectrum(frequencies=f, log_signal=np.log(spectrum(5e-8, 5.0, 0.04, f)))
    fit = fit_shared_corner([p, s], SourceShape())
    assert fit.corner == pytest.approx(5.0, rel=2e-3)


def test_a_fixed_attenuation_is_kept():
    f = FREQUENCIES
    one = OneSpectrum(
        frequencies=f,
        log_signal=np.log(spectrum(1e-8, 8.0, 0.03, f)),
        t_star=0.03,
        t_star_error=0.0,
    )
    fit = fit_shared_corner([one], SourceShape())
    assert fit.t_star[0] == 0.03
    assert fit.corner == pytest.approx(8.0, rel=2e-3)


def test_the_stated_error_of_the_corner_is_that_of_many_trials(rng):
    f, corners, errors = FREQUENCIES, [], []
    for _ in range(120):
        made = [
            OneSpectrum(
                frequencies=f,
                log_signal=np.log(spectrum(a, 6.0, t, f)) + 0.2 * rng.standard_normal(f.size),
            )
            for a, t in SIZES
        ]
        fit = fit_shared_corner(made, SourceShape())
        if not fit.resolved:
            corners.append(math.log(fit.corner / 6.0))
            errors.append(fit.corner_error / fit.corner)
    assert len(corners) > 100
    assert abs(np.mean(corners)) < 0.05
    # leaving out one of three spectra errs on the wide side
    assert 0.8 < np.median(errors) / np.std(corners) < 2.5


@pytest.mark.parametrize("corner", [200.0, 0.3])
def test_a_corner_outside_the_band_is_not_known(rng, corner):
    f = FREQUENCIES
    made = [
        OneSpectrum(
            frequencies=f,
            log_signal=np.log(spectrum(a, corner, t, f)) + 0.2 * rng.standard_normal(f.size),
        )
        for a, t in SIZES
    ]
    fit = fit_shared_corner(made, SourceShape())
    assert fit.resolved
    assert math.isnan(fit.corner_error)


def test_the_band_is_the_widest_of_which_three_quarters_are_clear():
    f = np.geomspace(1, 100, 9)
    clear = np.array([1, 0, 0, 0, 1, 1, 0, 1, 1], dtype=bool)
    assert _longest(clear, f).tolist() == [False] * 4 + [True, True, False, True, True]
    assert not _longest(np.zeros(9, dtype=bool), f).any()


def test_mean_radiation_is_the_root_mean_square_of_a_double_couple(rng):
    # P sin 2theta cos phi, S (cos 2theta cos phi, -cos theta sin phi): Aki & Richards 4.33
    cos = rng.uniform(-1, 1, 400_000)
    theta, phi = np.arccos(cos), rng.uniform(0, 2 * np.pi, cos.size)
    p = np.sin(2 * theta) * np.cos(phi)
    s = np.hypot(np.cos(2 * theta) * np.cos(phi), cos * np.sin(phi))
    assert math.sqrt(np.mean(p**2)) == pytest.approx(RADIATION["P"], abs=0.005)
    assert math.sqrt(np.mean(s**2)) == pytest.approx(RADIATION["S"], abs=0.005)


def test_stress_drop_and_radius_undo_the_corner_of_brune():
    moment = seismic_moment(2.4)
    corner = corner_frequency(moment, 3.7, 3.2)  # coded apart, in the simulator
    assert ps.stress_drop(moment, corner, 3.2) == pytest.approx(3.7, rel=4e-3)  # 0.372, 2.34 / 2 pi
    assert ps.source_radius(10.0, 3.0) == pytest.approx(0.1116)
    with pytest.raises(ParameterError, match="moment"):
        ps.stress_drop(0.0, 1.0, 3.0)
    with pytest.raises(ParameterError, match="corner_frequency"):
        ps.source_radius(float("nan"), 3.0)


# made events -----------------------------------------------------------------------------------

EVENTS = (
    # magnitude, stress drop (MPa), latitude, longitude, depth, strike, dip, rake
    (3.3, 2.0, 42.03, 128.08, 4.0, 30.0, 60.0, -90.0),
    (2.8, 4.0, 41.97, 128.12, 7.0, 200.0, 80.0, 10.0),
    (3.0, 3.0, 42.05, 128.02, 2.5, 120.0, 45.0, 90.0),
    (1.2, 3.0, 42.00, 128.06, 5.0, 300.0, 70.0, -160.0),
)


@pytest.fixture(scope="module")
def made():
    network = ps.load_network("paektu")
    events = [
        SourceEvent(
            kind="VT",
            time=START + 50 + 90 * i,
            latitude=lat,
            longitude=lon,
            depth_km=depth,
            magnitude=mw,
            stress_drop=drop,
            strike=strike,
            dip=dip,
            rake=rake,
        )
        for i, (mw, drop, lat, lon, depth, strike, dip, rake) in enumerate(EVENTS)
    ]
    simulation = simulate_network(
        network, duration=410.0, starttime=START, seed=314, events=events, faults=False
    )
    return network, events, simulation


def inputs(made, number, keep=("P", "S")):
    network, events, simulation = made
    event = events[number]
    stream = simulation.stream.slice(event.time - 30, event.time + 45)
    loc = SimpleNamespace(
        latitude=event.latitude,
        longitude=event.longitude,
        depth_km=event.depth_km,
        time=event.time,
    )
    arrivals = simulation.arrivals
    mine = arrivals[(arrivals.event_id == f"syn{number + 1:04d}") & arrivals.phase.isin(list(keep))]
    picks = pd.DataFrame(
        {
            "trace_id": mine.network + "." + mine.station + "..HHZ",
            "phase": mine.phase,
            "time": mine.time,
        }
    )
    return stream, loc, simulation.inventory, picks, network.velocity


@pytest.fixture(scope="module")
def results(made):
    out = []
    for number in range(len(EVENTS)):
        stream, loc, inventory, picks, model = inputs(made, number)
        out.append(moment_magnitude(stream, loc, inventory, picks, model=model, event_id="e"))
    return out


def test_moments_of_made_events_come_back(made, results):
    differences = [m.value - e.magnitude for m, e in zip(results, made[1], strict=True)]
    assert abs(np.mean(differences)) < 0.2
    assert np.abs(differences).max() < 0.3
    for m in results:
        assert m.n >= 3
        assert m.moment == pytest.approx(seismic_moment(m.value), rel=1e-9)
        assert m.uncertainty >= 0.15  # the error all stations share
        assert m.moment_factor == pytest.approx(10 ** (1.5 * m.uncertainty))


def test_corners_of_made_events_come_back_where_they_lie_in_the_band(made, results):
    network, events, _ = made
    known = 0
    for m, event in zip(results, events, strict=True):
        if math.isnan(m.corner_frequency):
            assert math.isnan(m.corner_uncertainty)
            assert "corner" in m.note
            continue
        layer = network.velocity.layer_at(event.depth_km)
        truth = corner_frequency(event.moment, event.stress_drop, layer.vs)
        assert m.corner_frequency == pytest.approx(truth, rel=0.4)
        assert 0 < m.corner_uncertainty < 0.5 * m.corner_frequency
        known += 1
    assert known >= 2
    assert math.isnan(results[3].corner_frequency)  # Mw 1.2 at 3 MPa: some 50 Hz


def test_the_fit_can_be_drawn(results):
    fits = results[0].spectra
    assert {f.phase for f in fits} == {"P", "S"}
    for fit in fits:
        assert isinstance(fit, SourceFit)
        assert fit.frequencies.shape == fit.observed.shape == fit.noise.shape == fit.model.shape
        assert fit.units == "m*s"
        inside = fit.usable
        miss = np.log(fit.observed[inside] / fit.model[inside])
        assert np.sqrt(np.mean(miss**2)) < 1.0
        assert np.abs(np.mean(miss)) < 1e-9 or not fit.used  # least squares in log amplitude
        assert fit.model[0] < fit.plateau


def test_tables_hold_stations_and_residuals(results):
    m = results[0]
    tables.STATION_MAGNITUDES.check(m.stations)
    row = m.table("e1").iloc[0]
    assert (row.event_id, row.kind, row.n) == ("e1", "Mw", m.n)
    assert row.corner_frequency == m.corner_frequency
    assert row.moment == m.moment
    used = m.stations[m.stations.used]
    assert used.residual.sum() == pytest.approx(0.0, abs=1e-9)  # the mean
    assert (2 / 3 * (np.log10(used.amplitude) - 9.1)).tolist() == pytest.approx(used.value.tolist())
    assert set(used.units) == {"N m"}


def test_phases_velocity_radiation_and_surface_enter_as_the_formula_says(made):
    stream, loc, inventory, picks, model = inputs(made, 1)
    s = moment_magnitude(stream, loc, inventory, picks, phases="S", velocity=(5.5, 3.2))
    assert {f.phase for f in s.spectra} == {"S"}
    twice = moment_magnitude(stream, loc, inventory, picks, phases="S", velocity=(5.5, 2.8))
    assert s.value - twice.value == pytest.approx(2 * math.log10(3.2 / 2.8), abs=1e-9)
    heavy = moment_magnitude(
        stream, loc, inventory, picks, phases="S", velocity=(5.5, 3.2), density=2400.0
    )
    assert s.value - heavy.value == pytest.approx(2 / 3 * math.log10(2700 / 2400), abs=1e-9)
    other = moment_magnitude(
        stream, loc, inventory, picks, phases="S", velocity=(5.5, 3.2),
        radiation={"S": 0.315}, free_surface=1.0, corrections={"1U.PDBD": 0.6},
    )  # fmt: skip
    shift = 2 / 3 * math.log10(4) + 0.6 / s.n
    assert other.value - s.value == pytest.approx(shift, abs=1e-9)
    apart = moment_magnitude(stream, loc, inventory, picks, model=model, corner_ratio=None)
    assert apart.details.keys() >= {"corner_S"} or "corner" in apart.note
    fixed = moment_magnitude(
        stream, loc, inventory, picks, velocity=(5.5, 3.2), q=(200.0, 120.0), kappa=0.015
    )
    assert all(f.t_star > 0.015 for f in fixed.spectra)
    assert "fixed" in fixed.method


def test_without_a_model_the_paths_give_the_velocity(made):
    stream, loc, inventory, picks, _ = inputs(made, 0)
    m = moment_magnitude(stream, loc, inventory, picks)
    assert "mean of the paths" in m.note
    assert m.value == pytest.approx(EVENTS[0][0], abs=0.35)
    bare = moment_magnitude(stream, loc, inventory)
    assert "unknown, 5.5 and 3.18" in bare.note
    assert "predicted, not picked" in " ".join(f.note for f in bare.spectra)


def test_what_was_given_is_left_alone(made):
    stream, loc, inventory, picks, model = inputs(made, 1)
    before, table = [t.data.copy() for t in stream], picks.copy()
    moment_magnitude(stream, loc, inventory, picks, model=model)
    assert all((a == t.data).all() for a, t in zip(before, stream, strict=True))
    assert picks.equals(table)


def test_noise_alone_gives_no_moment(made):
    network, _, simulation = made
    inventory, model = simulation.inventory, network.velocity
    quiet = simulation.stream.slice(START, START + 48)
    loc = SimpleNamespace(latitude=42.0, longitude=128.08, depth_km=4.0, time=START + 30)
    problems: list[str] = []
    m = moment_magnitude(quiet, loc, inventory, model=model, problems=problems)
    assert math.isnan(m.value)
    assert m.n == 0
    assert math.isnan(m.moment)
    assert len(problems) == 6
    assert "above the noise" in m.note


def test_a_plateau_out_of_the_band_is_refused(made):
    stream, loc, inventory, picks, model = inputs(made, 0)  # corner of S near 4 Hz
    m = moment_magnitude(stream, loc, inventory, picks, model=model, freqmin=6.0)
    assert m.n == 0 or math.isnan(m.corner_frequency)
    refused = [f for f in m.spectra if not f.used]
    assert all("plateau not in the usable band" in f.note for f in refused)


def test_options_of_moment_are_checked(made):
    stream, loc, inventory, picks, model = inputs(made, 1)
    for options, words in (
        ({"phases": "PS"}, "phases"),
        ({"shape": "omega"}, "shape"),
        ({"free_surface": 0.0}, "free_surface"),
        ({"velocity": (3.0, 5.0)}, "velocity"),
        ({"density": 2.7}, "density"),
        ({"q": (0.0, 100.0)}, "q="),
        ({"corner_ratio": 9.0}, "corner_ratio"),
        ({"model_error": -1.0}, "model_error"),
        ({"statistic": "mode"}, "statistic"),
    ):
        with pytest.raises(ParameterError, match=words):
            moment_magnitude(stream, loc, inventory, picks, **options)
    m = moment_magnitude(stream, loc, inventory, picks, model=model, freqmax=60.0)
    assert "Nyquist" in m.note


# a real one ------------------------------------------------------------------------------------


@pytest.mark.real
def test_mw_of_the_uturuncu_event_is_that_of_its_moment_tensor(real_data):
    folder = real_data / "uturuncu_vt"
    stream = obspy.read(str(folder / "2010-05-16_Mw2.80" / "20100516063454720000.m"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the reader has remarks on the file
        inventory = obspy.read_inventory(str(folder / "IRISDMC-Plutons_dataless.dataless"))
    # hypocentre of NonLinLoc, as in the .hyp file beside it
    loc = SimpleNamespace(
        latitude=-22.264877,
        longitude=-67.194808,
        depth_km=0.501221,
        time=UTCDateTime("2010-05-16T06:34:54.562697"),
    )
    m = moment_magnitude(stream, loc, inventory)
    # at that time the metadata know two of the twelve stations
    assert m.n == 2
    assert m.value == pytest.approx(2.80, abs=0.3)
