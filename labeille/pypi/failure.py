"""Says in a few words why an HTTP request failed."""

from __future__ import annotations

import re

from requests import exceptions

from labeille.pypi.credentials import redact

# What urllib3 puts before the reason: "HTTPSConnection(host='x', port=443): ".
_CONNECTION = re.compile(r"^.*?\(host=.*?\): ")


def reason(error: BaseException) -> str:
    """The innermost reason, without the layers of "Max retries exceeded" around it."""
    if isinstance(error, exceptions.Timeout):
        return "it does not answer in time"
    if isinstance(error, exceptions.TooManyRedirects):
        return "it redirects in a circle"
    inner: object = error
    if error.args and isinstance(error.args[0], BaseException):
        inner = getattr(error.args[0], "reason", None) or error.args[0]
    text = " ".join(_CONNECTION.sub("", str(inner)).split())
    if isinstance(error, exceptions.SSLError):
        text = f"its certificate is not accepted: {text}"
    elif isinstance(error, exceptions.ProxyError):
        text = f"the proxy fails: {text}"
    return redact(text)
