"""Access to platforms whose tokens end: each file renews the tokens of one platform, with the method of Renewer."""
