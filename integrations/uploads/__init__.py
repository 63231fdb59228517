"""Telling platforms of parcels: one client a platform, all with the same methods."""
