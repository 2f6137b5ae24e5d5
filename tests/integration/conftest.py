"""The fixtures of ``workshop``."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("workshop")

from workshop import built_workshop, empty, workshop  # noqa: E402

__all__ = ["built_workshop", "empty", "workshop"]
