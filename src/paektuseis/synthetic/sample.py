"""The sample hour: what ``data/sample`` holds, computed anew."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import OutputError
from ..io import atomic_path, write_sds, write_table
from ..network import load_network
from .simulate import Simulation, simulate_network

SAMPLE_SEED = 7

_README = """\
SYNTHETIC records: everything in this folder was computed. Nothing was measured.

# One synthetic hour of six stations

- `sds/`: waveforms in counts, miniSEED (Steim-2) in a SeisComP Data Structure tree. Network 1U,
  stations {stations}; channels HHZ, HHN, HHE; location empty; {rate:g} samples a second;
  {start} to {end}.
- `stations.xml`: StationXML. The positions are those of the stations of network 1U; the response
  is that of a nominal broad-band seismometer and digitiser. What was really installed there is
  not known to this project.
- `truth.csv`: the {n_events} planted events, their time of first arrival at any station, origin,
  size, band and signal-to-noise ratio (the fourth-largest of the stations' verticals).
- `arrivals.csv`: P and S at every station.
- `faults.csv`: the planted faults: gaps, a dead channel, a clipped channel, a station whose
  horizontals are turned, a step, and spikes at the same instant on all channels.

| kind | events |
|---|---|
{counts}

The events, their places and sizes, the noise and the faults are invented. The velocity model is
LITHO1.0 under the crater lake, which does not show the volcano.

`python data/make_sample.py OUT` writes this folder again (paektuseis.synthetic, seed {seed}).
"""


def sample_simulation() -> Simulation:
    """Return the simulation that the sample holds.

    Returns
    -------
    Simulation
    """
    return simulate_network(load_network("paektu"), duration=3600.0, seed=SAMPLE_SEED)


def write_sample(root: str | os.PathLike[str]) -> Path:
    """Write the SYNTHETIC sample hour into a folder.

    Parameters
    ----------
    root : str or Path
        Made if missing. Gets ``sds/``, ``stations.xml``, ``truth.csv``,
        ``arrivals.csv``, ``faults.csv`` and ``README.md``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        If it cannot be written, or holds other waveforms already.
    """
    folder = Path(root)
    simulation = sample_simulation()
    write_sds(simulation.stream, folder / "sds")
    write_table(simulation.truth.round({"snr": 3, "duration": 3}), folder / "truth.csv")
    write_table(simulation.arrivals.round({"snr": 3, "distance_km": 4}), folder / "arrivals.csv")
    write_table(simulation.faults, folder / "faults.csv")
    stats = simulation.stream[0].stats
    labels = simulation.truth["label"].value_counts()
    text = _README.format(
        stations=", ".join(s.station for s in simulation.network.stations),
        rate=stats.sampling_rate,
        start=stats.starttime.strftime("%Y-%m-%d %H:%M"),
        end=max(tr.stats.endtime for tr in simulation.stream).strftime("%H:%M:%S UTC"),
        n_events=len(simulation.truth),
        seed=simulation.seed,
        counts="\n".join(f"| {k} | {v} |" for k, v in sorted(labels.items())),
    )
    try:
        with atomic_path(folder / "stations.xml") as temporary:
            simulation.inventory.write(str(temporary), format="STATIONXML")
        with atomic_path(folder / "README.md") as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{folder}: {error.strerror or error}") from error
    return folder
