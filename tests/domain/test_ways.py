"""Which way a customer is told of a milestone, and under which address."""

import pytest

from domain.contents.ways import BY_INBOX, Ways, check_ways, choose_way
from domain.order import Address

MAIL, PHONE = "lin@mail.example", "+86 138 0013 8000"


@pytest.mark.parametrize(
    ("tried", "email", "phone", "way"),
    [
        (["inbox"], MAIL, PHONE, ("inbox", MAIL)),
        (["inbox"], "", PHONE, ("inbox", PHONE)),
        (["inbox"], "", "", ("inbox", "")),
        (["smtp"], MAIL, PHONE, ("smtp", MAIL)),
        (["smtp", "sms"], "", PHONE, ("sms", PHONE)),
        (["sms", "smtp"], MAIL, PHONE, ("sms", PHONE)),
        (["smtp", "nobody"], "", PHONE, ("nobody", "")),
        (["smtp", "inbox"], "", PHONE, ("inbox", PHONE)),
        # What is missing has a name.
        (["smtp"], "", PHONE, ("no_email", "")),
        (["sms"], MAIL, "", ("no_phone", "")),
        (["smtp", "sms"], "", "", ("no_address", "")),
        # What channels write where there is none, or mask, is no address.
        (["smtp"], "li**@mail.example", "", ("no_email", "")),
        (["smtp"], "none", "", ("no_email", "")),
        (["smtp"], "a@b.example, c@d.example", "", ("no_email", "")),
        (["smtp"], "a@b.example\nBcc: c@d.example", "", ("no_email", "")),
        (["sms"], "", "138****8000", ("no_phone", "")),
    ],
)
def test_the_first_way_with_an_address_is_taken(tried: list[str], email: str, phone: str, way: tuple[str, str]) -> None:
    assert choose_way({"*": tried}, "shipped", Address("CN", email=email, phone=phone)) == way


def test_a_milestone_may_have_its_own_ways() -> None:
    ways = {"*": ["smtp"], "ready": ["sms"]}

    assert choose_way(ways, "ready", Address("CN", email=MAIL, phone=PHONE)) == ("sms", PHONE)
    assert choose_way(ways, "received", Address("CN", email=MAIL, phone=PHONE)) == ("smtp", MAIL)


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ({}, r"\* is missing"),
        ({"shipped": ["smtp"]}, r"\* is missing"),
        ({"*": []}, r"\* must list"),
        ({"*": ["smtp"], "shiped": ["smtp"]}, "shiped is no message"),
        ({"*": ["pigeon"]}, r"\* must list one or more of inbox, smtp, sms, nobody"),
    ],
)
def test_ways_that_cannot_be_are_refused(ways: Ways, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_ways(ways)


def test_by_default_the_inbox_is_told_everything() -> None:
    check_ways(BY_INBOX)
