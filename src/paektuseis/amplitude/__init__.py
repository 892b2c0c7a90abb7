"""Amplitudes of ground motion: RSAM in consecutive windows, peaks, reduced displacement.

Every row names its statistic, unit, band and the share of the samples that were
there; below the coverage asked for a value is NaN, never a smaller number.
"""

from .displacement import reduced_displacement
from .peak import peak_amplitude
from .windows import rsam

__all__ = ["peak_amplitude", "reduced_displacement", "rsam"]
