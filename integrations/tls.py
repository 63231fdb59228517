"""TLS trust for outgoing calls: the certificates of this system."""

import ssl
from functools import cache

import httpx2


@cache
def tls_context() -> ssl.SSLContext:
    """Return the process's one TLS context: reading the certificates takes longer than a call."""
    return httpx2.create_ssl_context()
