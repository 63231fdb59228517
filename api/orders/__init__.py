"""Place orders, read them, and send them commands."""
