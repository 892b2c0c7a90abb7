"""Amplitudes of ground motion: RSAM in consecutive windows, ratios of bands, peaks,
reduced displacement.

Every row names its statistic, unit, band and the share of the samples that were
there; below the coverage asked for a value is NaN, never a smaller number.
"""

from .bands import RatioBands, RsamBand, band_amplitudes
from .displacement import reduced_displacement
from .peak import peak_amplitude
from .ratios import RATIO_FAMILY, band_ratio, dsar
from .windows import rsam

__all__ = [
    "RATIO_FAMILY",
    "RatioBands",
    "RsamBand",
    "band_amplitudes",
    "band_ratio",
    "dsar",
    "peak_amplitude",
    "reduced_displacement",
    "rsam",
]
