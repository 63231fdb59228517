"""Orders come in, are looked at, and are asked to do something."""
