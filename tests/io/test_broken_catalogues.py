"""Event catalogues with one thing wrong: that thing is named, the rest is read."""

from __future__ import annotations

import gc
import io
from pathlib import Path

import obspy
import pytest
from hypothesis import HealthCheck, given, settings

import paektuseis as ps

from .conftest import mutants

EVENT = """<event publicID="smi:local/{n}"><description><text>one</text></description>
<origin publicID="smi:local/{n}/o"><time><value>2024-06-01T00:05:00.25Z</value>
<uncertainty>0.1</uncertainty></time><latitude><value>42.0</value></latitude>
<longitude><value>128.1</value></longitude><depth><value>{depth}</value></depth></origin>
<magnitude publicID="smi:local/{n}/m"><mag><value>2.1</value></mag><type>ML</type></magnitude>
<pick publicID="smi:local/{n}/p"><time><value>2024-06-01T00:05:02Z</value></time>
<waveformID networkCode="KP" stationCode="PKS"/></pick>
</event>"""


def document(*events: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<q:quakeml '
        'xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">'
        '<eventParameters publicID="smi:local/c"><description>all</description>'
        + "".join(events)
        + "</eventParameters></q:quakeml>"
    )


def event(n: int, depth: float = 5000) -> str:
    return EVENT.format(n=n, depth=depth).replace("05:00.25", f"05:0{n % 10}.25")


def read(tmp_path: Path, content: str | bytes) -> tuple[obspy.Catalog, list[str]]:
    path = tmp_path / "c.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems: list[str] = []
    return ps.read_events(path, problems=problems), problems


def names(catalog: obspy.Catalog) -> list[str]:
    return [str(e.resource_id) for e in catalog]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2024-06-01T00:05:01.25Z", "NaN", "time 'NaN' is no date"),
        ("2024-06-01T00:05:01.25Z", "2024-13-45T00:00:00Z", "is no date"),
        ("2024-06-01T00:05:01.25Z", "2024-153", "is no date"),
        ("<value>42.0<", "<value>200<", "latitude 200 is not within"),
        ("<value>42.0<", "<value>north<", "latitude 'north' is no number"),
        ("<value>42.0<", "<value>4_2<", "latitude '4_2' is no number"),
        ("<value>128.1<", "<value>-inf<", "longitude is -inf"),
        ("<longitude><value>128.1</value></longitude>", "", "no longitude"),
        ('publicID="smi:local/1"', 'publicID="smi:local/2"', "has the publicID of event 1"),
    ],
)
def test_a_bad_event_is_skipped_and_named(tmp_path, old, new, words):
    bad = event(1)
    assert old in bad
    order = (event(2), bad.replace(old, new, 1), event(3))
    catalog, problems = read(tmp_path, document(*order))
    assert names(catalog) == ["smi:local/2", "smi:local/3"]
    assert len(problems) == 1
    assert words in problems[0]
    assert "event 2 (smi:local/" in problems[0]
    assert "event skipped" in problems[0]
    assert "c.xml: line" in problems[0]


@pytest.mark.parametrize(
    ("old", "new", "words", "kept"),
    [
        ("<value>2.1<", "<value>NaN<", "mag is NaN; left out", "magnitudes"),
        ("<value>2.1<", "<value>big<", "mag 'big' is no number; left out", "magnitudes"),
        ("<value>2024-06-01T00:05:02Z<", "<value>later<", "time 'later' is no date", "picks"),
    ],
)
def test_a_bad_part_is_left_out_of_its_event(tmp_path, old, new, words, kept):
    assert old in event(1)
    catalog, problems = read(tmp_path, document(event(1).replace(old, new, 1), event(2)))
    assert [len(getattr(e, kept)) for e in catalog] == [0, 1]
    assert len(problems) == 1
    assert words in problems[0]


def test_other_oddities(tmp_path):
    deep = event(1, depth=9e6)
    catalog, problems = read(tmp_path, document(event(2, 5), event(3, 99), deep))
    assert [e.origins[0].depth for e in catalog] == [5, 99, 9e6]
    assert sum("2 events: a depth between 0 and 100 m" in p for p in problems) == 1
    assert sum("hardly possible" in p for p in problems) == 1
    catalog, problems = read(tmp_path, document(event(1, "x"), event(2, 0)))  # type: ignore[arg-type]
    assert [e.origins[0].depth for e in catalog] == [None, 0]
    assert "depth left out" in problems[0]
    uncertain = event(1).replace("<uncertainty>0.1<", "<uncertainty>nan<")
    catalog, problems = read(tmp_path, document(uncertain))
    assert catalog[0].origins[0].time_errors.uncertainty is None
    assert "<uncertainty> is nan" in problems[0]
    strange = event(1).replace("</event>", "<type>witchcraft</type></event>")
    catalog, problems = read(tmp_path, document(strange, event(2)))
    assert names(catalog) == ["smi:local/2"]
    assert "witchcraft" in problems[0]
    catalog, problems = read(tmp_path, document(event(1).replace('smi:local/1"', 'smi:l/../../x"')))
    assert len(catalog) == 1
    assert "path" in problems[0]


def test_events_at_one_time_and_place(tmp_path):
    again = event(1).replace("smi:local/1", "smi:local/2")
    catalog, problems = read(tmp_path, document(event(1), again, event(3)))
    assert len(catalog) == 3
    assert len(problems) == 1
    assert "1 events: the time and place of an earlier event" in problems[0]
    assert "event 2 (smi:local/2)" in problems[0]


def test_events_without_an_origin(tmp_path):
    begin, end = event(1).index("<origin"), event(1).index("<magnitude")
    picks = event(1)[:begin] + event(1)[end:]
    bare = picks[: picks.index("<pick")] + "</event>"
    catalog, problems = read(
        tmp_path, document(picks, bare.replace("local/1", "local/2"), event(3))
    )
    assert names(catalog) == ["smi:local/1", "smi:local/3"]
    assert "kept for its picks" in problems[0]
    assert "no origin; event skipped" in problems[1]
    with pytest.raises(ps.ParameterError, match=r"without any event that can be used.*no origin"):
        read(tmp_path, document(bare))


def test_one_of_two_origins(tmp_path):
    begin, end = event(1).index("<origin"), event(1).index("<magnitude")
    origin = event(1)[begin:end]
    second = origin.replace("/1/o", "/1/o2").replace("42.0", "99")
    both = event(1).replace(origin, origin + second)
    catalog, problems = read(tmp_path, document(both))
    assert len(catalog[0].origins) == 1
    assert "origin smi:local/1/o2" in problems[0]
    preferred = "<preferredOriginID>smi:local/1/o2</preferredOriginID></event>"
    with pytest.raises(ps.ParameterError, match="latitude 99"):
        read(tmp_path, document(both.replace("</event>", preferred)))


def test_empty_catalogue_is_no_error(tmp_path):
    catalog, problems = read(tmp_path, document())
    assert (len(catalog), catalog.description, problems) == (0, "all", [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_dtd_is_refused(tmp_path, encoding):
    text = '<!-- x -->\n<!DOCTYPE q [<!ENTITY e "x">]>' + document(event(1)).partition("\n")[2]
    with pytest.raises(ps.ParameterError, match="DOCTYPE"):
        read(tmp_path, text.encode(encoding))


def test_other_documents_are_refused(tmp_path):
    text = document(event(1))
    for content, words in (
        (text[:-60], "not well-formed"),
        (text.replace("one", "&e;"), "not well-formed"),
        (text.replace("xmlns/bed/", "xmlns/x/"), "namespace"),
        (text.replace("eventParameters", "parameters"), "without <eventParameters>"),
        ("<a></a>", "root <a>"),
        (text.replace("one", "<b>" * 240 + "</b>" * 240), "nested"),
    ):
        with pytest.raises(ps.ParameterError, match=words):
            read(tmp_path, content)


def test_a_bad_file_among_good_ones(tmp_path):
    (tmp_path / "a.xml").write_text(document(event(1)))
    (tmp_path / "b.xml").write_text("<x/>")
    problems: list[str] = []
    assert names(ps.read_events(tmp_path, problems=problems)) == ["smi:local/1"]
    assert "b.xml" in problems[0]
    assert "file skipped" in problems[0]


RICH = """<event publicID="smi:local/9" xmlns:x="http://example.org/x" x:mark="1">
<preferredOriginID>smi:local/9/o</preferredOriginID><type>not reported</type>
<typeCertainty>known</typeCertainty><comment><text>c</text></comment><x:own>7</x:own>
<creationInfo><agencyID>A</agencyID><creationTime>2024-01-01T00:00:00</creationTime></creationInfo>
<origin publicID="smi:local/9/o"><time><value>2024-06-01T00:05:00Z</value></time>
<latitude><value>42</value><uncertainty>0.1</uncertainty></latitude>
<longitude><value>128</value><lowerUncertainty>0.2</lowerUncertainty></longitude>
<depthType>from location</depthType><timeFixed>false</timeFixed><methodID>smi:a/b</methodID>
<earthModelID>smi:a/m</earthModelID><region>R</region><evaluationMode>manual</evaluationMode>
<evaluationStatus>final</evaluationStatus><type>hypocenter</type>
<compositeTime><year><value>2024</value></year></compositeTime>
<quality><usedPhaseCount>7</usedPhaseCount><azimuthalGap>90.5</azimuthalGap></quality>
<originUncertainty><horizontalUncertainty>900</horizontalUncertainty></originUncertainty>
<arrival publicID="smi:local/9/a"><pickID>smi:local/9/p</pickID><phase>P</phase>
<timeResidual>0.1</timeResidual></arrival><comment><text>d</text></comment></origin>
<magnitude publicID="smi:local/9/m"><mag><value>2</value></mag><type>ML</type>
<stationCount>3</stationCount><azimuthalGap>80</azimuthalGap><originID>smi:local/9/o</originID>
<stationMagnitudeContribution><stationMagnitudeID>smi:local/9/s</stationMagnitudeID>
<weight>1</weight></stationMagnitudeContribution></magnitude>
<stationMagnitude publicID="smi:local/9/s"><originID>smi:local/9/o</originID>
<mag><value>2</value></mag></stationMagnitude>
<pick publicID="smi:local/9/p"><time><value>2024-06-01T00:05:02Z</value></time>
<waveformID networkCode="KP" stationCode="PKS" channelCode="HHZ"/><onset>impulsive</onset>
<polarity>negative</polarity></pick>
<amplitude publicID="smi:local/9/a1"><genericAmplitude><value>1e-6</value></genericAmplitude>
</amplitude><focalMechanism publicID="smi:local/9/f"><azimuthalGap>10</azimuthalGap>
</focalMechanism></event>"""


def test_equal_to_obspy_in_every_field(tmp_path, real_data):
    """What is read by shortened ways is what obspy's own reader makes of the same document."""
    text = document(RICH, event(1))
    ours, problems = read(tmp_path, text)
    theirs = obspy.read_events(io.BytesIO(text.encode()), format="QUAKEML")
    assert problems == []
    assert ours == theirs
    assert dict(ours[0].extra) == dict(theirs[0].extra)
    for mine, other in zip(ours, theirs, strict=True):
        for part in ("origins", "magnitudes", "picks", "amplitudes", "focal_mechanisms"):
            for a, b in zip(getattr(mine, part), getattr(other, part), strict=True):
                assert vars(a) == vars(b)
    first = ours[0]
    assert first.preferred_origin() is first.origins[0]
    assert first.origins[0].arrivals[0].pick_id.get_referred_object() is first.picks[0]
    assert ours[1].origins[0].depth_errors is not ours[1].origins[0].latitude_errors
    assert ours[1].origins[0].comments is not first.origins[0].comments
    file = real_data / "catalogues_stats" / "volcano" / "catalog_kilauea_eruption.xml"
    if file.exists():
        cut = file.read_bytes().partition(b"</event>")
        small = cut[0] + cut[1] + b"</eventParameters></q:quakeml>"
        assert read(tmp_path, small)[0] == obspy.read_events(io.BytesIO(small), format="QUAKEML")


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-01T00:05:00.25Z",
        "2024-06-01T00:05:00.250123",
        "2024-06-01T00:05:00.123456789Z",
        "1906-04-18T13:12:21Z",
        "2024-06-01T09:05:00+09:00",
        "2024-06-01",
    ],
)
def test_times_are_those_of_obspy(tmp_path, text):
    threshold = gc.get_threshold()
    catalog, problems = read(tmp_path, document(event(1).replace("2024-06-01T00:05:01.25Z", text)))
    assert problems == []
    assert catalog[0].origins[0].time == obspy.UTCDateTime(text)
    assert gc.get_threshold() == threshold


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=mutants(document(RICH, event(1)).encode()))
def test_mutants_raise_nothing_but_our_errors(tmp_path, content):
    path = tmp_path / "m.xml"
    path.write_bytes(content)
    try:
        ps.read_events(path, problems=[])
    except ps.PaektuseisError:
        return
