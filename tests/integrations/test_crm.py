"""The CRM client against the simulated CRM."""

from collections.abc import Callable

import httpx2
import pytest

from domain.errors import UnknownCustomer
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from tests.integrations.test_messages import message


def test_points_are_those_awarded_less_those_spent(partner: Callable[[str], PartnerHttp], ask: httpx2.Client) -> None:
    # given a customer with a slash in the name, who got 30 points and spent 40
    award = message("CRM-POINTS", "ORDER-POINTS") | {"data": {"customer_id": "C/1", "points": 30}}
    MessageInbox(partner("crm")).deliver([award])
    assert ask.post("/crm/points-spent", json={"customer_id": "C/1", "points": 40}).status_code == 200

    # when / then
    assert Crm(partner("crm")).points("C/1") == -10


def test_a_customer_without_messages_is_unknown(partner: Callable[[str], PartnerHttp]) -> None:
    with pytest.raises(UnknownCustomer):
        Crm(partner("crm")).points("NOBODY")
