"""Take in one page of a channel's orders, as far as the platform returns them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from temporalio import activity

from domain.errors import CallLimited, PartnerTrouble
from integrations.pulls.puller import ListedOrder, Puller
from models.database import Sessions
from record.channels.accounts import Account
from record.channels.fetched import Fetched, take_fetched, take_past, versions_of
from record.channels.intakes import Intake
from record.channels.missing import note_missing
from record.channels.reading import version_at

PATIENT_ATTEMPTS, MAX_UNREADABLE = 6, 3
"""From this attempt on a page is taken in without up to three orders that the platform does not return."""


def take_page(
    sessions: Sessions,
    account: Account,
    puller: Puller,
    orders: Sequence[ListedOrder],
    past_before: datetime | None = None,
) -> list[Intake]:
    """Take in the orders that the record lacks in this version. Those fetched before a failed call are kept.

    New ones that were over at `past_before` are recorded as past orders, which have no intake, or refused."""
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
            if len(failed) > MAX_UNREADABLE:
                break
            continue
        if raw is not None:
            fetched.append(Fetched(raw))
    live, refused = take_past(sessions, account, fetched, past_before) if past_before and fetched else (fetched, [])
    taken = [*take_fetched(sessions, account, live), *refused]
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
    """Raise `trouble` to retry the page. After several attempts, if only a few orders fail, list those as missing, so
    that they do not block the others."""
    attempt = activity.info().attempt if activity.in_activity() else 1
    if not failed or attempt < PATIENT_ATTEMPTS or len(failed) > MAX_UNREADABLE:
        raise trouble
    with sessions.begin() as session:
        note_missing(session, channel, failed, versions)
