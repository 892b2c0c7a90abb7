"""Record section, noise density, network timeline and picks on spectrograms."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream

import paektuseis as ps
from paektuseis import MetadataError, ParameterError, tables
from paektuseis.network import Layer, VelocityModel
from paektuseis.plotting._time import to_days
from paektuseis.plotting.noise import density

from .conftest import T0, record
from .test_catalogue_figures import PAEKTU

HALF_SPACE = VelocityModel(layers=(Layer(top_km=-5.0, vp=6.0, vs=3.5, rho=2700.0),))
ORIGIN = {"latitude": 42.006, "longitude": 128.055, "time": T0 + 10.0, "depth_km": 5.0}


def network_records(seconds=60.0):
    stream = Stream()
    for i, code in enumerate(("SHRD", "JGPD", "SMSD")):
        trace = record(seconds, station=code, seed=i)
        trace.stats.network = "1U"
        stream.append(trace)
    return stream


def distance(code):
    table = PAEKTU.station_table()
    return float(table.loc[table["station"] == code, "distance_km"].iloc[0])


def traces_of(ax):
    return [line for line in ax.lines if line.get_zorder() == 3]


# --------------------------------------------------------------------------- record section


def test_each_trace_lies_about_its_distance_with_its_own_samples():
    stream = network_records()
    before = stream.copy()
    ax = ps.plot_record_section(stream, stations=PAEKTU, size=4.0)
    assert stream == before
    drawn = {float(np.nanmedian(line.get_ydata())): line for line in traces_of(ax)}
    assert sorted(drawn) == pytest.approx([distance(c) for c in ("JGPD", "SMSD", "SHRD")], abs=0.05)
    for i, code in enumerate(("SHRD", "JGPD", "SMSD")):
        y = min(drawn.items(), key=lambda item: abs(item[0] - distance(code)))[1].get_ydata()
        assert np.nanmax(np.abs(y - distance(code))) == pytest.approx(4.0, rel=1e-6)
        data = stream[i].data - np.median(stream[i].data)
        up = np.nanmax(y) - distance(code) > distance(code) - np.nanmin(y)
        assert up == (data.max() > -data.min())


def test_seconds_after_the_origin_and_predicted_times():
    ax = ps.plot_record_section(
        network_records(), stations=PAEKTU, origin=ORIGIN, model=HALF_SPACE, phases=("P",)
    )
    assert "2010-09-01 00:00:10.00 UTC" in ax.get_xlabel()
    assert ax.get_xlim() == pytest.approx((-10.0, 50.0), abs=0.02)
    (line,) = [one for one in ax.lines if one.get_label() == "P predicted"]
    table = PAEKTU.station_table().set_index("station")
    for code, seconds, far in zip(
        ("JGPD", "SMSD", "SHRD"), line.get_xdata(), line.get_ydata(), strict=True
    ):
        down = 5.0 + table.loc[code, "elevation_m"] / 1000.0
        assert far == pytest.approx(distance(code), abs=0.01)
        assert seconds == pytest.approx(np.hypot(far, down) / 6.0, rel=1e-4)


def test_reduction_moves_each_trace_by_its_distance():
    plain = ps.plot_record_section(network_records(), stations=PAEKTU, origin=ORIGIN)
    ax = ps.plot_record_section(
        network_records(), stations=PAEKTU, origin=ORIGIN, reduction_km_s=6.0
    )
    for one, other in zip(traces_of(plain), traces_of(ax), strict=True):
        far = float(np.nanmedian(one.get_ydata()))
        moved = np.nanmean(one.get_xdata() - other.get_xdata())
        assert moved == pytest.approx(far / 6.0, abs=0.02)
    assert "6 km/s" in ax.get_xlabel()


def test_picks_stand_at_their_time_and_distance():
    picks = tables.PICKS.frame(
        [{"trace_id": "1U.SMSD.00.HHZ", "phase": "S", "time": T0 + 17.25, "uncertainty": 0.5,
          "polarity": "", "snr": 5.0, "method": "AIC", "quality": "A"}]
    )  # fmt: skip
    ax = ps.plot_record_section(
        network_records(), stations=PAEKTU, origin=ORIGIN, picks=picks, size=2.0, model=HALF_SPACE
    )
    stroke = next(c for c in ax.collections if c.get_zorder() == 5).get_segments()[0]
    assert stroke[:, 0] == pytest.approx([7.25, 7.25], abs=1e-4)
    assert stroke[:, 1] == pytest.approx([distance("SMSD") - 1.4, distance("SMSD") + 1.4])
    band = next(c for c in ax.collections if c.get_zorder() == 2).get_paths()[0].vertices
    assert band[:, 0].min() == pytest.approx(6.75, abs=1e-4)
    assert band[:, 0].max() == pytest.approx(7.75, abs=1e-4)


def test_a_gap_stays_blank():
    pieces = Stream([record(20.0, station="SMSD"), record(20.0, station="SMSD", start=T0 + 40)])
    for trace in pieces:
        trace.stats.network = "1U"
    ax = ps.plot_record_section(pieces, stations=PAEKTU)
    (line,) = traces_of(ax)
    days, values = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    inside = (days > to_days(T0 + 21)) & (days < to_days(T0 + 39))
    assert not np.isfinite(values[inside]).any()


def test_what_cannot_be_placed_is_left_out_and_said():
    stream = network_records()
    stream[0].stats.station = "NOWHERE"
    ax = ps.plot_record_section(stream, stations=PAEKTU)
    assert len(traces_of(ax)) == 2
    assert "1 channels without a known distance left out" in ax.get_title(loc="left")
    with pytest.raises(MetadataError, match="no distance is known"):
        ps.plot_record_section(stream.select(station="NOWHERE"), stations=PAEKTU)
    with pytest.raises(ParameterError, match="component='X'"):
        ps.plot_record_section(stream, stations=PAEKTU, component="X")
    with pytest.raises(ParameterError, match="reduction_km_s"):
        ps.plot_record_section(stream, stations=PAEKTU, reduction_km_s=0)


# --------------------------------------------------------------------------- noise


@pytest.fixture(scope="module")
def noise():
    stream = Stream([record(4 * 3600.0, rate=10.0, seed=5, offset=0.0)])
    return ps.noise_psd(stream)


def test_the_density_counts_every_window_once(noise):
    edges, levels, share = density(noise, 1.0)
    assert share.sum(axis=0) == pytest.approx(np.ones(len(noise.periods)))
    assert len(edges) == len(noise.periods) + 1
    assert (edges[:-1] < noise.periods).all()
    assert (noise.periods < edges[1:]).all()
    column = 3
    expected, _ = np.histogram(noise.decibels[:, column], bins=levels)
    assert share[:, column] * len(noise.decibels) == pytest.approx(expected)


def test_percentiles_and_period_axis(noise):
    ax = ps.plot_noise_density(noise, percentiles=(10, 50, 90))
    lines = {one.get_label(): one for one in ax.lines}
    for q in (10, 50, 90):
        np.testing.assert_allclose(
            lines[f"percentile {q}"].get_ydata(), np.percentile(noise.decibels, q, axis=0)
        )
        np.testing.assert_allclose(lines[f"percentile {q}"].get_xdata(), noise.periods)
    assert not any("NLNM" in label for label in lines)  # counts have none
    assert "response not removed" in ax.get_title(loc="left")
    turned = ps.plot_noise_density(noise, period=False)
    assert turned.get_xlabel() == "frequency (Hz)"
    np.testing.assert_allclose(turned.lines[0].get_xdata(), 1.0 / noise.periods)


def test_models_are_drawn_where_the_unit_is_of_ground_motion(noise):
    import dataclasses

    ground = dataclasses.replace(
        noise, units="dB rel. 1 (m/s**2)**2/Hz", response="removed", decibels=noise.decibels - 130
    )
    ax = ps.plot_noise_density(ground)
    (low,) = [one for one in ax.lines if one.get_label().startswith("NLNM")]
    at = np.asarray(low.get_xdata())
    order = np.argsort(1.0 / at)
    expected = ps.noise_models((1.0 / at)[order], units="(m/s**2)**2/Hz").decibels()[0]
    np.testing.assert_allclose(np.asarray(low.get_ydata())[order], expected, atol=1e-6)


def test_no_window_and_wrong_options(noise):
    import dataclasses

    empty = dataclasses.replace(noise, decibels=noise.decibels[:0])
    assert any("no window" in t.get_text() for t in ps.plot_noise_density(empty).texts)
    with pytest.raises(ParameterError, match="bin_db"):
        ps.plot_noise_density(noise, bin_db=0)
    with pytest.raises(ParameterError, match="percentiles"):
        ps.plot_noise_density(noise, percentiles=(5, 120))


# --------------------------------------------------------------------------- network timeline


def watch_of(*codes):
    rows = []
    for code in codes:
        for channel in ("HHE", "HHZ"):
            rows += [
                {"trace_id": f"1U.{code}..{channel}", "starttime": T0 + a, "endtime": T0 + b,
                 "state": state}
                for a, b, state in ((0, 30, "blind"), (30, 600, "monitored"))
            ]  # fmt: skip
    return tables.MONITORING.frame(rows)


def test_marks_stand_at_the_stations_of_each_event():
    events = pd.DataFrame(
        {
            "event_id": ["a", "b", "c"],
            "time": pd.DatetimeIndex(
                [pd.Timestamp(int((T0 + s).ns), tz="UTC") for s in (100, 200, 5000)]
            ),
            "stations": [("1U.JGPD", "1U.SHRD"), ("1U.PDBD",), ("1U.JGPD",)],
        }
    )
    classes = tables.CLASSES.frame(
        {"event_id": i, "label": label, "margin": 1.0, "reason": ""}
        for i, label in (("a", "VT"), ("b", "LP"))
    )
    ax = ps.plot_network_timeline(
        watch_of("SHRD", "JGPD", "PDBD"), events=events, classes=classes, stations=PAEKTU
    )
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == ["1U.JGPD", "1U.PDBD", "1U.SHRD"]  # by distance, one channel each
    marks = [c for c in ax.collections if c.get_zorder() == 6]
    drawn = {tuple(np.round(p, 6)) for c in marks for p in np.asarray(c.get_offsets())}
    first, second = (round(to_days(T0 + s), 6) for s in (100, 200))
    assert drawn == {(first, 0.0), (first, 2.0), (second, 1.0)}
    assert "marks: 2 events" in ax.get_xlabel()
    assert ax.get_xlim() == pytest.approx((to_days(T0), to_days(T0 + 600)))


def test_an_event_without_stations_is_a_line_and_two_detectors_are_refused():
    events = pd.DataFrame({"time": pd.DatetimeIndex([pd.Timestamp(int((T0 + 60).ns), tz="UTC")])})
    ax = ps.plot_network_timeline(watch_of("JGPD"), events=events)
    assert [float(x) for x in ax.lines[-1].get_xdata()] == pytest.approx([to_days(T0 + 60)] * 2)
    both = pd.concat([watch_of("JGPD").assign(detector=d) for d in ("vt", "lp")])
    with pytest.raises(ParameterError, match="detectors"):
        ps.plot_network_timeline(both)


# --------------------------------------------------------------------------- spectrogram


def test_picks_on_a_spectrogram_are_those_of_its_station():
    trace = record(60.0)
    picks = tables.PICKS.frame(
        {"trace_id": i, "phase": p, "time": T0 + s, "uncertainty": 0.1, "polarity": "",
         "snr": 5.0, "method": "AIC", "quality": "A"}
        for i, p, s in (
            ("YA.UV05.00.HHN", "S", 33.5), ("YA.OTHER.00.HHZ", "P", 20.0),
            ("YA.UV05.00.HHZ", "P", 400.0),
        )
    )  # fmt: skip
    ax = ps.plot_spectrogram(ps.spectrogram(trace, window=2.0), picks=picks)
    assert {float(one.get_xdata()[0]) for one in ax.lines} == {to_days(T0 + 33.5)}
    assert [t.get_text() for t in ax.texts] == ["S"]
