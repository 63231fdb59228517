"""Clients that push stock to platforms: one for each platform, all with the methods of Pusher."""
