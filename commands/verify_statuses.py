"""Groups of statuses, as the queries of `baton verify` list them."""

from collections.abc import Iterable

from domain.status import ORDER, RETURN, OrderStatus, is_final


def texts(values: Iterable[str]) -> str:
    """Return the values as SQL lists them."""
    return ", ".join(f"'{value}'" for value in values)


ENDED = texts(status for status in OrderStatus if is_final(ORDER, status))
UNDONE = texts(status for status in OrderStatus if is_final(ORDER, status) and status != OrderStatus.COMPLETED)
CASE_ENDED = texts(status for status in RETURN if is_final(RETURN, status))
