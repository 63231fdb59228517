"""The subcommands of `baton`, one file each."""
