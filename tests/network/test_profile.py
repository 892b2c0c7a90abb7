"""Profiles: what ships, what is refused, what metadata override."""

import math

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network as InventoryNetwork, Site, Station

from paektuseis import tables
from paektuseis.errors import ConfigError, MetadataError, ParameterError
from paektuseis.network import CERTAINTIES, Network, load_network, parse_network, station_table

MINIMAL = """
[network]
name = "x"
latitude = 1.0
longitude = 2.0
[velocity]
name = "m"
layers = [{top_km = 0.0, vp = 5.0, vs = 2.9, rho = 2600.0},
          {top_km = 9.0, vp = 6.0, vs = 3.4, rho = 2700.0}]
[[stations]]
network = "XX"
station = "AAA"
latitude = 1.1
longitude = 2.1
"""


@pytest.fixture(scope="module")
def paektu():
    return load_network("paektu")


def inventory():
    def channel(code, start, end=None):
        return Channel(
            code,
            "",
            latitude=1.5,
            longitude=2.5,
            elevation=700.0,
            depth=0.0,
            sample_rate=100.0,
            start_date=start,
            end_date=end,
        )

    t = [UTCDateTime(2013, 8, 1), UTCDateTime(2014, 1, 1), UTCDateTime(2015, 8, 1)]
    return Inventory(
        networks=[
            InventoryNetwork(
                "XX",
                stations=[
                    Station(
                        "AAA",
                        1.4,
                        2.4,
                        650.0,
                        site=Site("old"),
                        start_date=t[0],
                        end_date=t[1],
                        channels=[channel("EHZ", t[0], t[1])],
                    ),
                    Station(
                        "AAA",
                        1.5,
                        2.5,
                        700.0,
                        site=Site("new"),
                        start_date=t[1],
                        end_date=t[2],
                        channels=[channel("HHZ", t[1], t[2])],
                    ),
                    Station("BBB", -1.5, 2.5, 10.0, site=Site("b"), start_date=t[0]),
                ],
            ),
        ]
    )


def test_paektu_distances_match_an_independent_sphere(paektu):
    """Published distances from the lake on a sphere; the ellipsoid differs by under 0.5 %."""
    expected = {"JGPD": 2.7, "PDBD": 6.2, "MDPD": 12.4, "SMSD": 22.2, "PSRD": 47.5, "SHRD": 61.2}
    table = paektu.select("1U.*").station_table()
    tables.STATIONS.check(table)
    assert dict(zip(table.station, table.distance_km.round(6), strict=True)).keys() == (
        expected.keys()
    )
    for row in table.itertuples():
        assert abs(row.distance_km - expected[row.station]) < 0.05 + 0.005 * row.distance_km
        lat1, lat2 = np.radians([42.006, row.latitude])
        dlon = np.radians(row.longitude - 128.055)
        y = np.sin(dlon) * np.cos(lat2)
        x = np.cos(lat1) * np.sin(lat2) - np.sin(lat1) * np.cos(lat2) * np.cos(dlon)
        assert abs(row.azimuth - np.degrees(np.arctan2(y, x))) < 0.3
    test_site = paektu.sources[0]
    np.testing.assert_allclose(
        paektu.select("1U.*").distances(test_site.latitude, test_site.longitude),
        [107.7, 104.6, 99.1, 92.0, 75.4, 71.0],
        rtol=0.004,
    )


def test_everything_that_ships_says_where_it_was_read(paektu):
    items = [
        *paektu.stations,
        *paektu.places,
        *paektu.sources,
        *paektu.azimuth_corrections,
        paektu.caldera,
        paektu.velocity,
    ]
    assert len(paektu.stations) == 28
    for item in items:
        assert item.source, item
        assert item.certainty in CERTAINTIES
        assert item.certainty != "unstated"
    assert "does not show the volcano" in paektu.velocity.name
    # nothing is known of instruments, channels or exact operating times
    assert all(s.channels == () and s.starttime is None for s in paektu.stations)
    assert math.isnan(paektu.station("JL.QXZ").elevation_m)


def test_azimuth_errors_by_date(paektu):
    assert paektu.azimuth_error("JL.CBS", "2009-01-01") == -14.02
    assert paektu.azimuth_error("JL.CBT", "2012-01-01") == -99.46
    assert paektu.azimuth_error("JL.MJT", "2014-01-01") == -1.99
    assert math.isnan(paektu.azimuth_error("JL.CBS", "2011-03-01"))  # between two spans
    assert math.isnan(paektu.azimuth_error("1U.JGPD", "2014-01-01"))


def test_select(paektu):
    assert paektu.select(["1U.P*", "CBS"]).station_codes == ("1U.PDBD", "1U.PSRD", "JL.CBS")
    assert {c.station for c in paektu.select("JL.CBS").azimuth_corrections} == {"CBS"}
    with pytest.raises(MetadataError, match=r"1U\.ZZ"):
        paektu.select("1U.ZZ*")
    with pytest.raises(MetadataError, match=r"did you mean 1U\.SMSD"):
        paektu.station("1U.SMSP")


def test_metadata_override_and_extend():
    net = parse_network(MINIMAL, origin="x.toml").with_inventory(inventory())
    assert net.station_codes == ("XX.AAA", "XX.BBB")
    a = net.station("AAA")
    assert (a.latitude, a.elevation_m) == (1.5, 700.0)  # latest epoch
    assert a.starttime == UTCDateTime(2013, 8, 1)
    assert a.endtime == UTCDateTime(2015, 8, 1)
    assert a.channels == (".EHZ", ".HHZ")
    assert net.station("BBB").endtime is None
    assert net.velocity.layers[1].vp == 6.0


def test_network_from_metadata_alone():
    net = Network.from_inventory(inventory(), name="mine")
    assert net.latitude == pytest.approx(0.0)
    assert net.longitude == pytest.approx(2.5)
    with pytest.raises(MetadataError, match="no station"):
        Network.from_inventory(Inventory(networks=[]))


def test_station_table_of_both_kinds():
    plain = station_table(inventory())
    assert plain.distance_km.isna().all()
    far = station_table(inventory(), latitude=1.5, longitude=2.5)
    assert far.distance_km[0] == 0.0
    # 3 degrees of latitude near the equator
    assert far.distance_km[1] == pytest.approx(3 * 110.574, rel=1e-3)
    assert far.azimuth[1] == pytest.approx(180.0)
    with pytest.raises(ParameterError, match="both"):
        station_table(inventory(), latitude=1.0)
    with pytest.raises(ParameterError, match="Network or an obspy Inventory"):
        station_table("paektu")


def test_path_and_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    assert load_network(path).name == load_network(str(path)).name == "x"
    with pytest.raises(ConfigError, match="did you mean 'paektu'"):
        load_network("paekdu")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("latitude = 1.1", "latitude = 95.0", r"x\.toml: stations\[0\]: latitude=95"),
        ("latitude = 1.1", "lattitude = 1.1", "stations\\[0\\].lattitude; did you mean 'latitude'"),
        ("latitude = 1.1\n", "", r"stations\[0\]\.latitude is missing"),
        ("latitude = 1.1", 'latitude = "north"', r"stations\[0\]\.latitude='north'; give a number"),
        ("[[stations]]", "[[station]]", "unknown key station; did you mean 'stations'"),
        ("vp = 5.0", "vp = 2.9", r"velocity\.layers\[0\]: vp=2\.9"),
        ("vp = 5.0", "vp = -5.0", r"velocity\.layers\[0\]: vp=-5"),
        ("top_km = 9.0", "top_km = -1.0", r"velocity\.layers: top_km=-1\.0 km comes after 0\.0"),
        ("vs = 3.4", "vss = 3.4", r"velocity\.layers\[1\]\.vss; did you mean 'vs'"),
        ("latitude = 1.0", "", r"network\.latitude is missing"),
        ("longitude = 2.1", 'longitude = 2.1\ncertainty = "sure"', "certainty='sure'"),
        ("longitude = 2.1", "longitude = 2.1\nelevation_m = 12000", "elevation_m=12000"),
        (
            "longitude = 2.1",
            'longitude = 2.1\nstarttime = "soon"',
            r"stations\[0\]\.starttime='soon'",
        ),
        ("[network]", "[network", "no valid TOML"),
        (
            "[[stations]]",
            '[[stations]]\nnetwork = "XX"\nstation = "AAA"\nlatitude = 1\nlongitude = 1\n'
            "[[stations]]",
            "XX.AAA is listed twice",
        ),
    ],
)
def test_mistakes_are_named(old, new, says):
    assert old in MINIMAL
    with pytest.raises(ConfigError, match=says):
        parse_network(MINIMAL.replace(old, new, 1), origin="x.toml")


def test_network_needs_no_velocity():
    text = MINIMAL[: MINIMAL.index("[velocity]")]
    assert parse_network(text, origin="x.toml").velocity is None
