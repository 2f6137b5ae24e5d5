"""Needs a module that there is not."""

import mini_that_is_nowhere
