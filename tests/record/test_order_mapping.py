"""An order is loaded from its rows as its channel sent it."""

from dataclasses import replace

import pytest

from integrations.channels.registry import TRANSLATORS
from models.database import Sessions
from record.order_mapping import load_order
from record.orders.rows import new_order, request_hash
from record.orders.writer import OrderWriter
from tests.channels.payloads import CHANNELS, sample
from tests.factories import an_order


@pytest.mark.parametrize("name", ["ordinary", "quirky"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_an_order_is_loaded_as_its_channel_sent_it(sessions: Sessions, channel: str, name: str) -> None:
    # given
    translated = TRANSLATORS[channel].translate(sample(channel, name))
    order = replace(translated.order, test=translated.test)

    # when
    new = new_order(order, "the test")
    OrderWriter(sessions)([new])

    # then
    with sessions() as session:
        assert load_order(session, new.order_id) == order


def test_unset_flags_do_not_change_the_hash_of_older_orders() -> None:
    order = an_order()

    assert request_hash(replace(order, test=False, merchant_remarks="")) == request_hash(order)
    assert request_hash(replace(order, test=True)) != request_hash(order)
