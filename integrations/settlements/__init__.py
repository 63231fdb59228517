"""Readers of settlement files: one for each format, which maps its columns."""
