"""The commands that bring PostgreSQL and Temporal with them, for machines that have the extra `embedded`."""

import typer

from commands.bench import app as bench
from commands.bench_sourcing import sourcing
from commands.demo import demo
from commands.up import up


def add_to(app: typer.Typer) -> None:
    """Offer `up`, `demo` and `bench`."""
    app.command()(up)
    app.command()(demo)
    bench.command()(sourcing)
    app.add_typer(bench, name="bench")
