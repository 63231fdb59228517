"""Carriers that Baton calls in their own format: one translator each."""
