"""The commands that bring PostgreSQL and Temporal with them, for machines that have the extra `embedded`."""

import typer

from commands.bench.command import app as bench
from commands.bench.sourcing_command import sourcing
from commands.demo.command import demo
from commands.up import up


def add_to(app: typer.Typer) -> None:
    """Offer `up`, `demo` and `bench`."""
    app.command()(up)
    app.command()(demo)
    bench.command()(sourcing)
    app.add_typer(bench, name="bench")
