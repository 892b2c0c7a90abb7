"""Size and stress drop of a circular source from its moment and corner frequency."""

from __future__ import annotations

from math import isfinite

from ..errors import ParameterError


def stress_drop(moment: float, corner_frequency: float, vs: float, *, k: float = 0.372) -> float:
    """Return the static stress drop of a circular source in MPa.

    Parameters
    ----------
    moment : float
        N m.
    corner_frequency : float
        Hertz, of S where k is Brune's.
    vs : float
        S velocity at the source in km/s.
    k : float, optional
        Radius = k vs / corner: 0.372 (2.34 / 2 pi) is Brune's.

    Returns
    -------
    float
        ``7/16 moment / radius**3``; it goes with the cube of the corner, so a corner known to
        25 % gives a stress drop known to a factor of two.

    Raises
    ------
    ParameterError
        If something is not positive.

    References
    ----------
    Brune, J. N. (1970, 1971); Eshelby, J. D. (1957). Proc. R. Soc. Lond. A 241, 376-396.

    Examples
    --------
    >>> round(stress_drop(1.3e13, 10.0, 3.0, k=0.372), 2)
    4.09
    """
    _positive(moment=moment)
    return 7 / 16 * moment / (1e3 * source_radius(corner_frequency, vs, k=k)) ** 3 / 1e6


def source_radius(corner_frequency: float, vs: float, *, k: float = 0.372) -> float:
    """Return the radius of a circular source in km.

    Parameters
    ----------
    corner_frequency : float
        Hertz.
    vs : float
        S velocity at the source in km/s.
    k : float, optional
        As in :func:`stress_drop`.

    Returns
    -------
    float
        ``k vs / corner``.

    Examples
    --------
    >>> round(source_radius(10.0, 3.0), 4)
    0.1116
    """
    _positive(corner_frequency=corner_frequency, vs=vs, k=k)
    return k * vs / corner_frequency


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
