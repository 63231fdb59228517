"""Read the tenders of an order: in the plain format by themselves, and for every channel what is wrong with them."""

from collections.abc import Sequence

from domain.money import Money
from domain.tenders import MAX_TENDERS, Tender, TenderKind, problems, reference_of
from integrations.channels import shaping
from integrations.channels.reading import Reader

TENDER = ("kind", "method", "reference", "amount", "due_at", "collected")


def read_tenders(order: Reader, name: str, currency: str, zone: str) -> list[Tender]:
    """The tenders of the plain format. What the channel collects is in, unless it is due later."""
    return [_read(number, one, currency, zone) for number, one in enumerate(order.objects(name), 1)]


def checked(order: Reader, name: str, tenders: Sequence[Tender], total: Money, own: str) -> tuple[Tender, ...]:
    """The tenders, if they are possible together and with the order's own payment."""
    if len(tenders) > MAX_TENDERS:
        raise order.wrong(name, f"are more than {MAX_TENDERS}")
    for index, field, reason in problems(tenders, total, own):
        raise order.wrong(f"{name}[{index}].{field}", reason)
    return tuple(tenders)


def _read(number: int, one: Reader, currency: str, zone: str) -> Tender:
    one.allow_only(*TENDER)
    if (named := one.need_text("kind")) not in list(TenderKind):
        raise one.wrong("kind", f"is none of {', '.join(TenderKind)}")
    kind, due_at = TenderKind(named), one.time("due_at", zone)
    collected = one.flag("collected") if one.has("collected") else kind is TenderKind.PLATFORM and not due_at
    reference = reference_of(kind, shaping.reference(one, "reference"))
    return Tender(
        number, kind, reference, one.need_money("amount", currency), one.text("method", 40), due_at, collected
    )
