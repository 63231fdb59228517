"""Orders that channels push, listings of our stock at channels, and orders missing here."""
