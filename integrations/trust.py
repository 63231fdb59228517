"""Whom calls to the outside trust: the certificates of this system."""

import ssl
from functools import cache

import httpx2


@cache
def trust() -> ssl.SSLContext:
    """One for all clients of a process, since to read the certificates takes longer than a call."""
    return httpx2.create_ssl_context()
