"""SAC pole-zero files with their comment header, into an Inventory.

The zeros, poles and CONSTANT of such a file give counts per metre of ground
displacement, H(s) = CONSTANT prod(s - z) / prod(s - p) with s = 2 pi i f.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from obspy import UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Station
from obspy.core.inventory.response import (
    InstrumentSensitivity,
    PolesZerosResponseStage,
    Response,
)

from ..errors import MetadataError

_LIMIT = 1000  # poles or zeros


def read_sacpz(text: str, path: Path) -> Inventory:
    """Read the blocks of a SAC pole-zero file, one channel epoch each."""
    networks: dict[str, Network] = {}
    stations: dict[tuple[str, str], Station] = {}
    for header, zeros, poles, constant in _blocks(text, path):
        channel, codes = _channel(header, zeros, poles, constant, path)
        network = networks.setdefault(codes[0], Network(codes[0]))
        if codes not in stations:
            stations[codes] = Station(
                codes[1], channel.latitude, channel.longitude, channel.elevation
            )
            network.stations.append(stations[codes])
        stations[codes].channels.append(channel)
    return Inventory(networks=list(networks.values()), source="SAC pole-zero file")


def _blocks(text: str, path: Path) -> list[tuple[dict[str, str], list[Any], list[Any], float]]:
    out = []
    header: dict[str, str] = {}
    roots: dict[str, list[complex]] = {}
    target: list[complex] = []
    missing = 0
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            if words[0].startswith("*"):
                name, colon, value = line.lstrip("* ").partition(":")
                if colon:
                    header[name.split("(")[0].strip().upper()] = value.strip()
            elif words[0] in ("ZEROS", "POLES"):
                missing = int(words[1])
                if not 0 <= missing <= _LIMIT:
                    raise ValueError(f"{missing} {words[0].lower()}")
                target = roots.setdefault(words[0], [])
                # roots at the origin need not be written
                target += [0j] * missing
                missing = 0 if not missing else -missing
            elif words[0] == "CONSTANT":
                constant = float(words[1])
                if not (np.isfinite(constant) and constant != 0):
                    raise ValueError(f"CONSTANT {words[1]}")
                out.append((header, roots.get("ZEROS", []), roots.get("POLES", []), constant))
                header, roots = {}, {}
            elif missing < 0:
                root = complex(float(words[0]), float(words[1]))
                if not np.isfinite(root):
                    raise ValueError("a root that is no number")
                target[missing] = root
                missing += 1
            else:
                raise ValueError("more roots than announced")
        except (ValueError, IndexError) as error:
            raise MetadataError(f"{path}: line {number}: {error}") from error
    if not out:
        raise MetadataError(f"{path}: no block that ends with a CONSTANT")
    return out


def _channel(
    header: dict[str, str], zeros: list[Any], poles: list[Any], constant: float, path: Path
) -> tuple[Channel, tuple[str, str]]:
    try:
        codes = (header["NETWORK"], header["STATION"])
        unit = header.get("INPUT UNIT", "M")
        if unit.upper() != "M":
            raise ValueError(f"input unit {unit}; SAC pole-zero files are for displacement in M")
        rate = float(header.get("SAMPLE RATE", "nan"))
        frequency = 1.0 if not rate > 0 else min(1.0, rate / 10)
        shape = _magnitude(zeros, poles, frequency)
        gain = constant * shape
        response = Response(
            instrument_sensitivity=InstrumentSensitivity(gain, frequency, "M", "COUNTS"),
            response_stages=[
                PolesZerosResponseStage(
                    1,
                    gain,
                    frequency,
                    "M",
                    "COUNTS",
                    "LAPLACE (RADIANS/SECOND)",
                    frequency,
                    zeros,
                    poles,
                    normalization_factor=1 / shape,
                )
            ],
        )
        channel = Channel(
            header["CHANNEL"],
            header.get("LOCATION", ""),
            float(header["LATITUDE"]),
            float(header["LONGITUDE"]),
            float(header["ELEVATION"]),
            float(header.get("DEPTH", "0")),
            start_date=_date(header.get("START")),
            end_date=_date(header.get("END")),
            response=response,
            sample_rate=rate if rate > 0 else None,
            azimuth=float(header["AZIMUTH"]) if header.get("AZIMUTH") else None,
            dip=float(header["DIP"]) - 90 if header.get("DIP") else None,
        )
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        reason = f"no {error} in the header" if isinstance(error, KeyError) else str(error)
        raise MetadataError(f"{path}: SAC pole-zero block: {reason}") from error
    return channel, codes


def _magnitude(zeros: list[Any], poles: list[Any], frequency: float) -> float:
    s = 2j * np.pi * frequency
    value = float(abs(np.prod([s - z for z in zeros]) / np.prod([s - p for p in poles])))
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"no finite response at {frequency:g} Hz")
    return value


def _date(text: str | None) -> UTCDateTime | None:
    return UTCDateTime(text) if text else None
