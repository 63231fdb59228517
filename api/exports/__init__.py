"""Exports: lists that are kept and written on a schedule."""
