"""How each platform says what happens to an order, in its own words: what tests place at the simulated platforms."""
