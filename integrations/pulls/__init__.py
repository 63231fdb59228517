"""Clients that fetch orders from platforms: one for each platform, all with the methods of Puller."""
