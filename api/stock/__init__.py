"""Products, locations, stock and purchase orders."""
