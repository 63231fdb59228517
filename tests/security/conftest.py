"""Fixtures of tests/api for calls as a stranger, a channel and staff."""

from tests.api.conftest import anybody, connect, settings, shop, staff, tmall, viewer

__all__ = ["anybody", "connect", "settings", "shop", "staff", "tmall", "viewer"]
