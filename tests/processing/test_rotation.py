import logging

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.rotate import rotate2zne

from paektuseis import provenance
from paektuseis.errors import MetadataError, ParameterError, WaveformError
from paektuseis.processing import rotate_to_zne

START = UTCDateTime(2010, 9, 1)
RATE = 100.0


def ground(count=6000):
    """A plane wave: vertical, north and east of a ground that truly moves."""
    t = np.arange(count) / RATE
    return np.array(
        [
            np.sin(2 * np.pi * 1.3 * t),
            0.7 * np.cos(2 * np.pi * 0.9 * t),
            -0.4 * np.sin(2 * np.pi * 2.1 * t + 1),
        ]
    )


def seen(motion, azimuth, dip):
    a, d = np.radians(azimuth), np.radians(dip)
    return (
        -np.sin(d) * motion[0]
        + np.cos(d) * np.cos(a) * motion[1]
        + np.cos(d) * np.sin(a) * motion[2]
    )


def trace(x, channel, first=0, station="JGPD"):
    return Trace(
        np.asarray(x),
        {
            "network": "1U",
            "station": station,
            "channel": channel,
            "sampling_rate": RATE,
            "starttime": START + first / RATE,
        },
    )


def zne(stream):
    return [stream.select(component=c)[0].data for c in "ZNE"]


SENSORS = {
    "turned": {"HHZ": (0, -90), "HH1": (33, 0), "HH2": (123, 0)},
    "left-handed": {"HHZ": (0, -90), "HH1": (10, 0), "HH2": (280, 0)},
    "upside down": {"HHZ": (0, 90), "HHN": (2, 0), "HHE": (92, 0)},
    "galperin": {"HHU": (90, -35.26), "HHV": (330, -35.26), "HHW": (210, -35.26)},
    "skewed": {"HHZ": (20, -85), "HH1": (40, 3), "HH2": (120, -4)},
}


@pytest.mark.parametrize("name", SENSORS)
def test_a_planted_wave_comes_back_and_obspy_agrees(name, make_inventory):
    sensor = SENSORS[name]
    inventory = make_inventory(*((c, None, None, None, *d) for c, d in sensor.items()))
    motion = ground()
    st = Stream([trace(seen(motion, *d), c) for c, d in sensor.items()])
    before = [tr.data.copy() for tr in st]
    out = rotate_to_zne(st, inventory)
    assert [tr.id for tr in out] == [f"1U.JGPD..HH{c}" for c in "ZNE"]
    np.testing.assert_allclose(zne(out), motion, atol=1e-12)
    flat = [v for tr in st for v in (tr.data, *sensor[tr.stats.channel])]
    np.testing.assert_allclose(zne(out), rotate2zne(*flat), atol=1e-12)
    for tr, x in zip(st, before, strict=True):
        np.testing.assert_array_equal(tr.data, x)


def corrections(*rows):
    return pd.DataFrame(
        [
            dict(
                zip(
                    ("network", "station", "starttime", "endtime", "azimuth_error"),
                    ("1U", "JGPD", *row),
                    strict=True,
                )
            )
            for row in rows
        ]
    )


def test_corrections_change_at_their_date_and_cut_the_trace():
    """As at JL.CBT: -99.46 degrees until a service visit, -1.73 after it."""
    motion, step = ground(), 2500
    errors = np.where(np.arange(6000) < step, -99.46, -1.73)
    st = Stream(
        [
            trace(motion[0], "BHZ"),
            trace(seen(motion, 0 + errors, 0.0), "BHN"),
            trace(seen(motion, 90 + errors, 0.0), "BHE"),
        ]
    )
    when = START + step / RATE
    table = corrections((START - 1e7, when, -99.46), (when, None, -1.73))
    for form in (
        table,
        table.assign(starttime=pd.to_datetime([str(t) for t in table.starttime], utc=True)),
    ):
        out = rotate_to_zne(st, corrections=form)
        assert sorted(len(t) for t in out) == [2500] * 3 + [3500] * 3
        for k, letter in enumerate("ZNE"):
            both = out.select(component=letter)
            assert both[1].stats.starttime == when
            joined = np.concatenate([t.data for t in both])
            np.testing.assert_allclose(joined, motion[k], atol=1e-12)
    # outside its dates nothing is corrected
    late = corrections((START + 1e6, None, 40.0))
    np.testing.assert_allclose(
        zne(rotate_to_zne(st, corrections=late)), [t.data for t in st], atol=1e-12
    )


def test_the_direction_of_a_ray_is_that_of_the_wave():
    """A P wave from 30 degrees east of north, on a sensor turned by 20 degrees."""
    pulse = np.exp(-(((np.arange(1000) - 500) / 50.0) ** 2))
    motion = np.array([0 * pulse, np.cos(np.radians(30)) * pulse, np.sin(np.radians(30)) * pulse])
    st = Stream(
        [
            trace(motion[0], "HHZ"),
            trace(seen(motion, 20, 0), "HHN"),
            trace(seen(motion, 110, 0), "HHE"),
        ]
    )
    out = rotate_to_zne(st, corrections=corrections((None, None, 20.0)))
    _, n, e = zne(out)
    assert np.degrees(np.arctan2(e[500], n[500])) == pytest.approx(30.0)


def test_only_common_spans_come_back(make_inventory, caplog):
    motion = ground()
    sensor = SENSORS["turned"]
    inventory = make_inventory(*((c, None, None, None, *d) for c, d in sensor.items()))
    z, one, two = (seen(motion, *d) for d in sensor.values())
    st = Stream(
        [
            trace(z, "HHZ"),
            trace(one[500:3000], "HH1", 500),
            trace(one[3500:], "HH1", 3500),
            trace(two[:5000], "HH2"),
            trace(z, "HHZ", station="PDBD"),
        ]
    )
    with caplog.at_level(logging.INFO, logger="paektuseis.processing"):
        out = rotate_to_zne(st, inventory)
    for letter, x in zip("ZNE", motion, strict=True):
        parts = out.select(component=letter)
        assert [(round((t.stats.starttime - START) * RATE), len(t)) for t in parts] == [
            (500, 2500),
            (3500, 1500),
        ]
        np.testing.assert_allclose(parts[1].data, x[3500:5000], atol=1e-12)
    assert "1U.PDBD..HH? has components Z" in caplog.text
    assert "1U.JGPD..HHZ: 2000 samples have no partner" in caplog.text


def test_valid_span_is_the_common_one():
    st = Stream([trace(x, c) for x, c in zip(ground(), ("HHZ", "HHN", "HHE"), strict=True)])
    provenance.note(st[1], valid_from=START + 5, units="counts")
    provenance.note(st[2], valid_until=START + 50)
    for tr in rotate_to_zne(st):
        assert provenance.valid_span(tr) == (START + 5, START + 50)


def test_epochs_of_the_inventory_cut_too(make_inventory):
    motion = ground()
    when = START + 20
    inventory = make_inventory(
        ("HHZ", None, None, None, 0, -90),
        ("HH1", None, None, when, 0, 0),
        ("HH2", None, None, when, 90, 0),
        ("HH1", None, when, None, 90, 0),
        ("HH2", None, when, None, 180, 0),
    )
    turn = np.where(np.arange(6000) < 2000, 0, 90)
    st = Stream(
        [
            trace(motion[0], "HHZ"),
            trace(seen(motion, turn, 0), "HH1"),
            trace(seen(motion, 90 + turn, 0), "HH2"),
        ]
    )
    out = rotate_to_zne(st, inventory)
    for letter, x in zip("ZNE", motion, strict=True):
        joined = np.concatenate([t.data for t in out.select(component=letter)])
        np.testing.assert_allclose(joined, x, atol=1e-12)


def test_what_cannot_be_rotated(make_inventory):
    motion = ground(100)
    pair = Stream([trace(motion[0], "HHZ"), trace(motion[1], "HHN")])
    with pytest.raises(WaveformError, match=r"1U\.JGPD\.\.HH\? has components N, Z"):
        rotate_to_zne(pair)
    apart = pair + trace(motion[2], "HHE", first=5000)
    with pytest.raises(WaveformError, match="no span in common"):
        rotate_to_zne(apart)
    half = pair + trace(motion[2], "HHE", first=0.5)
    with pytest.raises(WaveformError, match="no span in common"):
        rotate_to_zne(half)
    numbered = Stream([trace(x, c) for x, c in zip(motion, ("HHZ", "HH1", "HH2"), strict=True)])
    with pytest.raises(MetadataError, match="direction is unknown"):
        rotate_to_zne(numbered)
    flat = make_inventory(
        ("HHZ", None, None, None, 0, -90),
        ("HH1", None, None, None, 20, 0),
        ("HH2", None, None, None, 20, 0),
    )
    with pytest.raises(MetadataError, match="span space"):
        rotate_to_zne(numbered, flat)
    old = make_inventory(
        *((c, None, "2000-01-01", "2001-01-01", 0, 0) for c in ("HHZ", "HH1", "HH2"))
    )
    with pytest.raises(MetadataError, match="no epoch covers 2010-09-01"):
        rotate_to_zne(numbered, old)
    full = pair + trace(motion[2], "HHE")
    with pytest.raises(ParameterError, match="azimuth_error"):
        rotate_to_zne(full, corrections=pd.DataFrame({"network": ["1U"]}))
    with pytest.raises(ParameterError, match="2 azimuth corrections"):
        rotate_to_zne(full, corrections=corrections((None, None, 1.0), (None, None, 2.0)))
    provenance.note(full[2], units="m/s")
    with pytest.raises(WaveformError, match="different units"):
        rotate_to_zne(full)
