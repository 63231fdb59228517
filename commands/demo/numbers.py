"""The orders of the demo that have a story, by the numbers that their channels gave them."""

# The simulators read a trouble from an order's number (docs/partners.md); other stories come from the baskets, from how
# an order is paid, and from its address.
CARRIER_DOWN, LATE_WEBHOOK, DUPLICATE = "W-1003-CARRIER-DOWN", "W-1009-LATE-WEBHOOK", "TM-2004-DUPLICATE-WEBHOOK"
UNSETTLED, SLOW_ERP, ON_THE_ROAD = "TM-2007-PAYMENT-UNSETTLED", "TM-2013-SLOW-ERP", "W-1018-LATE-DELIVERY"
# While the carriers are down it waits packed for a few seconds, time enough to cancel it in the warehouse.
IN_THE_WAREHOUSE = "W-1015-CARRIER-DOWN"
SHORT_PICK, NO_STREET, RETURNED = "W-1006", "W-1012", "W-1020"
TWO_PLACES, TWICE, REJECTED, LAST_FOUR = "TM-2002", "TM-2005", "TM-2010", "TM-2016"
BACKORDER, FROM_THE_STORE = "UK-3004", "UK-3008"
ON_CREDIT, IN_TWO_PARCELS, EDITED, AT_THE_DOOR = "W-1002", "W-1005", "W-1008", "TM-2008"
EXCHANGED, SENT_INSTEAD, PRESOLD = "W-1011", "X-W-1011-CASE-78", "TM-2021"

APP, TILL = "app", "till"
TOGETHER = ("APP-4001", "APP-4002")
"""Two orders of one customer, on a channel that lets such orders share a parcel."""
SHIPPED_BY_THE_APP, PAST, RECEIPT = "APP-4003", "APP-0099", "CG-17"
"""An order that its channel shipped itself, one of the past, and one that was carried home from a store."""
HOTEL = "HOTEL-7"
"""A customer who buys on credit."""
