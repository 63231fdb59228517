"""Bulks: one command for many orders, return cases or payloads."""
