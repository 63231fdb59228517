"""Clients that pay money back through platforms: one for each platform, all with the methods of Refunder."""
