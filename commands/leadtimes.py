"""`baton leadtimes`: show how long parcels take, or learn it now instead of at night."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.sourcing import LeadTimeRow
from record.sourcing.lead_times import LEARNED_FROM, current_version, refresh_lead_times
from settings import Settings

Days = Annotated[int, typer.Option(min=1, max=3_660, help="Learn from what was delivered in this many days")]


def refresh(days: Days = LEARNED_FROM.days) -> None:
    """Learn a new version from delivered shipments; workers use it within half a minute."""
    with _sessions().begin() as session:
        model = refresh_lead_times(session, datetime.now(UTC) - timedelta(days=days))
        print(f"version {model.version} is learned of {model.shipments} shipments")


def list_(location: Annotated[str | None, typer.Argument(help="One location only")] = None) -> None:
    """Show the version in use, in hours from the handover to the door; an empty carrier or weekday means any."""
    with _sessions()() as session:
        version = current_version(session)
        names = ("location", "region", "carrier", "weekday", "shipments", "hours", "spread")
        table = Table(*names, title=f"version {version}")
        rows = select(LeadTimeRow).where(LeadTimeRow.version == version)
        if location is not None:
            rows = rows.where(LeadTimeRow.location_id == location)
        order = (LeadTimeRow.location_id, LeadTimeRow.region, LeadTimeRow.carrier, LeadTimeRow.weekday)
        for row in session.scalars(rows.order_by(*order)):
            weekday = str(row.weekday) if row.weekday else ""
            figures = f"{row.shipments}", f"{row.hours:.1f}", f"{row.spread:.1f}"
            table.add_row(row.location_id, row.region, row.carrier, weekday, *figures)
    Console().print(table)


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
