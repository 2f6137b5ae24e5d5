"""How a bisection fails."""

from __future__ import annotations

from labeille.errors import LabeilleError


class BisectError(LabeilleError):
    """Ends that are none, or a history between them that has no first bad item."""


class UntestableError(LabeilleError):
    """An item on which what is asked for cannot even be tried."""
