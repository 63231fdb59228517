"""Clients that upload parcels to platforms: one for each platform, all with the methods of Uploader."""
