"""Editions of the workflows of orders and cases: each keeps the one it began with (docs/decisions/editions.md)."""

EDITION = 2
"""The edition that orders and cases begin with today. Those under way keep theirs, so that their histories replay."""
MINDS_CHANGES = 1
"""Since this edition they react to what changes while a step is under way."""
HEARS_OUTCOMES = 2
"""Since this edition the relay applies partners' reports, and an order is woken only by what it acts on."""
