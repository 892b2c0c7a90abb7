"""Reduced displacement worked by hand."""

import math

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")
T = np.arange(6000) / 100


def displacement(amplitude, station="JGPD"):
    header = {"network": "1U", "station": station, "channel": "HHZ"}
    data = amplitude * np.sin(2 * np.pi * 2 * T)
    return note(Trace(data, header | {"sampling_rate": 100.0, "starttime": T0}), units="m")


# A sine of 2 µm: peak to peak 4 µm = 4e-4 cm, at 5 km = 5e5 cm.
BODY = 4e-4 * 5e5 / (2 * math.sqrt(2))  # 70.71 cm2
# wavelength 1500 / 2 = 750 m = 7.5e4 cm
SURFACE = 4e-4 * math.sqrt(7.5e4 * 5e5) / (2 * math.sqrt(2))  # 27.39 cm2


@pytest.mark.parametrize("statistic", ["rms", "peak_to_peak"])
def test_by_hand(statistic):
    assert pytest.approx(70.7107, abs=1e-4) == BODY
    assert pytest.approx(27.3861, abs=1e-4) == SURFACE
    body = ps.reduced_displacement(displacement(2e-6), distance_km=5, statistic=statistic)
    assert body.value[0] == pytest.approx(BODY, rel=3e-3)
    assert body.units[0] == "cm**2"
    assert body.statistic[0] == f"reduced_displacement_body_{statistic}"
    surface = ps.reduced_displacement(
        displacement(2e-6),
        distance_km=5,
        wave="surface",
        velocity=1500,
        frequency=2,
        statistic=statistic,
    )
    assert surface.value[0] == pytest.approx(SURFACE, rel=3e-3)
    assert list(surface.columns) == tables.AMPLITUDES.names


def test_spreading_is_undone():
    """The same source at two distances, amplitudes falling as 1/r, gives one value."""
    stream = Stream([displacement(4e-6, "JGPD"), displacement(1e-6, "KDPD")])
    table = ps.reduced_displacement(stream, distance_km={"JGPD": 5.0, "1U.KDPD": 20.0})
    assert table.value[0] == pytest.approx(table.value[1], rel=1e-12)


def test_from_tables_of_amplitudes():
    tr = displacement(2e-6)
    swings = ps.peak_amplitude(tr, statistic="peak_to_peak", event_id="e7")
    one = ps.reduced_displacement(swings, distance_km=5)
    assert one.value[0] == pytest.approx(BODY, rel=3e-3)
    assert one.event_id[0] == "e7"
    series = ps.rsam(tr, window=20, statistic="rms")
    many = ps.reduced_displacement(series, distance_km=5)
    assert many.value.to_numpy() == pytest.approx([BODY] * 3, rel=1e-9)
    assert many.endtime[0] == series.starttime[1]
    with pytest.raises(ps.ParameterError, match="peak_abs"):
        ps.reduced_displacement(ps.peak_amplitude(tr), distance_km=5)
    with pytest.raises(ps.ParameterError, match="for waveforms"):
        ps.reduced_displacement(swings, distance_km=5, freqmin=1)


def test_distance_from_a_network():
    network = ps.load_network("paektu")
    station = network.stations[0]
    header = {"network": station.network, "station": station.station, "channel": "HHZ"}
    tr = displacement(2e-6)
    tr.stats.update(header)
    height = station.elevation_m / 1e3 if math.isfinite(station.elevation_m) else 0.0
    straight_down = (station.latitude, station.longitude, 3.0)
    below = ps.reduced_displacement(tr, network=network, source=straight_down)
    by_hand = ps.reduced_displacement(tr, distance_km=3.0 + height)
    assert below.value[0] == pytest.approx(by_hand.value[0])
    away = (station.latitude + 0.1, station.longitude, 3.0)
    flat = 0.1 * 111.1  # a tenth of a degree of latitude near 42 north
    further = ps.reduced_displacement(tr, network=network, source=away)
    expected = by_hand.value[0] / (3 + height) * math.hypot(flat, 3 + height)
    assert further.value[0] == pytest.approx(expected, rel=2e-3)


def test_only_displacement_in_metres():
    counts = displacement(1.0)
    note(counts, units="counts")
    with pytest.raises(ps.ParameterError, match=r'in counts.*output="DISP"'):
        ps.reduced_displacement(counts, distance_km=5)
    note(counts, units="m/s")
    with pytest.raises(ps.ParameterError, match="m/s"):
        ps.reduced_displacement(counts, distance_km=5)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ps.ParameterError, "either distance_km"),
        ({"distance_km": -1}, ps.ParameterError, "positive number of kilometres"),
        ({"distance_km": {"KDPD": 3.0}}, ps.MetadataError, r"no entry for 1U\.JGPD\.\.HHZ"),
        ({"distance_km": 5, "wave": "surface"}, ps.ParameterError, "velocity"),
        (
            {"distance_km": 5, "wave": "surface", "velocity": 1.5, "frequency": 2},
            ps.ParameterError,
            "metres a second",
        ),
        ({"distance_km": 5, "wave": "S"}, ps.ParameterError, "body, surface"),
        ({"distance_km": 5, "statistic": "peak_abs"}, ps.ParameterError, "rms, peak_to_peak"),
    ],
)
def test_what_is_missing_or_impossible(options, error, words):
    with pytest.raises(error, match=words):
        ps.reduced_displacement(displacement(1e-6), **options)
