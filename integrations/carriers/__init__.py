"""The carriers that Baton speaks to in their own words: one translator each."""
