"""Tables, catalogues and metadata: written whole, read as they were, hostile ones refused."""

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy.core.event import Catalog, Event, Origin

import paektuseis as ps
from paektuseis.io import (
    atomic_path,
    read_events,
    read_stations,
    read_table,
    safe_filename,
    safe_text,
    write_events,
    write_table,
)
from paektuseis.tables import ALL, DETECTIONS, RSAM

T0 = obspy.UTCDateTime(ns=1283299200_123456789)


@pytest.fixture
def detections():
    return DETECTIONS.frame(
        [
            {
                "event_id": "vt-1",
                "starttime": T0,
                "endtime": T0 + 9.5,
                "n_stations": 3,
                "trace_ids": ("XX.A..HHZ", "XX.B..HHZ"),
                "peak_ratio": 7.25,
                "veto": "=1+1",
            },
            {
                "event_id": "vt-2",
                "starttime": T0 + 60,
                "endtime": T0 + 61,
                "n_stations": 1,
                "trace_ids": (),
                "freqmin": 1e-9,
            },
        ]
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_round_trip(tmp_path, detections, suffix):
    path = write_table(detections, tmp_path / "deep" / f"x{suffix}")
    back = read_table(path, DETECTIONS)
    pd.testing.assert_frame_equal(back, detections, check_dtype=False)
    assert str(back.starttime.dtype) == "datetime64[ns, UTC]"
    assert back.trace_ids.tolist() == detections.trace_ids.tolist()
    assert back.n_stations.dtype == np.int64
    write_table(detections, tmp_path / f"y{suffix}")
    assert path.read_bytes() == (tmp_path / f"y{suffix}").read_bytes()
    assert not list(tmp_path.rglob(".tmp*"))


@pytest.mark.parametrize("schema", ALL, ids=lambda s: s.name)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_empty_tables_keep_their_columns(tmp_path, schema, suffix):
    back = read_table(write_table(schema.frame(), tmp_path / f"x{suffix}"), schema)
    assert back.columns.tolist() == schema.names
    assert len(back) == 0


def test_csv_is_for_spreadsheets_too(tmp_path):
    frame = pd.DataFrame({"a": ["=1+1", "-3.5", "@x", "plain"], "b": [-1.0, 2.0, 3.0, 4.0]})
    text = write_table(frame, tmp_path / "x.csv").read_text()
    assert text.splitlines() == ["a,b", "'=1+1,-1.0", "-3.5,2.0", "'@x,3.0", "plain,4.0"]
    times = RSAM.frame(
        [
            {
                "trace_id": "A",
                "starttime": T0,
                "window": 60,
                "value": 1,
                "units": "m",
                "statistic": "rms",
                "freqmin": 1,
                "freqmax": 2,
                "coverage": 1,
            }
        ]
    )
    assert "2010-09-01T00:00:00.123456789Z" in write_table(times, tmp_path / "t.csv").read_text()


def test_a_list_is_no_formula_either(tmp_path):
    frame = pd.DataFrame({"ids": [("=cmd()", "XX.A"), ("XX.B",)]})
    text = write_table(frame, tmp_path / "x.csv").read_text()
    assert text.splitlines() == ["ids", "'=cmd() XX.A", "XX.B"]


def test_table_errors(tmp_path, detections):
    with pytest.raises(ps.ParameterError, match="parquet"):
        write_table(detections, tmp_path / "x.xlsx")
    with pytest.raises(ps.ParameterError, match="DataFrame"):
        write_table([1], tmp_path / "x.csv")
    with pytest.raises(ps.ParameterError, match="no such"):
        read_table(tmp_path / "x.csv")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1junk")
    with pytest.raises(ps.ParameterError, match=r"bad\.parquet"):
        read_table(tmp_path / "bad.parquet")
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "x.csv")
    with pytest.raises(ps.ParameterError, match="lacks"):
        read_table(tmp_path / "x.csv", DETECTIONS)


def test_atomic_path(tmp_path):
    target = tmp_path / "x"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), atomic_path(target) as temporary:
        temporary.write_text("half\udc80", encoding="utf-8")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    for bad in (tmp_path, target / "below"):
        with pytest.raises(ps.OutputError, match=str(tmp_path)), atomic_path(bad):
            pass


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1U.JGPD..HHZ", "1U.JGPD..HHZ"),
        ("", "%00"),
        (".", "%2E"),
        ("..", "%2E."),
        ("../x", "%2E.%2Fx"),
        ("a\0\n", "a%00%0A"),
        ("백두", "%EB%B0%B1%EB%91%90"),
        ("%2E", "%252E"),
    ],
)
def test_safe_filename(text, name):
    assert safe_filename(text) == name


def test_safe_text():
    assert safe_text("a\x1b[31m\n") == "a\\x1b[31m\\n"
    assert safe_text("백두산 1–2") == "백두산 1–2"


def test_metadata_of_four_formats(real_data):
    folder = real_data / "metadata_responses"
    xml = read_stations(folder / "iu_uln" / "IU_ULN.xml")
    assert xml[0][0].code == "ULN"
    seed = read_stations(folder / "dless_multi_epoch" / "dless_multiple_instruments")
    assert seed[0][0].code == "TMO07"
    resp = read_stations(folder / "jro_msh" / "JRO.resp")
    assert resp[0][0].code == "JRO"
    poles = read_stations(folder / "jro_msh" / "JRO.sacpz")
    assert poles[0][0].code == "JRO"
    response = poles.get_response("CC.JRO..BHE", T0 + 9 * 365 * 86400)
    (stage,) = response.response_stages
    frequencies = np.array([0.01, 0.1, 1.0, 5.0, 20.0])
    s = 2j * np.pi * frequencies[:, None]
    truth = 1.202707e26 * np.prod(s - stage.zeros, axis=1) / np.prod(s - stage.poles, axis=1)
    ours = response.get_evalresp_response_for_frequencies(frequencies, output="DISP")
    np.testing.assert_allclose(ours, truth, rtol=1e-6)
    assert (len(stage.zeros), len(stage.poles)) == (7, 11)
    both = read_stations([folder / "iu_uln" / "IU_ULN.xml", folder / "jro_msh" / "JRO.resp"])
    assert {s.code for n in both for s in n} == {"ULN", "JRO"}


DOCTYPE = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n'


def test_hostile_metadata_is_refused(tmp_path):
    good = obspy.read_inventory()
    good.write(str(tmp_path / "good.xml"), format="STATIONXML")
    content = (tmp_path / "good.xml").read_bytes()
    assert len(read_stations(tmp_path / "good.xml")) == len(good)
    cases = {
        "doctype": (DOCTYPE + content.split(b"\n", 1)[1], "DOCTYPE"),
        "utf16": ((DOCTYPE.decode() + "<a/>").encode("utf-16"), "DOCTYPE"),
        "cut": (content[: len(content) // 2], "well-formed"),
        "deep": (b"<a>" * 5000 + b"</a>" * 5000, "deep|well-formed"),
        "other": (b"<kml/>", "root <kml>"),
        "text": (b"hello world\n" * 9, "no station metadata"),
        "empty": (b"", "empty"),
        "seed": (b"000001V 0100000" + b" " * 4081, "blockette|cannot be read"),
    }
    for name, (junk, words) in cases.items():
        (tmp_path / name).write_bytes(junk)
        with pytest.raises(ps.MetadataError, match=words) as caught:
            read_stations(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(ps.MetadataError, match="absent"):
        read_stations(tmp_path / "absent")


def test_events(tmp_path, real_data):
    catalog = Catalog(
        [Event(origins=[Origin(time=T0, latitude=42.0, longitude=128.05, depth=-2000.0)])]
    )
    path = write_events(catalog, tmp_path / "x.xml")
    assert read_events(path)[0].origins[0].depth == -2000.0
    (tmp_path / "bad.xml").write_bytes(DOCTYPE + b"<a/>")
    with pytest.raises(ps.ParameterError, match="DOCTYPE"):
        read_events(tmp_path / "bad.xml")
    with pytest.raises(ps.ParameterError, match="Catalog"):
        write_events([], tmp_path / "y.xml")
    folder = real_data / "bad_input" / "obspy_nordic_nlloc"
    assert len(read_events(folder / "nlloc.hyp")) == 1
    assert len(read_events(folder / "sfile_over_day")) == 1
    outcomes = []
    for file in sorted(folder.iterdir()):
        try:
            outcomes.append(len(read_events(file)) >= 0)
        except ps.ParameterError as error:
            outcomes.append(file.name in str(error))
    assert all(outcomes)
