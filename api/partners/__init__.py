"""Webhooks of partners, messages to partners, and differences with their books."""
