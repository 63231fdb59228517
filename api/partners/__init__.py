"""What partners say, what they are told, and where their books differ from ours."""
