"""Telling platforms how much there is: one client a platform, all with the same methods."""
