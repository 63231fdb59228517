"""The program of the demo: its scenes, and how its orders end."""

from commands.demo import money, numbers, scenes, takeover, troubles

SCENES = (
    takeover.history,
    takeover.shipped_by_the_app,
    takeover.carried_home,
    scenes.sent_twice,
    troubles.unsettled_payment,
    scenes.incomplete_address,
    money.edited,
    money.in_two_parcels,
    money.cash_on_delivery,
    money.on_credit,
    money.presold,
    scenes.together,
    troubles.split_by_goods,
    troubles.split_by_units,
    troubles.from_the_store,
    scenes.backorder,
    troubles.short_pick,
    troubles.pick_rejected,
    troubles.carrier_down,
    troubles.duplicate_webhooks,
    troubles.late_webhooks,
    troubles.slow_finance,
    scenes.canceled_in_the_warehouse,
    scenes.canceled_on_the_road,
    scenes.returned,
    money.exchanged,
)
"""All scenes, in the order in which the demo tells them."""

CANCELED = (numbers.IN_THE_WAREHOUSE, numbers.ON_THE_ROAD)
BROUGHT = (numbers.SHIPPED_BY_THE_APP, numbers.RECEIPT, numbers.PRESOLD, numbers.SENT_INSTEAD)
"""Orders that come with their scenes."""
