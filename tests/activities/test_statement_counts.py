"""What the steps of a plain order cost in SQL statements: upper bounds, so that nobody makes an order dearer unseen."""

import pytest

from tests.activities.story import STORY, Steps
from tests.counting import statements_of


@pytest.mark.parametrize(
    ("step", "most"),
    [
        # One before the warehouse is asked, one after.
        ("release_to_pick", 2),
        # The parcel, the parameters, which a test does not cache, the choice of the carrier; then the waybill.
        ("book_shipment", 4),
        # The status, the money, and the end with its messages.
        ("end_order", 3),
        # The locks, what belongs to the work, the report, and all that it changes.
        ("record_progress:picking", 5),
    ],
)
def test_a_step_of_a_plain_order_needs_few_statements(steps: Steps, step: str, most: int) -> None:
    # given
    steps.before(step)

    # when
    with statements_of(steps.sessions) as sent:
        STORY[step](steps)

    # then
    # The webhook of a report is stored by the test.
    assert len(sent) <= most, "\n".join(sent)
