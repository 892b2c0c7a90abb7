"""Real records raise no false alarm: no sample of them is masked or doubted."""

from pathlib import Path

import pandas as pd
import pytest

import paektuseis as ps

RECORDS = {
    "piton_undervolc_2010/waveforms": {"dc_offset"},
    "daylong_broadband/fur_2015361": set(),
    "volcano_snippets/gareloi_2022_lf": set(),
    "volcano_snippets/montserrat_2001_rsam": {"timing_quality"},
    "volcano_snippets/pelee_bim_2014": {"gap"},
    "uturuncu_vt": set(),
}


@pytest.mark.real
@pytest.mark.parametrize("name", RECORDS)
def test_no_healthy_hour_is_masked(real_data: Path, name: str) -> None:
    tables = []
    hours = 0.0
    for path in sorted((real_data / name).rglob("*")):
        if not path.is_file():
            continue
        try:
            stream = ps.read_waveforms(path)
        except ps.PaektuseisError:
            continue  # notes, tables, metadata
        joined, found = ps.join_segments(stream)
        quality = ps.check_waveforms(joined)
        tables += [quality, found]
        sound = ps.sound_pieces(joined, quality)
        assert sum(t.stats.npts for t in sound) == sum(t.stats.npts for t in joined)
        hours += sum(t.stats.npts / t.stats.sampling_rate for t in joined) / 3600
    assert hours > 0.1
    every = pd.concat(tables)
    assert set(every["check"]) <= RECORDS[name]
    assert set(every.loc[every["check"] != "gap", "severity"]) <= {"info"}
