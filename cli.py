"""The `baton` command."""

import typer

from commands.bench import app as bench
from commands.migrate import migrate
from commands.seed import seed
from commands.up import up

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Baton: every order is a durable workflow.")
app.command()(up)
app.command()(migrate)
app.command()(seed)
app.add_typer(bench, name="bench")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
