"""Messages to customers by several ways, and the gateway of template messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from domain.errors import PartnerTrouble
from integrations.customer_messages import CustomerMessages
from integrations.http import PartnerHttp
from integrations.messages import Handover, Message, MessageInbox
from integrations.partners import connect_partners
from integrations.template_messages import TemplateMessages
from settings import Settings, Smtp
from tests.conftest import SECRETS_KEY
from tests.conftest import partner as partner_at

FIELDS = {"name": "Lin Xia", "order": "TM-1", "lines": "1 × a secret gift", "carrier": "SF", "waybill": "SF-1"}


@dataclass
class Way:
    """An adapter that takes everything but what `troubles` names by message id."""

    troubles: Mapping[str, Handover | PartnerTrouble] = field(default_factory=dict)
    give_up_after: timedelta = timedelta(days=1)
    batches: list[list[str]] = field(default_factory=list)
    seen: list[Message] = field(default_factory=list)

    def deliver(self, messages: Sequence[Message]) -> Handover:
        names = [str(one["message_id"]) for one in messages]
        self.batches.append(names)
        self.seen += messages
        for name in names:
            if trouble := self.troubles.get(name):
                if isinstance(trouble, PartnerTrouble):
                    raise trouble
                return trouble
        return Handover(frozenset(names))


def message(message_id: str, order_id: str, way: str = "", **changes: Any) -> dict[str, Any]:
    to = {"to": "+86 138 0013 8000", "language": "zh-CN", "fields": FIELDS}
    whole = {"message_id": message_id, "order_id": order_id, "milestone": "shipped", "data": to, **changes}
    return {**whole, "way": way} if way else whole


def test_each_way_gets_its_messages_and_an_order_keeps_its_sequence() -> None:
    # given an order that changes the way and comes back, and one of the inbox
    smtp, sms, inbox = Way(), Way(), Way()
    ways = CustomerMessages({"smtp": smtp, "sms": sms, "inbox": inbox})
    messages = [message("A1", "A", "smtp"), message("A2", "A", "sms"), message("A3", "A", "smtp"), message("B1", "B")]

    # when
    handover = ways.deliver(messages)

    # then
    assert handover == Handover(frozenset({"A1", "A2", "A3", "B1"}))
    assert (smtp.batches, sms.batches, inbox.batches) == ([["A1"], ["A3"]], [["A2"]], [["B1"]])
    assert all("way" not in seen for seen in smtp.seen)


def test_a_way_that_is_away_delays_its_own_orders_only() -> None:
    # given
    smtp, sms = Way({"A1": PartnerTrouble("smtp: away")}), Way()
    ways = CustomerMessages({"smtp": smtp, "sms": sms})
    messages = [message("A1", "A", "smtp"), message("A2", "A", "sms"), message("B1", "B", "sms")]

    # when / then
    assert ways.deliver(messages) == Handover(frozenset({"B1"}), {"A": "smtp: away"})
    assert sms.batches == [["B1"]]


def test_if_all_are_away_the_recipient_is() -> None:
    ways = CustomerMessages({"smtp": Way({"A1": PartnerTrouble("smtp: away")})})

    with pytest.raises(PartnerTrouble, match="smtp: away"):
        ways.deliver([message("A1", "A", "smtp")])


def test_after_its_time_no_further_adapter_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    # given ways that have used up their time with the first batch
    clock = SimpleNamespace(monotonic=iter([0.0, 1.0, 99.0]).__next__)
    monkeypatch.setattr("integrations.customer_messages.time", clock)
    smtp, sms = Way(), Way()
    ways = CustomerMessages({"smtp": smtp, "sms": sms})

    # when / then the others are neither taken nor refused
    assert ways.deliver([message("A1", "A", "smtp"), message("B1", "B", "sms")]) == Handover(frozenset({"A1"}))
    assert sms.batches == []


def test_an_order_without_an_address_says_so_by_a_code() -> None:
    # given
    smtp = Way()
    messages = [message("A1", "A", "smtp"), message("A2", "A", "no_email"), message("A3", "A", "smtp")]

    # when / then what comes before it is sent, and nothing after it
    assert CustomerMessages({"smtp": smtp}).deliver(messages) == Handover(frozenset({"A1"}), refused={"A": "no_email"})
    assert smtp.batches == [["A1"]]


def test_a_refusal_for_good_holds_up_its_order_alone() -> None:
    smtp = Way({"A1": Handover(frozenset({"B1"}), refused={"A": "recipient_refused_550"})})
    messages = [message("A1", "A", "smtp"), message("A2", "A", "sms"), message("B1", "B", "smtp")]

    handover = CustomerMessages({"smtp": smtp, "sms": Way()}).deliver(messages)

    assert handover == Handover(frozenset({"B1"}), refused={"A": "recipient_refused_550"})


def test_a_template_message_names_neither_the_person_nor_the_goods(
    partner: Callable[[str], PartnerHttp], ask: httpx2.Client
) -> None:
    # given the gateway's ids by language, by message, and neither
    gateway = TemplateMessages(partner("inbox"), {"shipped.zh-CN": "SMS-1", "return_rejected": "SMS-2"})
    rejected = {"milestone": "return_decided", "data": {**message("", "")["data"], "status": "rejected"}}
    messages = [message("T-1", "T"), message("T-2", "T", **rejected), message("T-3", "T", milestone="canceled")]

    # when they are sent twice
    handovers = [gateway.deliver(messages), gateway.deliver(messages)]

    # then each is sent once
    sent = [one for one in ask.get("/inbox/template-messages").json()["messages"] if one["message_id"][:2] == "T-"]
    assert handovers == [Handover(frozenset({"T-1", "T-2", "T-3"}))] * 2
    assert [one["template"] for one in sent] == ["SMS-1", "SMS-2", "canceled"]
    assert sent[0] == {
        "message_id": "T-1",
        "to": "+86 138 0013 8000",
        "template": "SMS-1",
        "language": "zh-CN",
        "parameters": {"order": "TM-1", "carrier": "SF", "waybill": "SF-1"},
    }


def test_a_number_that_the_gateway_refuses_holds_up_its_order_alone(partner: Callable[[str], PartnerHttp]) -> None:
    # given
    gone = message("G-1", "G", data={**message("", "")["data"], "to": "+86 138 0000000"})

    # when
    handover = TemplateMessages(partner("inbox"), {}).deliver([gone, message("G-2", "H")])

    # then
    assert handover == Handover(frozenset({"G-2"}), refused={"G": "number_not_in_use"})


PARTNERS = dict.fromkeys(("wms", "tms", "payments", "erp", "crm", "channel", "inbox"), partner_at())


def settings_with(**changes: Any) -> Settings:
    return Settings(_env_file=None, secrets_key=SECRETS_KEY, **PARTNERS, **changes)


def test_adapters_are_chosen_by_settings() -> None:
    # given
    smtp = Smtp(host="127.0.0.1", sender="orders@shop.example", give_up_after=timedelta(days=9))
    ways = {"*": ["smtp", "inbox"]}

    # when / then
    assert isinstance(connect_partners(settings_with()).inboxes["inbox"], MessageInbox)
    partners = connect_partners(settings_with(customer_messages=ways, smtp=smtp))
    assert partners.ways == ways
    assert isinstance(partners.inboxes["inbox"], CustomerMessages)
    assert partners.inboxes["inbox"].give_up_after == timedelta(days=9)


@pytest.mark.parametrize("way", ["smtp", "sms"])
def test_a_way_without_its_settings_is_refused_at_the_start(way: str) -> None:
    with pytest.raises(ValidationError, match=f"customer_messages uses {way}, which is not set"):
        settings_with(customer_messages={"*": [way]})
