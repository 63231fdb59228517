"""The live board of the demo fits the terminals that people have."""

import io

from rich.console import Console

from commands.demo.board import PLACES, Board, OrderView
from commands.demo.orders import demo_orders
from commands.demo.screen import Screen
from domain.status import OrderStatus


def test_the_board_fits_a_terminal_of_80_columns() -> None:
    # given an order of each channel, and a terminal
    channels = ["till", *dict.fromkeys(body["channel"] for body in demo_orders())]
    orders = [OrderView(name, name, name, OrderStatus.COMPLETED, [], [], False, False) for name in channels]
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80, color_system=None)

    # when the board is drawn
    with Screen(console, len(orders)) as screen:
        screen.show(Board({order.number: order for order in orders}, []))

    # then no name of a channel or a place is cut
    assert [name for name in (*channels, "all", *PLACES) if name not in written.getvalue()] == []
