"""The API as strangers, channels and staff see it: the fixtures of tests/api that open nothing for a session."""

from tests.api.conftest import anybody, connect, settings, shop, staff, tmall, viewer

__all__ = ["anybody", "connect", "settings", "shop", "staff", "tmall", "viewer"]
