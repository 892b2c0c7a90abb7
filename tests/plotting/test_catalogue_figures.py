"""Figures of a catalogue: what is drawn is what the tables hold."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace

from paektuseis import load_network, tables
from paektuseis.errors import ParameterError
from paektuseis.plotting import (
    event_summary,
    plot_catalogue,
    plot_cumulative,
    plot_depth_section,
    plot_epicentres,
    plot_families,
    plot_frequency_magnitude,
    plot_magnitude_time,
    plot_particle_motion,
    plot_waveforms,
)
from paektuseis.types import Estimate

from .conftest import T0, record

PAEKTU = load_network("paektu").select(["1U.*"])


def origin(i=0, **changes):
    row = {
        "event_id": f"e{i}",
        "time": T0 + 60 * i,
        "latitude": 42.0 + 0.001 * i,
        "longitude": 128.06,
        "depth_km": 3.0,
        "time_uncertainty": 0.1,
        "horizontal_uncertainty_km": 2.0,
        "semi_minor_km": 1.0,
        "major_azimuth": 90.0,
        "depth_uncertainty_km": 1.5,
        "n_picks": 8,
        "n_stations": 4,
        "rms": 0.05,
        "azimuthal_gap": 210.0,
        "nearest_km": 3.0,
        "method": "grid",
        "model": "layers",
        "quality": "B",
    }
    return {**row, **changes}


def magnitude(i, value, **changes):
    row = {
        "event_id": f"e{i}",
        "kind": "ML",
        "scale": "hutton_boore",
        "value": value,
        "uncertainty": 0.2,
        "n": 4,
        "stations": (),
    }
    return {**row, **changes}


def points(ax):
    """Return the offsets of all scatters of a panel, stacked."""
    found = [np.asarray(c.get_offsets()) for c in ax.collections if len(c.get_offsets())]
    return np.concatenate(found) if found else np.empty((0, 2))


def test_epicentres_lie_where_they_were_located():
    table = tables.ORIGINS.frame([origin(0), origin(1), origin(2, latitude=None, longitude=None)])
    ax = plot_epicentres(table, network=PAEKTU)
    drawn = points(ax)
    for row in (0, 1):
        place = table[["longitude", "latitude"]].iloc[row].to_numpy(float)
        assert np.isclose(drawn, place).all(axis=1).any()
    assert "2 epicentres, 1 without a position" in ax.get_title(loc="left")


def test_the_ellipse_has_its_axes_and_its_direction():
    table = tables.ORIGINS.frame([origin(latitude=0.0, longitude=10.0)])
    ax = plot_epicentres(table)
    x, y = next(line for line in ax.lines if len(line.get_xdata()) > 50).get_data()
    # 2 km to the east and west, 1 km to the north and south, on the equator
    assert np.ptp(x) * 111.195 == pytest.approx(4.0, rel=1e-3)
    assert np.ptp(y) * 111.195 == pytest.approx(2.0, rel=1e-2)


def test_the_section_has_depth_downwards_and_east_on_the_right():
    table = tables.ORIGINS.frame(
        [origin(0, latitude=PAEKTU.latitude, longitude=PAEKTU.longitude + 0.05, depth_km=4.0)]
    )
    ax = plot_depth_section(table, network=PAEKTU)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    drawn = points(ax)
    here = drawn[np.isclose(drawn[:, 1], 4.0)]
    assert len(here) == 1
    expected = 0.05 * 111.195 * np.cos(np.radians(PAEKTU.latitude))
    assert here[0, 0] == pytest.approx(expected, rel=1e-6)
    north = plot_depth_section(table, network=PAEKTU, azimuth=0.0)
    drawn = points(north)
    assert drawn[np.isclose(drawn[:, 1], 4.0)][0, 0] == pytest.approx(0.0, abs=1e-6)
    assert north.get_xlabel() == "distance, S to N (km)"


def test_a_negative_width_is_refused():
    with pytest.raises(ParameterError, match="width_km=-1"):
        plot_depth_section(tables.ORIGINS.frame([origin()]), width_km=-1)


def test_an_event_without_magnitude_is_a_stroke_not_a_zero():
    events = pd.DataFrame(tables.ORIGINS.frame([origin(0), origin(1)])).assign(
        magnitude=[1.5, np.nan], kind="ML"
    )
    ax = plot_magnitude_time(events)
    assert points(ax)[:, 1].tolist() == [1.5]
    assert ax.get_ylabel() == "ML"
    assert "1 events without one" in ax.get_title(loc="left")


def test_sums_of_events_and_moment():
    events = pd.DataFrame(tables.ORIGINS.frame([origin(i) for i in range(4)])).assign(
        moment=[1e10, np.nan, 2e10, 3e10]
    )
    ax = plot_cumulative(events)
    assert ax.lines[0].get_ydata().tolist() == [1, 2, 3, 4, 4]
    other = next(a for a in ax.figure.axes if a is not ax)
    assert other.lines[0].get_ydata().tolist() == [1e10, 1e10, 3e10, 6e10]
    assert other.get_ylabel() == "moment so far (10¹⁰ N m)"


def test_the_line_of_gutenberg_and_richter_has_slope_b():
    magnitudes = np.arange(0.0, 3.01, 0.1)
    cumulative = np.round(10.0 ** (4.0 - 1.1 * magnitudes)).astype(int)
    table = pd.DataFrame(
        {
            "magnitude": magnitudes,
            "count": np.append(-np.diff(cumulative), cumulative[-1]),
            "cumulative": cumulative,
        }
    )
    ax = plot_frequency_magnitude(
        table,
        completeness=Estimate(value=0.5, units="", method="maxc", uncertainty=0.1),
        b_value=Estimate(value=1.1, units="", method="tinti", uncertainty=0.05),
    )
    line = ax.lines[-1]
    x, y = line.get_data()
    slope = (np.log10(y[1]) - np.log10(y[0])) / (x[1] - x[0])
    assert slope == pytest.approx(-1.1)
    assert x[0] == 0.5
    assert ax.get_title(loc="left") == "Mc 0.50 ± 0.10, b 1.10 ± 0.05"


def test_the_line_is_shaded_to_one_standard_error_of_b():
    table = pd.DataFrame(
        {"magnitude": [1.0, 2.0, 3.0], "count": [90, 9, 1], "cumulative": [100, 10, 1]}
    )
    mc = Estimate(value=1.0, uncertainty=0.1, units="", method="")
    b = Estimate(value=1.0, uncertainty=0.25, units="", method="")
    ax = plot_frequency_magnitude(table, completeness=mc, b_value=b)
    (band,) = [c for c in ax.collections if c.get_alpha() == 0.15]
    points = band.get_paths()[0].vertices
    end = points[np.isclose(points[:, 0], 3.5)]
    assert end[:, 1].min() == pytest.approx(100 * 10 ** (-1.25 * 2.5))
    assert end[:, 1].max() == pytest.approx(100 * 10 ** (-0.75 * 2.5))


def test_a_missing_column_is_named():
    with pytest.raises(ParameterError, match="cumulative"):
        plot_frequency_magnitude(pd.DataFrame({"magnitude": [1.0], "count": [1]}))


def test_the_page_counts_what_it_draws():
    origins = tables.ORIGINS.frame([origin(i) for i in range(5)])
    magnitudes = tables.MAGNITUDES.frame([magnitude(i, 1.0 + 0.1 * i) for i in range(4)])
    classes = tables.CLASSES.frame(
        {"event_id": f"e{i}", "label": "VT" if i else "LP", "margin": 0.5, "reason": "r"}
        for i in range(5)
    )
    figure = plot_catalogue(origins, magnitudes=magnitudes, classes=classes, network=PAEKTU)
    said = " ".join(t.get_text() for t in figure.texts)
    assert "5 events, 5 with a position: 4 VT, 1 LP" in said
    titles = [a.get_title(loc="left") for a in figure.axes]
    assert any("4 magnitudes; strokes: 1 events without one" in t for t in titles)


def test_kinds_of_magnitude_are_never_mixed():
    origins = tables.ORIGINS.frame([origin(0)])
    magnitudes = tables.MAGNITUDES.frame([magnitude(0, 1.0), magnitude(0, 1.4, kind="Mw")])
    figure = plot_catalogue(origins, magnitudes=magnitudes, kind="Mw")
    assert "Mw" in {a.get_ylabel() for a in figure.axes}
    with pytest.raises(ParameterError, match="no such magnitude"):
        plot_catalogue(origins, magnitudes=magnitudes, kind="Md")


def three_components():
    n = 200
    time = np.arange(n) / 100.0
    motion = np.sin(2 * np.pi * 5 * time)
    out = Stream()
    for letter, share in (("Z", 2.0), ("N", 1.0), ("E", 0.5)):
        trace = Trace(share * motion)
        trace.stats.update({"network": "1U", "station": "JGPD", "channel": f"HH{letter}"})
        trace.stats.sampling_rate = 100.0
        trace.stats.starttime = T0
        out.append(trace)
    return out


def test_particle_motion_keeps_the_ratio_of_the_components():
    ax = plot_particle_motion(three_components(), x="E", y="N")
    segments = np.array(ax.collections[0].get_segments()).reshape(-1, 2)
    big = segments[np.abs(segments[:, 1]) > 0.3]
    np.testing.assert_allclose(big[:, 0] / big[:, 1], 0.5, rtol=0.02)
    assert ax.get_xlabel() == "east"
    assert ax.get_ylabel() == "north"


def test_particle_motion_of_two_stations_is_refused():
    stream = three_components()
    stream[0].stats.station = "PDBD"
    with pytest.raises(ParameterError, match="select one station"):
        plot_particle_motion(stream)


def test_a_missing_component_is_said_not_guessed():
    stream = three_components().select(channel="*[ZE]")
    ax = plot_particle_motion(stream, x="E", y="N")
    assert "no whole record of\nN" in " ".join(t.get_text() for t in ax.texts)


def picks_of(trace_id):
    return tables.PICKS.frame(
        [
            {
                "trace_id": trace_id,
                "phase": phase,
                "time": T0 + second,
                "uncertainty": 0.1,
                "snr": 9.0,
                "polarity": polarity,
                "quality": "A",
            }
            for phase, second, polarity in (("P", 20.0, "up"), ("S", 24.0, ""))
        ]
    )


def test_picks_stand_at_their_time_with_their_sign():
    trace = record(60.0)
    ax = plot_waveforms(trace, picks=picks_of(trace.id))
    words = [t.get_text() for t in ax.texts]
    assert "P+" in words
    assert "S" in words
    at = sorted(c.get_segments()[0][0][0] for c in ax.collections)
    assert (at[1] - at[0]) * 86400 == pytest.approx(4.0, abs=1e-4)


def test_an_events_page_says_class_place_and_size():
    trace = record(120.0)
    figure = event_summary(
        trace,
        event={"event_id": "e0", "time": T0 + 20, "endtime": T0 + 40, "duration": 20.0},
        picks=picks_of(trace.id),
        origin=tables.ORIGINS.frame([origin(0)]),
        magnitudes=tables.MAGNITUDES.frame([magnitude(0, 1.3)]),
        classification={
            "label": "VT",
            "margin": 0.62,
            "reason": "frequency index 0.31 (above -0.4)",
            "runner_up": "hybrid",
        },
        network=PAEKTU,
    )
    said = " ".join(t.get_text() for a in figure.axes for t in a.texts)
    assert "VT (margin 0.62, next hybrid): frequency index 0.31 (above -0.4)" in said
    assert "3.0 ± 1.5 km below sea level" in said
    assert "ML 1.3 ± 0.2 (4 stations)" in said
    assert "gap 210°" in said


def test_an_event_that_was_not_located_says_so():
    trace = record(120.0)
    figure = event_summary(
        trace,
        event={"event_id": "e0", "time": T0 + 20, "endtime": T0 + 40},
        picks=tables.PICKS.frame(),
        origin={},
        network=PAEKTU,
    )
    titles = [a.get_title(loc="left") for a in figure.axes]
    assert any("no phase was picked" in t for t in titles)
    said = " ".join(t.get_text() for a in figure.axes for t in a.texts)
    assert "nothing more is known" in said


def test_families_have_a_line_each_the_largest_on_top():
    rows = [("b", i) for i in range(3)] + [("a", i) for i in range(3, 5)] + [("", 5)]
    table = tables.FAMILIES.frame(
        {
            "family": family,
            "event_id": f"e{i}",
            "time": T0 + 60 * i,
            "correlation": 0.9,
            "lag": 0.0,
            "relative_magnitude": 0.0,
            "n_stations": 1,
            "master": i in (0, 3),
        }
        for family, i in rows
    )
    ax = plot_families(table)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b (3)", "a (2)"]
    assert sorted(points(ax)[:, 1].tolist()) == [0, 0, 0, 1, 1]
    assert ax.get_title(loc="left") == "5 of 6 events in 2 families"
    assert "the 1 largest drawn" in plot_families(table, most=1).get_title(loc="left")


def test_the_channel_drawn_large_is_that_of_the_events_own_triggers():
    """A larger trigger elsewhere in the table, of another event, does not choose it."""
    stream = Stream([record(120.0, station=code, seed=i) for i, code in enumerate("AB")])
    rows = [
        {"trace_id": f"YA.{code}.00.HHZ", "starttime": T0 + at, "endtime": T0 + at + 5,
         "peak_ratio": ratio, "peak_time": T0 + at + 1, "thr_on": 3.5, "thr_off": 1.5}
        for code, at, ratio in (("A", 60, 8.0), ("B", 61, 5.0), ("B", 4000, 50.0))
    ]  # fmt: skip
    page = event_summary(
        stream, event={"event_id": "e", "time": T0 + 60}, triggers=tables.TRIGGERS.frame(rows)
    )
    titles = [ax.get_title(loc="left") for ax in page.axes]
    assert any(t.startswith("YA.A.00.HHZ, windows of") for t in titles)


def test_one_distant_event_does_not_shrink_the_volcano_to_a_dot():
    rows = [origin(i) for i in range(8)] + [origin(9, latitude=44.5)]
    page = plot_catalogue(tables.ORIGINS.frame(rows), network=PAEKTU)
    west, east = page.axes[0].get_xlim()
    assert (east - west) * 82.6 / 2 == pytest.approx(5.0, rel=0.02)
    assert "8 epicentres, 1 outside the map" in page.axes[0].get_title(loc="left")
    wide = plot_catalogue(tables.ORIGINS.frame(rows), network=PAEKTU, extent_km=400.0)
    assert "9 epicentres" in wide.axes[0].get_title(loc="left")
