"""`baton import-settlement`: take a settlement file, and show what it does not explain."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import func, select

from domain.settlements import NotASettlement
from integrations.settlements.registry import FORMATS
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.settlements import SettledAmountRow, SettlementRow
from models.statements import PartnerDifferenceRow
from record.comparing.settlement_differences import BOOK, PARTNER
from record.comparing.settlement_files import SettlementFile, TakenOtherwise, take
from settings import Settings

SHOWN = 20


def import_settlement(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file as the platform gives it")],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}")],
    channel: Annotated[str, typer.Option(help="Whose orders it is about; of all channels without it")] = "",
    actor: Annotated[str, typer.Option(help="Who takes it, for the record")] = "baton import-settlement",
) -> None:
    """Take a settlement file: each once by its content. An interrupted one goes on when it is given again. Exits 1 when
    rows could not be read."""
    if form not in FORMATS:
        raise typer.BadParameter(f"the formats are {', '.join(FORMATS)}", param_hint="--format")
    settings = Settings()
    engine = open_database(settings.database_url, connections=1)
    try:
        broken = _import(open_sessions(engine), file, form, channel, actor)
    except (NotASettlement, TakenOtherwise) as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from None
    finally:
        engine.dispose()
    raise typer.Exit(1 if broken else 0)


def _import(sessions: Sessions, path: Path, form: str, channel: str, actor: str) -> int:
    """Take the file, and show it. Return how many of its rows could not be read."""
    columns = TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), TimeElapsedColumn()
    with path.open("rb") as content, Progress(*columns, transient=True) as progress:
        bar = progress.add_task("reading", total=None)
        file = SettlementFile(content, form, channel, actor)
        settlement_id = take(sessions, file, lambda rows: progress.update(bar, completed=rows))
    return show(sessions, settlement_id, Console())


def show(sessions: Sessions, settlement_id: str, console: Console) -> int:
    """Show a settlement's kinds, the rows that cannot be read, and how many differences are open."""
    S, D = SettledAmountRow, PartnerDifferenceRow
    with sessions() as session:
        row = session.get_one(SettlementRow, settlement_id)
        kinds = select(S.kind, S.currency, func.count()).where(S.settlement_id == settlement_id)
        totals = session.execute(kinds.group_by(S.kind, S.currency).order_by(S.kind, S.currency)).all()
        unread = select(S).where(S.settlement_id == settlement_id, S.kind == "broken").order_by(S.row_no)
        broken = session.scalars(unread.limit(SHOWN)).all()
        is_open = D.partner == PARTNER, D.book == BOOK, D.gone_at.is_(None)
        differences = session.scalar(select(func.count()).select_from(D).where(*is_open)) or 0
    table = Table("kind", "currency", "amounts", title=f"{settlement_id}: {row.rows:,} rows")
    for kind, currency, count in totals:
        table.add_row(kind, currency, f"{count:,}")
    console.print(table)
    for one in broken:
        console.print(f"row {one.row_no} cannot be read: {one.problem}", markup=False)
    if row.broken > len(broken):
        console.print(f"and {row.broken - len(broken):,} more")
    console.print(f"{differences:,} differences are open: GET /settlements/{settlement_id}/differences", markup=False)
    return row.broken
