"""The screen of the demo: a live table in a terminal, elsewhere a line every two seconds."""

from collections.abc import Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from commands.demo.board import PLACES, Board, Event

LINE_EVERY_SECONDS = 2.0

WORDS: Mapping[str, str] = {
    "order.received": "is received",
    "order.held": "is held: {reason}",
    "order.released": "is no longer held for its {code}: {note}",
    "order.accepted": "is accepted",
    "order.changed": "is changed: {fields}",
    "order.instructed": "has wishes for its delivery",
    "order.fulfilled_elsewhere": "is shipped by its channel",
    "order.completed": "is completed",
    "order.canceled": "is canceled: {reason}",
    "order.rejected": "is rejected: {reason}",
    "payment.authorized": "has {amount} {currency} reserved",
    "payment.captured": "is paid, {amount} {currency}",
    "reservation.created": "has {units} units reserved",
    "reservation.released": "lets go of {units} units",
    "sourcing.decided": "is sourced: {why}",
    "sourcing.failed": "waits for stock: {why}",
    "fulfillment_order.released": "{location_id} is asked to pick",
    "fulfillment_order.picked": "is picked",
    "fulfillment_order.short_picked": "is picked short: {short}",
    "fulfillment_order.packed": "is packed",
    "fulfillment_order.shipped": "is shipped",
    "fulfillment_order.delivered": "is delivered",
    "fulfillment_order.rejected": "{location_id} does not pick it: {reason}",
    "fulfillment_order.canceled": "is called back from the warehouse",
    "shipment.booked": "travels with {carrier}, waybill {waybill}",
    "shipment.carrier_refused": "{carrier} does not take it, the next one is asked",
    "shipment.carrier_corrected": "travels with {carrier} after all",
    "shipment.label_printed": "has its label printed",
    "shipment.voided": "gives its waybill back",
    "shipment.tracking_updated": "the carrier says: {status}",
    "shipment.interception_asked": "the carrier is asked to stop the parcel",
    "shipment.interception_answered": "the carrier has answered",
    "invoice.issued": "is invoiced",
    "refund.succeeded": "{amount} {currency} are refunded",
    "return.credited": "{amount} {currency} are given as store credit",
    "return.requested": "the customer wants to return goods",
    "return.approved": "the return is approved",
    "return.rejected": "the return is rejected: {reason}",
    "return.label_issued": "the return has its label",
    "return.in_transit": "the returned goods are on their way",
    "return.follow_up_placed": "other goods are reserved in exchange",
    "return.follow_up_sent": "other goods are sent in exchange",
    "return.received": "the returned goods are in",
    "return.inspected": "the returned goods are inspected",
    "return.goods_judged": "the returned goods become: {goods}",
    "return.settled": "the return is settled",
    "return.closed": "the return is closed",
    "alert.raised": "needs a person: {reason}",
}
"""A sentence for each type of event; other events are shown by their type."""


class Screen:
    """Shows the board inside the block; `say` prints lines above it that stay."""

    def __init__(self, console: Console, expected: int) -> None:
        self._console = console
        self._expected = expected
        self._began = monotonic()
        self._last_line = 0.0
        self._live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    @property
    def seconds(self) -> float:
        return monotonic() - self._began

    def say(self, words: str) -> None:
        """Print what was done, with the seconds since the start."""
        self._console.print(Text.assemble((f"{self.seconds:5.1f} s  ", "dim"), words), soft_wrap=True)

    def show(self, board: Board) -> None:
        """Draw the board as it is now."""
        if self._live:
            self._live.update(Group(self._bar(board), _table(board), _events(board)))
        elif self.seconds - self._last_line >= LINE_EVERY_SECONDS:
            self._last_line = self.seconds
            places = board.places()
            counts = " · ".join(f"{places[place]} {place}" for place in PLACES if places[place])
            self.say(f"{board.ended} of {self._expected} orders have ended: {counts or 'none is here yet'}")

    def _bar(self, board: Board) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        counts = f"{len(board.orders)} received, {board.ended} of {self._expected} ended, {self.seconds:.0f} s"
        grid.add_row("Orders", ProgressBar(self._expected, board.ended, width=40), counts)
        return grid


def _table(board: Board) -> Table:
    """A column for each channel, which fits a narrow terminal; orders move downwards."""
    channels = list(dict.fromkeys(order.channel for order in board.orders.values()))
    counted = [board.places(channel) for channel in (*channels, None)]
    columns = (Column(name, justify="right", min_width=5, no_wrap=True) for name in (*channels, "all"))
    table = Table(Column("", no_wrap=True), *columns, box=SIMPLE_HEAD)
    for place in PLACES:
        table.add_row(place, *(str(places[place] or "·") for places in counted))
    return table


def _events(board: Board) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=max((len(event.number) for event in board.latest), default=0))
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for event in reversed(board.latest):
        grid.add_row(Text(event.number, style="cyan"), in_words(event))
    return grid


def in_words(event: Event) -> str:
    """Describe the event in a sentence."""
    try:
        return WORDS.get(event.type, event.type).format_map(_plain(event.data))
    except KeyError:
        return event.type


def _plain(data: Mapping[str, Any]) -> dict[str, str]:
    """The fields as text: units by SKU as `1 TEA-SET`, statuses without underscores."""
    return {name: _plain_text(value) for name, value in data.items()}


def _plain_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{units} {sku}" for sku, units in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain_text, value))
    return str(value).replace("_", " ")
