"""Channels are asked for orders and told of stock."""
