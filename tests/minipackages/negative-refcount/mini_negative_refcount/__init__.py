"""Takes a reference too many away; needs a build with assertions."""

import _testcapi


def release_twice():
    _testcapi.negative_refcount()
