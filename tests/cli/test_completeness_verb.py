"""``paektuseis completeness``: tables and maps with and without a station."""

import pandas as pd

from paektuseis.cli.app import run


def test_with_and_without_a_station(capsys, sample_dir, tmp_path):
    code = run(
        ["completeness", str(sample_dir / "sds"), "-n", "paektu",
         "-i", str(sample_dir / "stations.xml"), "-d", "2014-06-15", "--magnitudes", "0:3:1.5",
         "--grid", "1", "--events", "5", "--without", "PDBD", "-o", str(tmp_path / "map")]
    )  # fmt: skip
    assert code == 0
    printed = capsys.readouterr()
    assert "6 stations: half of the earthquakes" in printed.err
    assert "5 stations: half of the earthquakes" in printed.err
    for suffix, alive in (("", 6), ("-without", 5)):
        table = pd.read_csv(tmp_path / "map" / f"detectability{suffix}.csv")
        assert table["magnitude"].tolist() == [0.0, 1.5, 3.0]
        assert set(table["stations"]) == {alive}
        assert (tmp_path / "map" / f"completeness{suffix}.png").stat().st_size > 5000
        assert (tmp_path / "map" / f"completeness{suffix}.csv").exists()


def test_what_cannot_be_done_says_so(capsys, sample_dir, tmp_path):
    words = ["completeness", str(sample_dir / "sds"), "-n", "paektu", "-d", "2014-06-15", "-o",
             str(tmp_path / "map")]  # fmt: skip
    assert run([*words, "--magnitudes", "2:1"]) == 2
    assert "first:last:step" in capsys.readouterr().err
    assert run(words) == 2
    assert "no response is given" in capsys.readouterr().err
