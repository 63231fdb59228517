"""Products, locations, stock and what is bought."""
