"""Taking in one page of a channel's orders, as far as the platform gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from temporalio import activity

from domain.errors import CallLimited, PartnerTrouble
from integrations.pulls.puller import ListedOrder, Puller
from models.database import Sessions
from record.channels.accounts import Account
from record.channels.fetched import Fetched, take_fetched, versions_of
from record.channels.intakes import Intake
from record.channels.missing import note_missing
from record.channels.reading import version_at

PATIENT_ATTEMPTS, FEW = 6, 3
"""From this attempt on a page goes in without so many orders that the platform does not give."""


def take_page(sessions: Sessions, account: Account, puller: Puller, orders: Sequence[ListedOrder]) -> list[Intake]:
    """Take in what the record does not have in this state. What was fetched before a call failed is kept."""
    with sessions() as session:
        versions = versions_of(session, account.channel, [one.order_id for one in orders])
    fetched, failed = list[Fetched](), dict[str, datetime]()
    trouble: PartnerTrouble | None = None
    for one in orders:
        if one.modified_at is not None and versions.get(one.order_id, "") >= version_at(one.modified_at):
            continue
        try:
            raw = one.raw or (puller.order(one.order_id) if one.order_id else None)
        except CallLimited as limit:
            trouble, failed = limit, {}
            break
        except PartnerTrouble as error:
            trouble, failed[one.order_id] = error, one.modified_at or datetime.now(UTC)
            if len(failed) > FEW:
                break
            continue
        if raw is not None:
            fetched.append(Fetched(raw))
    taken = take_fetched(sessions, account, fetched)
    if trouble is not None:
        _set_aside(sessions, account.channel, trouble, failed, versions)
    return taken


def _set_aside(
    sessions: Sessions,
    channel: str,
    trouble: PartnerTrouble,
    failed: Mapping[str, datetime],
    versions: Mapping[str, str],
) -> None:
    """Have the page tried again; when that did not help, and the platform gives all but a few orders, list those as
    missing, so that they do not keep all others out."""
    attempt = activity.info().attempt if activity.in_activity() else 1
    if not failed or attempt < PATIENT_ATTEMPTS or len(failed) > FEW:
        raise trouble
    with sessions.begin() as session:
        note_missing(session, channel, failed, versions)
