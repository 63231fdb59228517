"""Promises before the order."""
