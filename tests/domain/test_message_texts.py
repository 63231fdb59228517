"""Texts for customers: language, templates of staff before ours, and no unknown field."""

from dataclasses import replace
from typing import Any

import pytest

from domain import milestones
from domain.contents.customer import render
from domain.contents.fields import FIELDS, fields_of, message_name
from domain.contents.snapshot import Snapshot
from domain.contents.templates import LAST_RESORT, choose, fill, our_languages, read_texts
from domain.milestones import RECIPIENTS, RECIPIENTS_OF
from domain.order import Address
from domain.parameters import NotAParameter, read_value
from tests.domain.messages import CUPS, LAMPS, ORDER_ID, a_parcel, a_snapshot
from tests.factories import CHANNEL, an_order

NOTHING: dict[str, Any] = {}
SHIPPED = {"fulfillment_order_id": f"{ORDER_ID}-1"}


def written(channel: str = "*", language: str = "en", name: str = "shipped", **text: str) -> dict[str, Any]:
    whole = {"subject": "Off it goes", "text": "${waybill} is on the road"} | text
    return {channel: {language: {name: whole}}}


def shipped_in_two(**changes: Any) -> Snapshot:
    order = an_order(**changes)
    return a_snapshot(order, parcels=[a_parcel(order, 1, {LAMPS: 2}), a_parcel(order, 2, {CUPS: 1})])


def reading(language: str, country: str = "CN") -> Snapshot:
    return a_snapshot(replace(an_order(), language=language, ship_to=Address(country, name="Ouyang Xiadan")))


@pytest.mark.parametrize("language", our_languages())
def test_every_message_to_a_customer_has_a_text_in_every_language(language: str) -> None:
    assert {choose({}, CHANNEL, [language], name)[0] for name in FIELDS} == {language}


def test_every_milestone_for_customers_has_a_message() -> None:
    told = {milestone for milestone, who in RECIPIENTS_OF.items() if RECIPIENTS[0] in who}

    assert {message_name(milestone, {"status": how}) for milestone in told for how in ("approved", "rejected")} == set(
        FIELDS
    )


@pytest.mark.parametrize(
    ("of_customer", "of_channel", "country", "told_in"),
    [
        ("en", "zh-CN", "CN", "en"),
        ("", "en", "CN", "en"),
        ("", "", "CN", "zh-CN"),
        ("", "", "HK", "zh-CN"),
        ("", "", "GB", "en"),
        ("zh-TW", "", "GB", "zh-CN"),
        ("en-GB", "zh-CN", "CN", "en"),
        ("fr", "", "FR", LAST_RESORT),
        ("fr", "zh-CN", "CN", "zh-CN"),
    ],
    ids=lambda value: value or "none",
)
def test_the_language_is_the_customers_then_the_channels_then_the_countrys(
    of_customer: str, of_channel: str, country: str, told_in: str
) -> None:
    told = render(reading(of_customer, country), milestones.RECEIVED, NOTHING, {}, of_channel)

    assert told.content["language"] == told_in


def test_what_an_edit_left_is_told_and_not_what_was_ordered() -> None:
    # given two lamps, of which one was taken out
    snapshot = shipped_in_two()
    lines = [replace(line, withdrawn=1) if line.quantity > 1 else line for line in snapshot.lines]
    ordered = sum(line.quantity for line in snapshot.lines)

    # when
    fields = fields_of(replace(snapshot, lines=lines), milestones.EDITED, {"total": "9.00 CNY"})

    # then
    shown = sum(int(line.split(" ")[0]) for line in fields["lines"].splitlines())
    assert (fields["total"], shown) == ("9.00 CNY", ordered - sum(line.quantity > 1 for line in snapshot.lines))


def test_a_staff_text_for_the_channel_counts_before_one_for_all_channels() -> None:
    # given
    texts = read_texts(written("*", text="for all") | written(CHANNEL, text="for ours") | written("elsewhere"))

    # when
    ours, others = (
        render(snapshot, milestones.SHIPPED, SHIPPED, texts, "en").content["text"]
        for snapshot in (shipped_in_two(), shipped_in_two(channel="another"))
    )

    # then
    assert (ours, others) == ("for ours", "for all")


def test_the_customers_language_counts_before_a_staff_text_in_another() -> None:
    # given
    texts = read_texts(written(CHANNEL, "en", text="for ours"))

    # when
    told = render(shipped_in_two(), milestones.SHIPPED, SHIPPED, texts)

    # then
    assert told.content["language"] == "zh-CN"
    assert "SF-1" in told.content["text"]


def test_a_parcel_is_uploaded_with_its_goods_and_waybill() -> None:
    # when
    told = render(shipped_in_two(), milestones.SHIPPED, SHIPPED, {}, "").content

    # then
    assert "2 × ELEGANT-LAMP" in told["text"]
    assert "SF-1" in told["text"]
    assert "QUIET-TEACUP" not in told["text"]
    assert told["to"] == "xiadan@letters.example"


def test_a_line_whose_fields_are_all_empty_is_left_out() -> None:
    assert fill("Hello\nCarrier: ${carrier}\n${a} ${b}", {"carrier": "", "a": "", "b": "x"}) == "Hello\n x"


def test_what_a_customer_is_called_fills_no_field() -> None:
    assert fill("Hello ${name}", {"name": "${code} $1"}) == "Hello ${code} $1"


def test_two_parcels_are_two_texts_and_the_same_text_is_one() -> None:
    # given
    snapshot = shipped_in_two()
    of_both = read_texts(written(CHANNEL, "zh-CN", text="Something of ${order} is on its way, ${name}"))

    # when
    first, second = (
        render(snapshot, milestones.SHIPPED, {"fulfillment_order_id": f"{ORDER_ID}-{number}"}, {}) for number in (1, 2)
    )
    vague = [
        render(snapshot, milestones.SHIPPED, {"fulfillment_order_id": f"{ORDER_ID}-{number}"}, of_both)
        for number in (1, 2)
    ]

    # then
    assert first.digest != second.digest
    assert vague[0].digest == vague[1].digest


def test_the_digest_of_a_text_ignores_names() -> None:
    # given
    snapshot = reading("en")
    erased = replace(snapshot, order=replace(snapshot.order, ship_to=Address("CN", name="")))

    # then
    assert (
        render(snapshot, milestones.RECEIVED, NOTHING, {}).digest
        == render(erased, milestones.RECEIVED, NOTHING, {}).digest
    )


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (written(text="${waybil}"), "*.en.shipped.text: waybil is no field"),
        (written(subject="${code}"), "*.en.shipped.subject: code is no field"),
        (written(text="it costs $5"), "*.en.shipped.text has a $"),
        (written(text=" "), "*.en.shipped.text must be a text"),
        (written(subject="two\nlines"), "*.en.shipped.subject is more than one line"),
        (written(name="sent"), "*.en.sent is no message"),
        (written(language="English"), "*.English is no language"),
        (written(more="than that"), "*.en.shipped must have a subject and a text"),
    ],
)
def test_a_template_with_an_unknown_field_is_refused_by_name(value: dict[str, Any], named: str) -> None:
    with pytest.raises(NotAParameter, match="message_texts") as refused:
        read_value("message_texts", value)
    assert named in str(refused.value)


def test_a_text_lists_only_the_first_of_many_lines() -> None:
    # given
    order = an_order([(f"SKU-{number}", 1) for number in range(60)])

    # when
    goods = render(a_snapshot(order), milestones.RECEIVED, NOTHING, {}).content["fields"]["lines"]

    # then
    assert len(goods.splitlines()) == 51
    assert goods.endswith("… + 10")


def test_another_link_to_the_same_page_is_no_other_text() -> None:
    # given links of two days
    snapshot, links = shipped_in_two(), ("https://shop/1", "https://shop/2")
    texts = [render(snapshot, "shipped", SHIPPED, {}, link=link) for link in links]

    # then each text has its own, both count as one, and without a link there is no line for it
    assert [link in text.content["text"] for link, text in zip(links, texts, strict=True)] == [True, True]
    assert texts[0].digest == texts[1].digest
    assert "查看订单" not in render(snapshot, "shipped", SHIPPED, {}).content["text"]
