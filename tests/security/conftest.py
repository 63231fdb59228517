"""Fixtures of tests/api for calls as a stranger, a channel and staff."""

from tests.api.conftest import anybody, confined, connect, one_confined, settings, shop, staff, tmall, viewer

__all__ = ["anybody", "confined", "connect", "one_confined", "settings", "shop", "staff", "tmall", "viewer"]
