"""What support staff can search for in the Temporal UI. Everybody with access to it reads these: no personal data."""

from temporalio.common import SearchAttributeKey

ORDER_ID = SearchAttributeKey.for_keyword("OrderId")
CHANNEL = SearchAttributeKey.for_keyword("Channel")
CHANNEL_ORDER_ID = SearchAttributeKey.for_keyword("ChannelOrderId")
CUSTOMER_ID = SearchAttributeKey.for_keyword("CustomerId")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
RETURN_ID = SearchAttributeKey.for_keyword("ReturnId")
RETURN_STATUS = SearchAttributeKey.for_keyword("ReturnStatus")
HOLDS = SearchAttributeKey.for_keyword_list("Holds")
LOCATIONS = SearchAttributeKey.for_keyword_list("Locations")
WAYBILLS = SearchAttributeKey.for_keyword_list("Waybills")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")

ALL = (
    ORDER_ID,
    CHANNEL,
    CHANNEL_ORDER_ID,
    CUSTOMER_ID,
    ORDER_STATUS,
    RETURN_ID,
    RETURN_STATUS,
    HOLDS,
    LOCATIONS,
    WAYBILLS,
    NEEDS_ATTENTION,
)
