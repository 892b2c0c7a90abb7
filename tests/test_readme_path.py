"""From the README alone to a folder of one's own summarised: exactly its commands, its code."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from obspy import UTCDateTime

import paektuseis as ps
from paektuseis.cli.app import run
from paektuseis.synthetic import SourceEvent, simulate_network

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
START = UTCDateTime(2019, 3, 4, 10)
ORIGINS = (START + 150.0, START + 330.0)
NAMES = ("disk A (copy).dat", "REC_0007", "Kraterränd 3.bak", "새 파일.msd")


def section() -> str:
    return README.split("## Your own records")[1].split("\n## ")[0]


def first_block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", section(), re.MULTILINE | re.DOTALL)
    assert found
    return found.group(1)


@pytest.fixture
def my_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Oddly named files of four stations in two folders, other files among them, no metadata."""
    events = [
        SourceEvent(kind="VT", time=t, latitude=41.98, longitude=128.13, depth_km=4, magnitude=2.2)
        for t in ORIGINS
    ]
    sim = simulate_network(
        ps.load_network("paektu"), duration=480.0, starttime=START, seed=11, events=events,
        stations=["JGPD", "PDBD", "MDPD", "SMSD"], faults=False,
    )  # fmt: skip
    folder = tmp_path / "my_records"
    for i, (name, code) in enumerate(zip(NAMES, ("JGPD", "PDBD", "MDPD", "SMSD"), strict=True)):
        mine = sim.stream.select(station=code)
        for part, (begin, end) in enumerate(((0.0, 239.99), (240.0, 480.0))):
            place = folder / f"box {part + 1}"
            place.mkdir(parents=True, exist_ok=True)
            cut = mine.slice(START + begin, START + end)
            cut.write(str(place / f"{i}{name}"), format="MSEED", encoding="STEIM2")
    (folder / "notes.txt").write_text("battery changed, snow on the panel\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.slow
def test_commands_of_the_readme(my_records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [shlex.split(line) for line in first_block("sh").splitlines() if line.strip()]
    assert len(commands) + 1 <= 5  # with the installation
    for words in commands:
        assert words[0] == "paektuseis"
        assert run(words[1:]) == 0, capsys.readouterr().err
    assert Path("summary/index.html").stat().st_size > 1000
    assert Path("site/index.html").stat().st_size > 1000
    events = pd.read_csv("summary/tables/events.csv")
    times = [UTCDateTime(t) for t in events["time"]]
    for origin in ORIGINS:  # both earthquakes are there, within the time waves need
        assert any(0.0 < t - origin < 10.0 for t in times)


@pytest.mark.slow
def test_python_of_the_readme(my_records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = first_block("python")
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 15
    space: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), space)
    assert Path("station.png").stat().st_size > 5000
    assert "n_stations" in capsys.readouterr().out
