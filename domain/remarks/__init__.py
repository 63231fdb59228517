"""Reads the free-text remarks of customers and merchants as instructions."""
