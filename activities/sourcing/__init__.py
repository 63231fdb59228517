"""Who sends an order: what it needs, what is there, and claims on it by many orders at once."""
