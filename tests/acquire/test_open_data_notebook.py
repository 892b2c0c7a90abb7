"""The notebook of open data, where there is a data centre: one on this machine."""

import json
from pathlib import Path

import pytest

import paektuseis as ps

from .fdsn_server import Centre

pytest.importorskip("IPython")
CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOK = CHECKOUT / "notebooks" / "07_real_open_data.ipynb"


@pytest.mark.slow
@pytest.mark.loopback
def test_the_notebook_goes_on_to_the_end_with_what_it_was_sent(sample_dir, capsys, monkeypatch):
    """The sample hour lies at the time the notebook asks for, under the same network code."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    archive = ps.Archive(sample_dir / "sds")
    centre = Centre(
        archive.read("*.HHZ", *archive.span()), ps.read_stations(sample_dir / "stations.xml")
    ).start()
    shown: list[object] = []
    space: dict[str, object] = {}
    try:
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            source = "".join(cell["source"]).replace("%matplotlib inline", "")
            source = source.replace('["EARTHSCOPE"]', f'["{centre.url}"]')
            exec(compile(source, NOTEBOOK.name, "exec"), space)
            space["display"] = shown.append
    finally:
        centre.stop()
    printed = capsys.readouterr().out
    assert "No data were fetched" not in printed
    assert len(space["day"].events) > 15
    assert len(shown) == 2
    fetched = space["archive"].read("1U.PDBD..HHZ", *archive.span())
    kept = archive.read("1U.PDBD..HHZ", *archive.span())
    assert [t.data.tobytes() for t in fetched] == [t.data.tobytes() for t in kept]
