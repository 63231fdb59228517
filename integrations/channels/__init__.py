"""One translator a channel: theirs ↔ ours. They only read and write texts; nothing here opens a connection."""
