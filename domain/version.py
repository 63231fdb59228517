"""The version of Baton, as its API and the events of its workers in Temporal name it."""

VERSION = "0.1.0"
