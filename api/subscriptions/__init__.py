"""Who wants to hear what happens to orders."""
