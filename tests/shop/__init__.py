"""Stories of a real shop, over sockets: its money, its orders and its people."""
