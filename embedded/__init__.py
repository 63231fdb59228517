"""Baton on one machine: PostgreSQL, Temporal and Baton's own processes, all started and ended by one command."""
