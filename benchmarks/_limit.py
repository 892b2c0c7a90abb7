"""What a machine needs at least for a channel-day, each part measured on this machine.

Limit = reading the bytes (warm) + decoding Steim + one pass over the samples in memory + the
transforms of spectra, noise and (in physical units) response at the rate at which SciPy does
them here in batches that stay in cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft

MINUTE_TRANSFORMS = 10  # of 10.24 s, overlapping by half, within each of 1440 minutes
HOURS, PIECES, PIECE = 48, 18, 65536  # PPSD: overlapping hours, pieces each, at 100 Hz


def cpu_ms(action: Callable[[], Any], repeat: int = 5) -> float:
    """Return the least CPU time of several in milliseconds."""
    action()
    best = np.inf
    for _ in range(repeat):
        begin = time.process_time()
        action()
        best = min(best, time.process_time() - begin)
    return float(1e3 * best)


def limit(archive: Path, rate: float = 100.0, hours: float = 24.0) -> dict[str, float]:
    """Return the parts of the limit in CPU milliseconds for one channel-day.

    Parameters
    ----------
    archive : Path
        Made by ``make_archive.py``.
    rate : float
        Hz.
    hours : float
        What the archive holds of a day; the transforms are counted for so much.
    """
    import paektuseis as ps

    paths = sorted(p for p in (archive / "sds").rglob("*HHZ.D.*") if p.is_file())
    path = max(paths, key=lambda p: p.stat().st_size)  # a day without an outage
    stream = ps.read_waveforms(path)
    samples = sum(t.stats.npts for t in stream)
    whole = hours * 3600 * rate
    scale = whole / samples
    reading = cpu_ms(path.read_bytes)
    decoding = max(0.0, cpu_ms(lambda: ps.read_waveforms(path)) - reading)
    x = stream[0].data
    one_pass = cpu_ms(lambda: int(x.sum())) * whole / len(x)
    return {
        "read": reading * scale,
        "decode": decoding * scale,
        "memory": one_pass,
        **transforms(rate, hours),
    }


def transforms(rate: float, hours: float) -> dict[str, float]:
    """Return CPU milliseconds of the transforms of a channel-day, and the rates in GFlop/s."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((256, 1024), dtype=np.float32)
    short = cpu_ms(lambda: rfft(rows, axis=1), 20) / len(rows)
    rows = rng.standard_normal((4, PIECE), dtype=np.float32)
    long = cpu_ms(lambda: rfft(rows, axis=1), 10) / len(rows)
    overlap = round(1200 * rate)  # a filter that reaches 600 s to either side
    response, size, speed = np.inf, 0, 0.0
    for block in (1 << power for power in range(17, 22) if 1 << power > overlap):
        one = rng.standard_normal(block)

        def there_and_back(one: np.ndarray = one) -> None:
            spectrum = rfft(one)
            spectrum *= 1.5
            irfft(spectrum, len(one), overwrite_x=True)

        each = cpu_ms(there_and_back, 5)
        cost = each * hours * 3600 * rate / (block - overlap)
        if cost < response:
            response, size, speed = cost, block, 2 * flops(block) / each / 1e6
    return {
        "stft": short * MINUTE_TRANSFORMS * hours * 60,
        "psd": long * HOURS * PIECES * hours / 24,
        "response": response,
        "gflops_1024_f32": flops(1024) / short / 1e6,
        "gflops_65536_f32": flops(PIECE) / long / 1e6,
        "gflops_response_f64": speed,
        "response_block": float(size),
    }


def flops(n: int) -> float:
    """Return the operations of a real transform of n points (as usually counted)."""
    return 2.5 * n * float(np.log2(n))


def totals(parts: dict[str, float]) -> dict[str, float]:
    """Return the limits of a channel-day in milliseconds by mode."""
    counts = sum(parts[name] for name in ("read", "decode", "memory", "stft", "psd"))
    return {"counts": counts, "physical": counts + parts["response"]}
