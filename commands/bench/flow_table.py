"""The figures of `baton bench flow` as a table."""

from dataclasses import fields
from typing import Any

from rich.table import Table

from commands.bench.price import Price
from commands.bench.speed import REFERENCE_LOOP_MS


def flow_table(figures: dict[str, Any]) -> Table:
    """A table of CPU milliseconds for each life by part, of lives a second, and of what a life asks for."""
    title = f"{figures['orders']} orders in {figures['rounds']} rounds: {figures['ratio']} times as fast as nothing"
    table = Table("CPU ms each", "order", "partners 0.2 s apart", "empty workflow", title=title)
    sides = figures, figures["spaced"]
    real, spaced = (side["cpu_ms_per_order"] for side in sides)
    empty = figures["baseline_cpu_ms_per_order"]
    for part, used in real.items():
        table.add_row(part, f"{used:.1f}", f"{spaced[part]:.1f}", f"{empty[part]:.1f}" if part in empty else "")
    table.add_row("all", *(f"{sum(parts.values()):.1f}" for parts in (real, spaced, empty)))
    table.add_row("CPU to empty", *(f"{side['cpu_ratio']:.2f}" for side in sides), "1", end_section=True)
    rates = *(side["orders_per_s"] for side in sides), figures["baseline_orders_per_s"]
    table.add_row("a second", *(f"{rate:.1f}" for rate in rates))
    table.add_row("on the reference core", *(f"{rate * figures['loop_ms'] / REFERENCE_LOOP_MS:.1f}" for rate in rates))
    table.add_row("rate to empty", *(f"{side['ratio']:.2f}" for side in sides), "1", end_section=True)
    for name in (field.name for field in fields(Price)):
        table.add_row(name.replace("_", " "), *(f"{side[name]:,.1f}" for side in sides))
    table.caption = f"a plain loop took {figures['loop_ms']} ms, on the reference core {REFERENCE_LOOP_MS:g} ms"
    return table
