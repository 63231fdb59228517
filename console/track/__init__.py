"""The customer's page of an order: where it is, and what may be done with it now."""
