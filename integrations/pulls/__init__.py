"""Asking platforms for orders: one client a platform, all with the same methods."""
