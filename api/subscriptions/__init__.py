"""Subscriptions to events of orders, their deliveries, and the event stream."""
