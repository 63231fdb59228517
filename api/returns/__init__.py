"""What comes back, and what is paid for it."""
