"""Amplitudes on a simulated Wood-Anderson, and the local magnitude of made records."""

import math
import warnings
from types import SimpleNamespace

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.signal.invsim import (
    estimate_wood_anderson_amplitude,
    simulate_seismometer,
)

from paektuseis import MagnitudeScale, ParameterError, WoodAnderson, local_magnitude, tables
from paektuseis.errors import MetadataError
from paektuseis.provenance import note
from paektuseis.source.local import wood_anderson_motion
from paektuseis.source.wood_anderson import cosine_flanks, read_amplitude

RATE = 100.0
START = UTCDateTime("2014-06-15T03:00:00")
ORIGIN = START + 40.0
GAIN = 1e11  # counts per m/s, flat


def flat_response(gain=GAIN):
    return Response.from_paz(
        zeros=[], poles=[], stage_gain=gain, input_units="M/S", output_units="COUNTS"
    )


def inventory_of(places, channels=("HHZ", "HHN", "HHE"), gain=GAIN):
    """Stations of network XX: code -> (latitude, longitude, elevation in m)."""
    azimuths = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}
    stations = []
    for code, (latitude, longitude, elevation) in places.items():
        made = [
            Channel(
                code=c,
                location_code="",
                latitude=latitude,
                longitude=longitude,
                elevation=elevation,
                depth=0.0,
                azimuth=azimuths.get(c[-1], (0.0, 0.0))[0],
                dip=azimuths.get(c[-1], (0.0, 0.0))[1],
                sample_rate=RATE,
                start_date=START - 1e6,
                response=flat_response(gain),
            )
            for c in channels
        ]
        stations.append(Station(code, latitude, longitude, elevation, channels=made))
    return Inventory(networks=[Network("XX", stations=stations)])


def east_of(distance_km, latitude=0.0):
    """Longitude (at the equator) so far east of 0."""
    return math.degrees(distance_km / 6378.137)


def burst(arrival, displacement, frequency, seconds=120.0, length=4.0):
    """Velocity of a sine of ground displacement that comes and goes softly, m/s."""
    t = np.arange(round(seconds * RATE)) / RATE
    tau = t - (arrival - START)
    inside = (tau > 0) & (tau < length)
    w, b = 2 * np.pi * frequency, np.pi / length
    t0 = tau - length / 2
    shape, slope = np.sin(b * tau) ** 2, b * np.sin(2 * b * tau)
    velocity = displacement * (slope * np.cos(w * t0) - w * shape * np.sin(w * t0))
    return np.where(inside, velocity, 0.0)


def record(code, channel, velocity, noise, rng, gain=GAIN):
    data = (velocity + noise * rng.standard_normal(len(velocity))) * gain
    header = {
        "network": "XX", "station": code, "channel": channel, "sampling_rate": RATE,
        "starttime": START,
    }  # fmt: skip
    return Trace(np.rint(data + 300).astype(np.int32), header)


def event(depth=0.0, **more):
    return SimpleNamespace(latitude=0.0, longitude=0.0, depth_km=depth, time=ORIGIN, **more)


def picks_at(rows):
    return pd.DataFrame(
        [
            {
                "trace_id": f"XX.{code}..HHZ",
                "phase": phase,
                "time": pd.Timestamp(time.ns, tz="UTC"),
            }
            for code, phase, time in rows
        ]
    )


FREQUENCY = 4.0
WA_AT_4HZ = abs(
    (2j * np.pi * 4) ** 2
    / ((2j * np.pi * 4 + 5.49779 - 5.60886j) * (2j * np.pi * 4 + 5.49779 + 5.60886j))
)
"""Written with the poles as NMSOP-2 prints them."""


def simple_case(rng, distance=100.0, north=1e-6, east=1e-6, noise=1e-10, code="AAA"):
    inventory = inventory_of({code: (0.0, east_of(distance), 0.0)})
    p, s = ORIGIN + 5.0, ORIGIN + 9.0
    stream = Stream(
        [
            record(code, "HHZ", burst(p, 2e-7, FREQUENCY), noise, rng),
            record(code, "HHN", burst(s, north, FREQUENCY), noise, rng),
            record(code, "HHE", burst(s, east, FREQUENCY), noise, rng),
        ]
    )
    return stream, inventory, picks_at([(code, "P", p), (code, "S", s)])


# the seismograph -------------------------------------------------------------------------------


def test_poles_are_those_of_the_standard_and_of_the_nominal_instrument():
    assert WoodAnderson().poles[0] == pytest.approx(-5.49779 + 5.60886j, abs=2e-5)
    nominal = WoodAnderson(gain=2800, damping=0.8)
    assert nominal.poles[0] == pytest.approx(-6.283 + 4.7124j, abs=2e-4)


def test_the_response_is_flat_above_and_falls_with_the_square_below():
    w = WoodAnderson()
    assert abs(w.response(100.0)) == pytest.approx(1.0, abs=2e-4)
    assert abs(w.response(0.0)) == 0.0
    ratio = abs(w.response(0.02)) / abs(w.response(0.01))
    assert ratio == pytest.approx(4.0, rel=1e-3)
    # at its free period a damped oscillator gives 1 / (2 damping)
    assert abs(w.response(1.25)) == pytest.approx(1 / 1.4, rel=1e-12)


@pytest.mark.parametrize("frequency", [0.8, 1.25, 4.0, 12.0])
def test_a_sine_of_known_displacement_comes_out_with_the_closed_form(frequency):
    t = np.arange(6000) / RATE
    trace = Trace(1e-6 * np.sin(2 * np.pi * frequency * t), {"sampling_rate": RATE})
    out, _ = wood_anderson_motion(note(trace, units="m"), None, WoodAnderson(), 0.2)
    middle = out.data[1500:4500]
    s = 2j * np.pi * frequency
    expected = 1e-6 * abs(s**2 / ((s + 5.49779 - 5.60886j) * (s + 5.49779 + 5.60886j)))
    assert read_amplitude(middle, "zero_to_peak")[0] == pytest.approx(expected, rel=2e-3)
    assert read_amplitude(middle, "half_peak_to_peak")[0] == pytest.approx(expected, rel=2e-3)


def test_counts_and_ground_velocity_give_the_same_as_displacement(rng):
    stream, inventory, _ = simple_case(rng, noise=0.0)
    counts = stream.select(channel="HHN")[0]
    velocity = counts.copy()
    velocity.data = (counts.data - 300) / GAIN
    a, _ = wood_anderson_motion(counts, inventory, WoodAnderson(), 0.5)
    b, _ = wood_anderson_motion(note(velocity, units="m/s"), inventory, WoodAnderson(), 0.5)
    assert np.abs(a.data - b.data).max() < 1e-12
    assert np.abs(a.data).max() == pytest.approx(1e-6 * WA_AT_4HZ, rel=5e-3)


def test_amplitudes_agree_with_obspys_estimate_from_period_and_size(rng):
    # obspy's has the nominal damping and 2080: a seismograph of the same
    stream, inventory, _ = simple_case(rng, noise=0.0)
    counts = stream.select(channel="HHN")[0]
    ours, _ = wood_anderson_motion(counts, inventory, WoodAnderson(damping=0.8), 0.5)
    paz = {"poles": [], "zeros": [], "gain": 1.0, "sensitivity": GAIN}
    span = 0.5 / FREQUENCY
    theirs = estimate_wood_anderson_amplitude(paz, float(np.ptp(counts.data)), span)
    assert np.abs(ours.data).max() * 2080 * 1e3 == pytest.approx(theirs, rel=0.01)


def test_the_trace_is_that_of_obspys_simulation(rng):
    velocity = rng.standard_normal(6000) * 1e-9
    t = np.arange(6000) / RATE
    velocity *= np.exp(-(((t - 30) / 6) ** 2))
    trace = note(Trace(velocity, {"sampling_rate": RATE}), units="m/s")
    ours, _ = wood_anderson_motion(trace, None, WoodAnderson(), 0.1)
    poles = [-5.49779 + 5.60886j, -5.49779 - 5.60886j]
    paz = {"poles": poles, "zeros": [0j], "gain": 1.0, "sensitivity": 1.0}
    same = {"poles": [], "zeros": [], "gain": 1.0, "sensitivity": 1.0}
    theirs = simulate_seismometer(
        velocity,
        RATE,
        paz_remove=same,
        paz_simulate=paz,
        taper=False,
        zero_mean=False,
        pre_filt=(0.05, 0.1, 40.0, 50.0),
    )
    middle = slice(1000, 5000)
    miss = np.abs(ours.data[middle] - theirs[middle]).max()
    assert miss < 0.01 * np.abs(theirs[middle]).max()


def test_lkbd_is_the_wood_anderson_trace_of_others(real_data):
    folder = real_data / "metadata_responses" / "lkbd_wood_anderson"
    stream = obspy.read(str(folder / "LKBD.MSEED"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file has two abbreviation dictionaries
        inventory = obspy.read_inventory(str(folder / "LKBD.dataless"))
    nominal = WoodAnderson(gain=2800, damping=0.8)
    for other in obspy.read(str(folder / "LKBD_WA_CUT.MSEED")):
        trace = stream.select(channel=other.stats.channel)[0]
        start, end = other.stats.starttime, other.stats.endtime
        ours, _ = wood_anderson_motion(trace.slice(start - 60, end + 60), inventory, nominal, 0.05)
        a = 2800 * ours.slice(start, end).data
        b = other.data - other.data.mean()
        assert np.corrcoef(a, b)[0, 1] > 0.9995
        assert np.abs(a).max() == pytest.approx(np.abs(b).max(), rel=0.015)  # 0.006 in ML


def test_amplitudes_are_read_as_they_say():
    x = np.array([0.0, 1.0, 4.0, 1.0, -2.0, -3.0, -2.0, 2.0, 3.5, 2.0])
    assert read_amplitude(x, "zero_to_peak") == (4.0, 2)
    assert read_amplitude(x, "half_peak_to_peak") == (3.5, 2)  # (4 + 3) / 2
    assert read_amplitude(-x, "half_peak_to_peak") == (3.5, 2)
    # 0.5, 2, 1.5 lie on 2 + t/2 - t**2: its crest is 2.0625
    assert read_amplitude(np.array([0.5, 2.0, 1.5]), "zero_to_peak") == (2.0625, 1)
    assert read_amplitude(np.array([1.0, 2.0]), "half_peak_to_peak") == (1.0, 1)
    with pytest.raises(ParameterError, match="measure"):
        read_amplitude(x, "peak_to_peak")


def test_flanks_are_cosines():
    f = np.array([0.0, 1.0, 1.5, 2.0, 5.0, 8.0, 9.0, 10.0, 11.0])
    expected = [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0]
    assert cosine_flanks(f, (1.0, 2.0, 8.0, 10.0)).tolist() == pytest.approx(expected)


# magnitudes ------------------------------------------------------------------------------------

BY_HAND = [
    # north 1 um, east 2 um at 100 km; on the trace 2.08 mm and 4.16 mm times the response
    ("hutton_boore", 0.5 * math.log10(2.08 * 4.16) + 3.0),
    ("bakun_joyner", 0.5 * math.log10(2.08 * 4.16) + 3.0),
    ("iaspei", 0.5 * math.log10(1000 * 2000) + 2.22 + 0.189 - 2.09),
    ("luckett", 0.5 * math.log10(1000 * 2000) + 2.22 + 0.189 - 2.09 - 1.16 * math.exp(-20)),
    (
        "keir",
        0.5 * math.log10(2.08 * 4.16) + 1.196997 * math.log10(100 / 17) + 0.001066 * 83 + 2.0,
    ),
]


@pytest.mark.parametrize(("scale", "expected"), BY_HAND)
def test_the_magnitude_of_a_made_record_is_the_one_worked_by_hand(rng, scale, expected):
    stream, inventory, picks = simple_case(rng, north=1e-6, east=2e-6)
    before = [t.data.copy() for t in stream]
    m = local_magnitude(stream, event(), inventory, scale=scale, picks=picks)
    assert m.value == pytest.approx(expected + math.log10(WA_AT_4HZ), abs=0.005)
    assert (m.kind, m.scale, m.n) == ("ML", scale, 1)
    # the scatter Hutton & Boore (1987) state; the others state none that was read
    assert m.uncertainty == pytest.approx(
        0.21 if scale == "hutton_boore" else math.nan, nan_ok=True
    )
    assert "single station" in m.note
    assert all((a == t.data).all() for a, t in zip(before, stream, strict=True))


@pytest.mark.parametrize(
    ("components", "amplitude"),
    [
        ("mean", 1.5e-6),
        ("max", 2e-6),
        ("geometric_mean", math.sqrt(2) * 1e-6),
        ("vertical", 2e-7),
    ],
)
def test_components_make_one_amplitude_by_the_rule_of_the_scale(rng, components, amplitude):
    stream, inventory, picks = simple_case(rng, north=1e-6, east=2e-6)
    scale = MagnitudeScale(
        name="mine", amplitude_units="um", trace=False, spread=1.0, components=components
    )
    m = local_magnitude(stream, event(), inventory, scale=scale, picks=picks)
    row = m.stations.iloc[0]
    assert row.amplitude == pytest.approx(1e6 * amplitude * WA_AT_4HZ, rel=0.01)
    assert row.units == "um (Wood-Anderson of unit gain)"
    assert m.value == pytest.approx(math.log10(row.amplitude) + math.log10(100.0), abs=1e-4)


def test_elevation_and_depth_count_in_the_distance(rng):
    stream, _, picks = simple_case(rng, distance=12.0)
    inventory = inventory_of({"AAA": (0.0, east_of(12.0), 2500.0)})
    m = local_magnitude(stream, event(depth=6.5), inventory, picks=picks)
    assert m.stations.distance_km[0] == pytest.approx(15.0, abs=0.001)  # 12, 9, 15


def test_median_mean_residuals_corrections_and_standard_error(rng):
    codes = {"AAA": 1e-6, "BBB": 2e-6, "CCC": 8e-6}
    stream, picks, places = Stream(), [], {}
    for code, size in codes.items():
        part, _, pick = simple_case(rng, north=size, east=size, code=code)
        stream += part
        picks.append(pick)
        places[code] = (0.0, east_of(100.0), 0.0)
    inventory, table = inventory_of(places), pd.concat(picks)
    lone = math.log10(2.08 * WA_AT_4HZ) + 3
    m = local_magnitude(stream, event(), inventory, picks=table, event_id="ev1")
    assert m.value == pytest.approx(lone + math.log10(2), abs=0.005)
    expected = np.std([0, math.log10(2), math.log10(8)], ddof=1) / math.sqrt(3)
    assert m.uncertainty == pytest.approx(expected * math.sqrt(math.pi / 2), abs=0.003)
    residuals = dict(zip(m.stations.trace_id.str[3:6], m.stations.residual, strict=True))
    assert residuals["CCC"] == pytest.approx(math.log10(4), abs=0.005)
    assert residuals["BBB"] == 0.0
    mean = local_magnitude(stream, event(), inventory, picks=table, statistic="mean")
    assert mean.value == pytest.approx(lone + math.log10(16) / 3, abs=0.005)
    assert mean.uncertainty == pytest.approx(expected, abs=0.003)
    moved = local_magnitude(
        stream, event(), inventory, picks=table, statistic="mean", corrections={"XX.AAA": 0.3}
    )
    assert moved.value - mean.value == pytest.approx(0.1, abs=1e-9)
    # the tables
    row = m.table("ev1").iloc[0]
    tables.MAGNITUDES.check(m.table("ev1"))
    tables.STATION_MAGNITUDES.check(m.stations)
    assert (row.event_id, row.n, row.stations) == ("ev1", 3, ("XX.AAA", "XX.BBB", "XX.CCC"))
    assert set(m.stations.event_id) == {"ev1"}
    assert float(m) == m.value == row.value


def test_the_instant_of_the_amplitude_and_its_snr_stand_in_the_row(rng):
    stream, inventory, picks = simple_case(rng, noise=2e-8)
    m = local_magnitude(stream, event(), inventory, picks=picks)
    row = m.stations.iloc[0]
    top = (ORIGIN + 9.0 + 2.0).timestamp  # the middle of the burst
    assert abs(row.time.timestamp() - top) < 0.3
    assert 3 < row.snr < 1e4


def test_obspy_origins_events_and_rows_of_origins_are_places_too(rng):
    stream, inventory, picks = simple_case(rng)
    origin = obspy.core.event.Origin(time=ORIGIN, latitude=0.0, longitude=0.0, depth=0.0)
    whole = obspy.core.event.Event(origins=[origin])
    row = pd.Series(
        {
            "latitude": 0.0,
            "longitude": 0.0,
            "depth_km": 0.0,
            "time": pd.Timestamp(ORIGIN.ns, tz="UTC"),
        }
    )
    found = [
        local_magnitude(stream, place, inventory, picks=picks).value
        for place in (event(), origin, whole, row, row.to_frame().T, row.to_dict())
    ]
    assert found == pytest.approx([found[0]] * 6, abs=1e-12)


def test_a_single_station_with_its_distance_is_enough(rng):
    stream, inventory, picks = simple_case(rng)
    alone = SimpleNamespace(distance_km=50.0, distance_uncertainty_km=5.0)
    scale = MagnitudeScale(name="mine", amplitude_units="nm", trace=False, spread=2.0, sigma=0.3)
    m = local_magnitude(stream, alone, inventory, scale=scale, picks=picks)
    assert m.stations.distance_km[0] == 50.0
    # 0.3 of the scale, 2 log10((50 + 2.5) / (50 - 2.5)) of the distance
    assert m.uncertainty == pytest.approx(math.hypot(0.3, 2 * math.log10(52.5 / 47.5)), rel=1e-6)
    both, _, _ = simple_case(rng, code="BBB")
    places = {"AAA": (0.0, 1.0, 0.0), "BBB": (0.0, 1.0, 0.0)}
    with pytest.raises(MetadataError, match="one station"):
        local_magnitude(stream + both, alone, inventory_of(places), picks=picks)


def test_a_phase_that_was_not_picked_is_predicted(rng):
    distance = 30.0
    p, s = ORIGIN + distance / 5.5, ORIGIN + distance / 5.5 * 1.732
    inventory = inventory_of({"AAA": (0.0, east_of(distance), 0.0)})
    stream = Stream([record("AAA", c, burst(s, 1e-6, 4.0), 1e-10, rng) for c in ("HHN", "HHE")])
    with_picks = local_magnitude(
        stream, event(), inventory, picks=picks_at([("AAA", "P", p), ("AAA", "S", s)])
    )
    without = local_magnitude(stream, event(), inventory)
    assert without.value == pytest.approx(with_picks.value, abs=1e-3)


# refusals --------------------------------------------------------------------------------------


def test_too_near_for_the_scale_is_refused_unless_asked(rng):
    stream, inventory, picks = simple_case(rng, distance=6.0)
    problems: list[str] = []
    m = local_magnitude(stream, event(), inventory, picks=picks, problems=problems)
    assert math.isnan(m.value)
    assert m.n == 0
    assert "outside the 10 to 700 km of hutton_boore" in m.note
    assert len(problems) == 1
    asked = local_magnitude(stream, event(), inventory, picks=picks, extrapolate=True)
    assert asked.n == 1
    assert "extrapolated" in asked.stations.note[0]


def test_a_weak_signal_is_refused(rng):
    stream, inventory, picks = simple_case(rng, north=1e-8, east=1e-6, noise=3e-7)
    m = local_magnitude(stream, event(), inventory, picks=picks)
    assert "SNR" in m.stations.note[0]
    assert "one horizontal" in m.stations.note[0]
    weak, inventory, picks = simple_case(rng, north=1e-8, east=1e-8, noise=3e-7)
    assert math.isnan(local_magnitude(weak, event(), inventory, picks=picks).value)


def test_a_gap_or_clipping_in_the_window_is_refused(rng):
    stream, inventory, picks = simple_case(rng)
    gap = stream.copy()
    for trace in gap.select(channel="HH[NE]"):
        trace.data = np.ma.masked_array(trace.data, mask=np.zeros(len(trace.data), bool))
        trace.data.mask[5000:5010] = True
    m = local_magnitude(gap, event(), inventory, picks=picks)
    assert "a gap between" in m.note
    clipped = stream.copy()
    for trace in clipped.select(channel="HH[NE]"):
        trace.data = np.clip(trace.data, -900_000, 900_000)
    m = local_magnitude(clipped, event(), inventory, picks=picks)
    assert math.isnan(m.value)
    assert "clipped" in m.note
    one = stream.copy()
    one.select(channel="HHN")[0].data = clipped.select(channel="HHN")[0].data
    left = local_magnitude(one, event(), inventory, picks=picks)
    assert left.n == 1
    assert "one horizontal" in left.stations.note[0]


def test_a_record_without_noise_before_or_without_s_is_refused(rng):
    stream, inventory, picks = simple_case(rng)
    late = stream.slice(ORIGIN + 4.0)
    assert "noise before P" in local_magnitude(late, event(), inventory, picks=picks).note
    asked = local_magnitude(late, event(), inventory, picks=picks, min_snr=0)
    assert asked.n == 0 or asked.n == 1
    short = stream.slice(START, ORIGIN + 10.0)
    assert "the end of the record" in local_magnitude(short, event(), inventory, picks=picks).note


def test_what_the_metadata_do_not_know_is_refused(rng):
    stream, _, picks = simple_case(rng)
    other = inventory_of({"BBB": (0.0, 1.0, 0.0)})
    assert "not in the metadata" in local_magnitude(stream, event(), other, picks=picks).note
    bare = inventory_of({"AAA": (0.0, east_of(100.0), 0.0)}, channels=("HHZ",))
    m = local_magnitude(stream, event(), bare, picks=picks)
    assert "no epoch that covers" in m.note


def test_horizontals_named_otherwise_in_the_metadata_take_their_common_response(rng):
    stream, inventory, picks = simple_case(rng)
    known = local_magnitude(stream, event(), inventory, picks=picks)
    for trace in stream:
        trace.stats.channel = {"HHN": "HH1", "HHE": "HH2"}.get(trace.stats.channel, "HHZ")
    m = local_magnitude(stream, event(), inventory, picks=picks)
    assert m.value == pytest.approx(known.value, abs=1e-9)
    assert "the metadata name the horizontals so" in m.stations.note[0]
    inventory[0][0][2].response = flat_response(2 * GAIN)
    refused = local_magnitude(stream, event(), inventory, picks=picks)
    assert "different responses" in refused.note


def test_options_are_checked(rng):
    stream, inventory, picks = simple_case(rng)
    with pytest.raises(ParameterError, match="statistic"):
        local_magnitude(stream, event(), inventory, picks=picks, statistic="mode")
    with pytest.raises(ParameterError, match="freqmin"):
        local_magnitude(stream, event(), inventory, picks=picks, freqmin=0.0)
    with pytest.raises(ParameterError, match="distance_km"):
        local_magnitude(stream, SimpleNamespace(time=ORIGIN), inventory, picks=picks)
    with pytest.raises(ParameterError, match="no origin"):
        local_magnitude(stream, obspy.core.event.Event(), inventory, picks=picks)
