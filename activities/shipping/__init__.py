"""From the pick to the door: parcels, bookings, the road, and what partners report of them."""
