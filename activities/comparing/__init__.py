"""The books of partners, held against the record."""
