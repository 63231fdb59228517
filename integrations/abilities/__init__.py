"""What each platform can do in each matter, what Baton does of it, and where that is known from: docs/channels.md."""
