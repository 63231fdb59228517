"""Goods that may not be sent or carried, and the rules of cross-border retail import."""

from collections.abc import Iterator
from typing import Any

from domain.audit_facts import DAY, HOLD, PASS, REJECT, AuditFacts, Finding
from domain.cross_border import composite_rate, import_value, is_single_item, tax_due, value_shares
from domain.money import Money
from domain.parameters import ANYWHERE

FULL_DUTY = 100


def cross_border_inputs(facts: AuditFacts) -> dict[str, Any]:
    buyer, imports = facts.order.buyer, facts.imports
    if not facts.cross_border:
        return {"cross_border": False}
    return {
        "cross_border": True,
        "value": _amount(import_value(facts.order)),
        "year_used": _amount(Money(imports.year_minor, facts.order.currency)),
        "near_used": _amount(Money(imports.near_minor, facts.order.currency)),
        "near_orders": imports.near_orders,
        "id_last4": buyer.id_last4 if buyer else "",
    }


def prohibited_goods(facts: AuditFacts) -> Iterator[Finding]:
    """Goods that are prohibited in a country. Nobody may release that, so the order is rejected."""
    country = facts.order.ship_to.country
    lists = [facts.parameters.prohibited[key] for key in (ANYWHERE, country) if key in facts.parameters.prohibited]
    for line_no, sku, product in facts.sold():
        code, kind = product.hs_code.replace(".", ""), product.dangerous_goods_class
        if any(kind in goods.classes or (code and code.startswith(goods.hs_codes)) for goods in lists):
            looked_at = {"sku": sku, "hs_code": product.hs_code, "class": kind, "country": country}
            reason = f"{sku} may not be sent to {country}"
            yield Finding("prohibited_goods", REJECT, "PROHIBITED_GOODS", reason, "compliance", looked_at, line_no)


def not_carried(facts: AuditFacts) -> Iterator[Finding]:
    """Dangerous goods need a carrier that delivers there and takes their class."""
    to = facts.order.ship_to
    there = [carrier for carrier in facts.parameters.carriers if carrier.reaches(to.country, to.province)]
    for line_no, sku, product in facts.sold():
        kind = product.dangerous_goods_class
        if kind and not any(kind in carrier.dangerous_goods for carrier in there):
            reason, looked_at = f"no carrier takes {sku} there, which is {kind}", {"sku": sku, "class": kind}
            yield Finding("not_carried", HOLD, "DANGEROUS_GOODS", reason, "staff", looked_at, line_no)


def no_real_name(facts: AuditFacts) -> Iterator[Finding]:
    """Customs require the importer's identity. The number was verified when the order came in, and is not kept."""
    if facts.cross_border and not (facts.order.buyer and facts.order.buyer.id_token):
        reason = "cross-border goods need the buyer's real name and identity number"
        yield Finding("no_real_name", HOLD, "REAL_NAME", reason, "compliance", {}, 0, 15 * DAY, "cancel")


def not_positive_listed(facts: AuditFacts) -> Iterator[Finding]:
    """Only goods on the positive list may be imported as cross-border retail."""
    if not facts.cross_border:
        return
    for line_no, sku, product in facts.sold():
        if product.cross_border and not (product.positive_listed and product.hs_code):
            looked_at = {"sku": sku, "hs_code": product.hs_code}
            reason = f"{sku} is not on the positive list"
            yield Finding("not_positive_listed", HOLD, "POSITIVE_LIST", reason, "compliance", looked_at, line_no)


def over_order_limit(facts: AuditFacts) -> Iterator[Finding]:
    """An order must be within the limit, or be a single item, which is let in at full duty."""
    if not facts.cross_border:
        return
    value, limit = import_value(facts.order), facts.parameters.import_order_limit
    if not _comparable(value, limit):
        yield _limit(
            "over_order_limit", "IMPORT_ORDER_LIMIT", f"{_amount(value)} has no limit on record to be held against"
        )
    elif limit and not value <= limit and not is_single_item(facts.order):
        yield _limit("over_order_limit", "IMPORT_ORDER_LIMIT", f"{_amount(value)} is above {_amount(limit)} an order")


def over_year_limit(facts: AuditFacts) -> Iterator[Finding]:
    """A person's imports in a calendar year, over all channels and with this order, must be within the limit."""
    if not facts.cross_border:
        return
    value, limit = import_value(facts.order), facts.parameters.import_year_limit
    total = value + Money(facts.imports.year_minor, value.currency)
    if not _comparable(value, limit):
        yield _limit(
            "over_year_limit", "IMPORT_YEAR_LIMIT", f"{_amount(value)} has no limit on record to be held against"
        )
    elif limit and not total <= limit:
        yield _limit(
            "over_year_limit", "IMPORT_YEAR_LIMIT", f"{_amount(value)} more is above {_amount(limit)} a person and year"
        )


def around_the_limit(facts: AuditFacts) -> Iterator[Finding]:
    """Several orders of one person within a short time look like one order that was split to stay below the limit."""
    value, limit = import_value(facts.order), facts.parameters.import_order_limit
    if not facts.cross_border or not facts.imports.near_orders or not limit or limit.currency != value.currency:
        return
    together = value + Money(facts.imports.near_minor, value.currency)
    if not together <= limit:
        reason = f"together with the buyer's other orders {_amount(value)} is above {_amount(limit)} an order"
        yield _limit("around_the_limit", "IMPORT_SPLIT", reason)


def wrong_tax(facts: AuditFacts) -> Iterator[Finding]:
    """Compute the composite tax. If tax was charged on top it must equal that, within one minor unit for each line."""
    percent, limit = facts.parameters.import_tax_percent, facts.parameters.import_order_limit
    if not facts.cross_border or percent is None or limit is None:
        return
    value = import_value(facts.order)
    percent = percent if value.currency == limit.currency and value <= limit else FULL_DUTY
    due, rates = Money(0, value.currency), dict[str, str]()
    for line, share in value_shares(facts.order):
        product = facts.products.get(line.sku)
        if product is None or product.vat is None or product.consumption_tax is None:
            yield Finding(
                "wrong_tax", HOLD, "IMPORT_TAX", f"no tax rates are known of {line.sku}", "finance", {}, line.line_no
            )
            return
        rate = composite_rate(product.vat, product.consumption_tax, percent)
        rates[line.sku], due = f"{float(rate):.2%}", due + tax_due(share, rate)
    charged, looked_at = facts.order.tax, {"due": _amount(due), "rates": rates}
    if charged.minor_units and abs((charged - due).minor_units) > len(facts.order.lines):
        reason = f"{_amount(charged)} of tax was charged, {_amount(due)} is due"
        yield Finding("wrong_tax", HOLD, "IMPORT_TAX", reason, "finance", looked_at)
    else:
        yield Finding("wrong_tax", PASS, "", "", facts=looked_at)


def _limit(rule: str, code: str, reason: str) -> Finding:
    return Finding(rule, HOLD, code, reason, "compliance")


def _comparable(value: Money, limit: Money | None) -> bool:
    return limit is not None and limit.currency == value.currency


def _amount(amount: Money) -> str:
    return f"{amount.text} {amount.currency}"
