"""Station metadata with one thing wrong: that thing is named, the rest is read."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import obspy
import pytest
from hypothesis import HealthCheck, given, settings

import paektuseis as ps
from paektuseis.io._seed_text import check_seed
from paektuseis.io._xml import XmlParts

from .conftest import mutants

CHANNEL = """<Channel code="{code}" locationCode="" startDate="2020-01-01T00:00:00"{more}>
<Latitude>42.0</Latitude><Longitude>128.0</Longitude><Elevation>2000</Elevation><Depth>0</Depth>
<Azimuth>0</Azimuth><Dip>-90</Dip><SampleRate>100</SampleRate>
<Response><InstrumentSensitivity><Value>6e8</Value><Frequency>1</Frequency>
<InputUnits><Name>M/S</Name></InputUnits><OutputUnits><Name>COUNTS</Name></OutputUnits>
</InstrumentSensitivity>
<Stage number="1"><PolesZeros><InputUnits><Name>M/S</Name></InputUnits>
<OutputUnits><Name>V</Name></OutputUnits>
<PzTransferFunctionType>LAPLACE (RADIANS/SECOND)</PzTransferFunctionType>
<NormalizationFactor>1</NormalizationFactor><NormalizationFrequency>1</NormalizationFrequency>
<Zero number="0"><Real>0</Real><Imaginary>0</Imaginary></Zero>
<Zero number="1"><Real>0</Real><Imaginary>0</Imaginary></Zero>
<Pole number="0"><Real>-0.037</Real><Imaginary>0.037</Imaginary></Pole>
<Pole number="1"><Real>-0.037</Real><Imaginary>-0.037</Imaginary></Pole></PolesZeros>
<StageGain><Value>1500</Value><Frequency>1</Frequency></StageGain></Stage>
<Stage number="2"><Coefficients><InputUnits><Name>V</Name></InputUnits>
<OutputUnits><Name>COUNTS</Name></OutputUnits>
<CfTransferFunctionType>DIGITAL</CfTransferFunctionType></Coefficients>
<Decimation><InputSampleRate>100</InputSampleRate><Factor>1</Factor><Offset>0</Offset>
<Delay>0</Delay><Correction>0</Correction></Decimation>
<StageGain><Value>400000</Value><Frequency>1</Frequency></StageGain></Stage></Response></Channel>"""
STATION = """<Station code="{code}" startDate="2020-01-01T00:00:00"><Latitude>42.0</Latitude>
<Longitude>128.0</Longitude><Elevation>2000</Elevation><Site><Name>x</Name></Site>
{channels}</Station>"""
GOOD = STATION.format(code="GOOD", channels=CHANNEL.format(code="HHZ", more=""))
TWO = CHANNEL.format(code="HHZ", more="") + CHANNEL.format(code="HHN", more="")
BAD = STATION.format(code="BAD", channels=TWO)


def document(*stations: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<FDSNStationXML '
        'xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.1"><Source>s</Source>'
        '<Created>2024-01-01T00:00:00</Created><Network code="KP">'
        + "".join(stations)
        + "</Network></FDSNStationXML>"
    )


def channels(inventory: obspy.Inventory) -> set[str]:
    return {f"{s.code}.{c.code}" for n in inventory for s in n for c in s}


def read(tmp_path: Path, content: str | bytes) -> tuple[obspy.Inventory, list[str]]:
    path = tmp_path / "s.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems: list[str] = []
    return ps.read_stations(path, problems=problems), problems


ALL = {"GOOD.HHZ", "BAD.HHZ", "BAD.HHN"}
NO_STATION = {"GOOD.HHZ"}
NO_CHANNEL = {"GOOD.HHZ", "BAD.HHN"}


@pytest.mark.parametrize(
    ("old", "new", "left", "words"),
    [
        # the station itself (the first place is the station's own)
        ("<Latitude>42.0<", "<Latitude>999<", NO_STATION, "Latitude 999 is not within"),
        ("<Latitude>42.0<", "<Latitude>42,0<", NO_STATION, "'42,0' is no number"),
        ("<Elevation>2000<", "<Elevation>NaN<", NO_STATION, "Elevation NaN"),
        ("<Longitude>128.0</Longitude>", "", NO_STATION, "no Longitude"),
        ('code="BAD"', 'code="../../x"', NO_STATION, "station code"),
        ('code="BAD"', 'code="A.B"', NO_STATION, "station code"),
        ('startDate="2020', 'startDate="20x0', ALL, "no date: left open"),
        # one channel
        ('code="HHZ"', 'code="H Z"', NO_CHANNEL, "channel code 'H Z'"),
        ('code="HHZ"', 'code=" HHZ "', ALL, ""),
        ("<Depth>0<", "<Depth>inf<", NO_CHANNEL, "Depth inf"),
        ("<Depth>0</Depth>", "", NO_CHANNEL, "no Depth"),
        ('00:00">\n<Latitude>42.0', '00:00">\n<Latitude>-91', NO_CHANNEL, "Latitude -91"),
        ('00"><Lat', '00"><Lat', ALL, ""),
        # values a channel can do without
        ("<Azimuth>0<", "<Azimuth>400<", ALL, "Azimuth 400 is not within 0 and 360: left out"),
        ("<Dip>-90<", "<Dip>100<", ALL, "Dip 100"),
        ("<SampleRate>100<", "<SampleRate>-100<", ALL, "SampleRate -100"),
        # responses with words for numbers
        ("<Value>1500<", "<Value>1e<", ALL, "<Value> '1e' is no number; response left out"),
        ("<Real>-0.037<", "<Real>1_0<", ALL, "<Real> '1_0' is no number"),
        ("<Factor>1<", "<Factor>1.5<", ALL, "whole number"),
        ('<Stage number="1">', "<Stage>", ALL, "stage number None"),
        ("<InputSampleRate>100<", "<InputSampleRate>NaN<", ALL, "<InputSampleRate> is NaN"),
        ("<Imaginary>0.037</Imaginary>", "", ALL, "<Pole> without <Imaginary>"),
        # odd, but kept
        ("<Longitude>128.0<", "<Longitude>129.0<", ALL, "km from its station"),
    ],
)
def test_what_is_broken_costs_itself(tmp_path, old, new, left, words):
    assert old in BAD
    inventory, problems = read(tmp_path, document(BAD.replace(old, new, 1), GOOD))
    assert channels(inventory) == left
    if words:
        assert any(words in p and "s.xml" in p for p in problems), problems
        assert any("BAD" in p or "/" in p or "A.B" in p for p in problems)
    else:
        assert problems == []
    if "response left out" in words or words.startswith(("<", "stage", "whole")):
        lost = inventory.select(station="BAD", channel="HHZ")[0][0][0]
        assert not lost.response
        assert inventory.select(station="BAD", channel="HHN")[0][0][0].response


def test_dates_of_a_channel(tmp_path):
    swapped = BAD.replace('locationCode="" startDate="2020', 'locationCode="" startDate="2031')
    swapped = swapped.replace('00:00:00">\n<Lat', '00:00:00" endDate="2030-01-01">\n<Lat')
    inventory, problems = read(tmp_path, document(swapped, GOOD))
    assert channels(inventory) == ALL
    assert sum("an epoch without any time" in p for p in problems) == 2
    with pytest.raises(ps.MetadataError, match="no epoch covers"):
        ps.response_curve(inventory, "KP.BAD..HHZ", "2030-06-01", [1.0])
    nonsense = BAD.replace(
        'locationCode="" startDate="2020-01', 'locationCode="" startDate="2020-13'
    )
    inventory, problems = read(tmp_path, document(nonsense, GOOD))
    assert channels(inventory) == NO_STATION
    assert sum("startDate" in p and "channel skipped" in p for p in problems) == 2


def test_problems_are_logged_where_no_list_is_given(tmp_path, caplog):
    path = tmp_path / "s.xml"
    path.write_text(document(BAD.replace("42.0", "999", 1), GOOD))
    with caplog.at_level(logging.WARNING, logger="paektuseis"):
        ps.read_stations(path)
    assert any("KP.BAD" in r.message and "line" in r.message for r in caplog.records)


def test_nothing_left_is_an_error_that_says_why(tmp_path):
    with pytest.raises(ps.MetadataError, match=r"without any station.*Latitude 999"):
        read(tmp_path, document(BAD.replace("42.0", "999", 1)))
    with pytest.raises(ps.MetadataError, match="without any station"):
        read(tmp_path, document())


def test_a_bad_file_among_good_ones(tmp_path):
    (tmp_path / "a.xml").write_text(document(GOOD))
    (tmp_path / "b.xml").write_text(document(BAD)[:900])
    problems: list[str] = []
    assert channels(ps.read_stations(tmp_path, problems=problems)) == NO_STATION
    assert len(problems) == 1
    assert "b.xml" in problems[0]
    assert "file skipped" in problems[0]
    (tmp_path / "a.xml").write_text("nothing")
    with pytest.raises(ps.MetadataError, match="none of 2 files"):
        ps.read_stations(tmp_path)


def test_header_fields_that_are_missing_lose_nothing(tmp_path):
    text = document(GOOD).replace("<Source>s</Source>", "").replace("2024-01-01T00:00:00", "soon")
    inventory, problems = read(tmp_path, text)
    assert channels(inventory) == NO_STATION
    assert sum("missing or no date" in p for p in problems) == 2
    inventory, problems = read(tmp_path, document(GOOD).replace('"1.1"', '"9.9"'))
    assert channels(inventory) == NO_STATION
    assert "schemaVersion" in problems[0]
    with pytest.raises(ps.MetadataError, match="namespace"):
        read(tmp_path, document(GOOD).replace("www.fdsn.org", "example.org"))


def test_equal_to_obspy_on_sound_files(tmp_path, real_data):
    folder = real_data / "metadata_responses"
    for path in (
        folder / "earthscope_converter" / "IU_ANMO_BHZ.xml",
        folder / "spobs2_same_response_4_formats" / "1T.MOSE.STATION.xml",
    ):
        problems: list[str] = []
        assert ps.read_stations(path, problems=problems) == obspy.read_inventory(str(path))
        assert problems == []


DTD = '<!DOCTYPE x [<!ENTITY e "x">]>'


@pytest.mark.parametrize(
    "prolog",
    [
        DTD,
        f"<!-- a comment --> \n\t <?pi x?>{DTD}",
        "<!-- <a/> -->" + DTD,
        "\n" * 5000 + DTD,
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_dtd_is_refused_wherever_it_hides(tmp_path, prolog, encoding):
    body = document(GOOD).partition("\n")[2]
    with pytest.raises(ps.MetadataError, match="DOCTYPE"):
        read(tmp_path, (prolog + body).encode(encoding))
    read(tmp_path, ("<!-- fine -->\n" + body).encode(encoding))


@pytest.mark.parametrize(
    "name", ["UTF-7", "EBCDIC-CP-US", "cp037", "UTF-32", "rot13", "zip", "x" * 99]
)
def test_encodings_that_hide_markup_are_refused(tmp_path, name):
    text = document(GOOD).replace("UTF-8", name)
    content = text.replace("<", "+ADw-").encode() if name == "UTF-7" else text.encode()
    content = content.replace(b"+ADw-?xml", b"<?xml", 1)
    with pytest.raises(ps.MetadataError, match=r"states the encoding|not well-formed"):
        read(tmp_path, content)
    with pytest.raises(ps.MetadataError):
        read(tmp_path, document(GOOD).encode("utf-32"))


def test_encodings_as_they_are(tmp_path):
    text = document(GOOD.replace("<Name>x", "<Name>Pāektu Märçé"[:14].replace("ā", "ä"), 1))
    name = "Päektu"
    for content in (
        text.encode(),
        text.encode("utf-8-sig"),
        text.replace("\n", "\r\n").encode(),
        text.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        text.replace("UTF-8", "UTF-16").encode("utf-16"),
    ):
        inventory, problems = read(tmp_path, content)
        assert inventory[0][0].site.name.startswith(name)
        assert problems == []
    inventory, problems = read(tmp_path, text.encode("utf-16"))  # states UTF-8
    assert inventory[0][0].site.name.startswith(name)
    assert "states the encoding" in problems[0]
    with pytest.raises(ps.MetadataError, match="line 3: bytes that are not utf-8"):
        read(tmp_path, text.encode("latin-1"))
    packed = tmp_path / "s.xml.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert channels(ps.read_stations(packed)) == NO_STATION


def test_xinclude_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("CANARY")
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="secret" parse="text"/></Name>'
    )
    inventory, _ = read(tmp_path, document(GOOD.replace("x</Name>", include, 1)))
    assert "CANARY" not in str(vars(inventory[0][0].site))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<a>" * 201 + "</a>" * 201, "root <a>"),
        (document("<x>" * 250 + "</x>" * 250, GOOD), "nested more than 200 deep"),
        (document("<x>" * 200_000, GOOD), "deep|depth"),
        (document(f'<x y="{"A" * 11_000_000}"/>', GOOD), "not well-formed"),
        (document(GOOD).replace("<Site>", "<Site>&e;"), "not well-formed"),
        (document(GOOD)[:-40], "not well-formed"),
        (document(GOOD) + "<a/>", "not well-formed"),
        ("<!-- " + "x" * 2_000_000, "not well-formed"),
        ("<?xml version='1.0'?>", "not well-formed"),
    ],
    ids=["root", "deep", "deeper", "attribute", "entity", "cut", "two", "comment", "nothing"],
)
def test_documents_out_of_bounds(tmp_path, content, words):
    with pytest.raises(ps.MetadataError, match=words):
        read(tmp_path, content)


def test_a_document_above_ten_megabytes_is_read(tmp_path):
    filler = f"<!-- {'x' * 100_000} -->" * 120
    assert channels(read(tmp_path, document(GOOD, filler))[0]) == NO_STATION


RESP = """B050F03     Station:     BAD
B050F16     Network:     XX
B052F03     Location:    ??
B052F04     Channel:     HHZ
B052F22     Start date:  2020,001,00:00:00
B052F23     End date:    No Ending Time
B053F03     Transfer function type:                A [Laplace Transform (Rad/sec)]
B053F04     Stage sequence number:                 1
B053F05     Response in units lookup:              M/S - Velocity
B053F06     Response out units lookup:             COUNTS - Digital Counts
B053F07     A0 normalization factor:               1.0
B053F08     Normalization frequency:               1.0
B053F09     Number of zeroes:                      1
B053F14     Number of poles:                       2
B053F10-13     0  0.0E+00  0.0E+00  0.0E+00  0.0E+00
B053F15-18     0  -3.7E-02  3.7E-02  0.0E+00  0.0E+00
B053F15-18     1  -3.7E-02  -3.7E-02  0.0E+00  0.0E+00
B058F03     Stage sequence number:                 1
B058F04     Gain:                                  1.5E+03
B058F05     Frequency of gain:                     1.0E+00 HZ
B058F06     Number of calibrations:                0
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "poles:                       2",
            "poles:                       5",
            "5 poles announced, 2",
        ),
        (
            "zeroes:                      1",
            "zeroes:                      0",
            "0 zeros announced, 1",
        ),
        ("poles:                       2", "poles:                       -2", "no count of poles"),
        ("-3.7E-02  3.7E-02", "-3.7E-02  3.7Ex02", "'3.7Ex02' is no number"),
        ("1  -3.7E-02  -3.7E-02  0.0E+00  0.0E+00", "1  -3.7E-02", "is cut"),
        ("Gain:                                  1.5E+03", "Gain: ", "no number"),
        ("B058F05     Freq", "B058F0", "is cut"),
    ],
)
def test_resp_counts_and_numbers(tmp_path, old, new, words):
    path = tmp_path / "RESP"
    path.write_text(RESP)
    assert channels(ps.read_stations(path)) == {"BAD.HHZ"}
    assert old in RESP
    path.write_text(RESP.replace(old, new, 1))
    with pytest.raises(ps.MetadataError, match=words) as caught:
        ps.read_stations(path)
    assert "line" in str(caught.value)


@pytest.mark.parametrize("kind", ["internal", "outside", "parameter", "dtd"])
def test_behind_the_refusal_the_parser_expands_nothing(tmp_path, monkeypatch, kind):
    """The second line: were a document type let through, nothing of it would be followed."""
    monkeypatch.setattr(XmlParts, "_without_prolog", lambda self, text: text)
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    other = tmp_path / "other.dtd"
    other.write_text('<!ENTITY e "CANARY">')
    prolog = {
        "internal": '<!DOCTYPE x [<!ENTITY e "CANARY">]>',
        "outside": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>',
        "parameter": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{other.as_uri()}"> %p;]>',
        "dtd": f'<!DOCTYPE x SYSTEM "{other.as_uri()}">',
    }[kind]
    body = document(GOOD.replace("<Name>x<", "<Name>&e;<")).partition("\n")[2]
    found = ""
    try:
        for element in XmlParts((prolog + body).encode(), tmp_path, ps.MetadataError, "Station"):
            found += "".join(element.itertext())
    except ps.MetadataError:
        pass
    assert "CANARY" not in found


def test_size_limits(tmp_path, monkeypatch):
    path = tmp_path / "s.xml"
    path.write_text(document(GOOD))
    size = path.stat().st_size
    monkeypatch.setattr("paektuseis.io._xml.MAX_XML", size - 1)
    with pytest.raises(ps.MetadataError, match=rf"s\.xml: {size} bytes of XML"):
        ps.read_stations(path)
    monkeypatch.setattr("paektuseis.io._xml.MAX_XML", size)
    assert channels(ps.read_stations(path)) == NO_STATION
    monkeypatch.setattr("paektuseis.io.metadata.MAX_METADATA", size - 1)
    with pytest.raises(ps.MetadataError, match=rf"s\.xml: {size} bytes, more than the limit"):
        ps.read_stations(path)


@pytest.mark.parametrize("length", [0, 1, 6])
def test_a_blockette_without_length_is_refused(length):
    volume = b"000001V 010009402.3121970,001,00:00:00.0000~" + b"x" * 50
    volume = volume.ljust(4096)
    station = b"000002S 050" + b"%04d" % length
    check_seed(volume + b"000002S 0500007".ljust(4096), Path("x.dlsv"))
    with pytest.raises(ps.MetadataError, match=rf"x\.dlsv: SEED blockette 050 of {length} bytes"):
        check_seed(volume + station.ljust(4096), Path("x.dlsv"))


def test_impossible_places_in_other_formats(tmp_path, monkeypatch):
    """A format that another library parses is held against the same limits."""
    resp = tmp_path / "RESP"
    resp.write_text(RESP)
    odd = obspy.read_inventory(str(resp), format="RESP")
    odd[0].code = "../x"
    monkeypatch.setattr("obspy.read_inventory", lambda *args, **options: odd)
    with pytest.raises(ps.MetadataError, match=r"network code '\.\./x'"):
        ps.read_stations(resp)


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=mutants(document(BAD, GOOD).encode()))
def test_mutants_raise_nothing_but_our_errors(tmp_path, content):
    path = tmp_path / "m.xml"
    path.write_bytes(content)
    try:
        inventory = ps.read_stations(path, problems=[])
    except ps.PaektuseisError:
        return
    ps.check_stations(inventory)
