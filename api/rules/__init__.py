"""Rules that staff write."""
