"""The checks before work starts, by theme. To add one, write it in its file of domain/checks and add it here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.audit_facts import HOLD, PASS, REJECT, AuditFacts, Finding, Inputs, Rule
from domain.checks import address, buyer, cross_border, goods, payment, remarks, tenders

VERSION = "2026-12-04"
"""Version of all rules below. Change it whenever you change what one of them finds."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Checks that look at the same facts. `inputs` gives these facts as JSON."""

    inputs: Inputs
    rules: tuple[Rule, ...]


THEMES: Mapping[str, Theme] = {
    "payment": Theme(
        payment.payment_inputs,
        (
            payment.unpaid,
            payment.wrong_amount,
            payment.not_on_delivery,
            payment.over_credit,
            payment.charge_due,
            payment.disputed,
            payment.wrong_sums,
            tenders.unpaid_tender,
            tenders.balance_due,
            tenders.wrong_tender,
        ),
    ),
    "address": Theme(
        address.address_inputs,
        (
            address.incomplete_address,
            address.unclear_region,
            address.wrong_form,
            address.wrong_phone,
            address.undeliverable,
            address.remote_area,
            address.unknown_store,
        ),
    ),
    "goods": Theme(
        goods.goods_inputs,
        (
            goods.test_order,
            goods.unknown_goods,
            goods.not_for_sale,
            goods.wrong_channel,
            goods.too_many,
            goods.part_on_its_own,
            goods.duplicate,
        ),
    ),
    "buyer": Theme(buyer.buyer_inputs, (buyer.blocked_buyer, buyer.too_often, buyer.unusual_amount)),
    "remarks": Theme(remarks.remarks_inputs, (remarks.unclear_remarks,)),
    "cross_border": Theme(
        cross_border.cross_border_inputs,
        (
            cross_border.prohibited_goods,
            cross_border.not_carried,
            cross_border.no_real_name,
            cross_border.not_positive_listed,
            cross_border.over_order_limit,
            cross_border.over_year_limit,
            cross_border.around_the_limit,
            cross_border.wrong_tax,
        ),
    ),
}
AUDIT_RULES: tuple[Rule, ...] = tuple([rule for theme in THEMES.values() for rule in theme.rules])
STILL_MATTER: frozenset[Rule] = frozenset({*THEMES["payment"].rules, goods.test_order})
"""The rules for an order of which nothing is left to send, since its channel has shipped it."""
# Most rules find nothing in most orders, so that is said once.
_PASSED = {rule: (Finding(rule.__name__, PASS, "", "", version=VERSION),) for rule in AUDIT_RULES}
_THEME_OF = {rule.__name__: name for name, theme in THEMES.items() for rule in theme.rules}


def audit(facts: AuditFacts) -> list[Finding]:
    """One or more findings for each rule, in the order of the table; a rule that finds nothing passes."""
    return [finding for rule in AUDIT_RULES for finding in (_findings(rule, facts) or _PASSED[rule])]


def _findings(rule: Rule, facts: AuditFacts) -> list[Finding]:
    if facts.nothing_to_send and rule not in STILL_MATTER:
        return []
    found = [replace(one, version=VERSION) for one in rule(facts)]
    if facts.elsewhere:
        # What has been shipped cannot be refused any more: a person decides.
        return [replace(one, verdict=HOLD) if one.verdict == REJECT else one for one in found]
    return found


def inputs(facts: AuditFacts) -> dict[str, dict[str, Any]]:
    """The facts that each theme looked at, as JSON without personal data."""
    return {name: theme.inputs(facts) for name, theme in THEMES.items()}


def theme_of(rule: str) -> str:
    """The theme of a rule, or empty if the rule is not in the table."""
    return _THEME_OF.get(rule, "")
