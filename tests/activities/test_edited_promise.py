"""An order that is edited to go elsewhere promises the days of its new place, and warns by them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from commands.parameters import set_parameter
from domain.editing.wanted import WantedEdit
from models.order import OrderRow
from record.order_mapping import load_order
from tests.activities.story import Steps, make_edit

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = {"*": {"standard": 5}, "西藏自治区": {"standard": 9}}


def test_an_address_far_away_takes_longer_and_the_shipping_stays(steps: Steps) -> None:
    # given an accepted order
    set_parameter(steps.sessions, "ship_hours", {"*": {"standard": 48}}, LONG_AGO, None, "as agreed", "sun")
    set_parameter(steps.sessions, "delivery_days", DAYS, LONG_AGO, None, "as agreed", "sun")
    steps.up_to("audit_order")
    before, warned = promise_of(steps)

    # when
    with steps.sessions() as session:
        far = replace(load_order(session, steps.order_id).ship_to, province="西藏自治区", city="拉萨市")
    assert make_edit(steps, WantedEdit(ship_to=far)).state == "applied"

    # then
    after, warns = promise_of(steps)
    assert after == (before[0], before[1] + timedelta(days=4))
    assert warned < warns < after[1]


def promise_of(steps: Steps) -> tuple[tuple[datetime, datetime], datetime]:
    with steps.sessions() as session:
        row = session.get_one(OrderRow, steps.order_id)
        assert row.promised_ship_by
        assert row.promised_deliver_by
        assert row.warn_deliver_at
        return (row.promised_ship_by, row.promised_deliver_by), row.warn_deliver_at
