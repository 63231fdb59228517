"""Call a channel's platform with its current account, and honor its rate limit."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.errors import CallLimited, PartnerTrouble, PullRefused
from integrations.circuit import Circuits
from integrations.pulls.puller import Puller
from integrations.pulls.registry import PULLERS
from integrations.pulls.settings import PullSettings
from models.database import Sessions
from models.pull import ChannelPullRow
from record.channels.accounts import Account, find_account
from record.channels.tokens import using_token, with_fresh_token

Clock = Callable[[], datetime]


def pulled_account(sessions: Sessions, channel: str) -> tuple[Account, PullSettings]:
    """Return the account and its pull settings. Raises PullRefused when the account is gone or its pull is disabled."""
    account = find_account(sessions, channel)
    if account is None or account.pull is None or not account.pull.enabled:
        raise PullRefused("not_pulled")
    return account, account.pull


def _with_token(sessions: Sessions, account: Account, pull: PullSettings) -> tuple[Account, PullSettings]:
    fresh = with_fresh_token(sessions, account, PullRefused)
    return fresh, fresh.pull or pull


@contextmanager
def calling(
    sessions: Sessions, channel: str, clock: Clock, circuits: Circuits
) -> Iterator[tuple[Account, PullSettings, Puller]]:
    """Yield the account, its pull settings and a client.

    A rate limit is stored for all callers and raised as CallLimited, so that the step is retried when it is over. Other
    trouble is stored as the last error and raised as it is."""
    account, pull = pulled_account(sessions, channel)
    with sessions.begin() as session:
        session.execute(insert(ChannelPullRow).values(channel=channel).on_conflict_do_nothing())
        not_before = session.get_one(ChannelPullRow, channel).not_before
    if not_before is not None and (wait := not_before - clock()) > timedelta():
        until = f"{channel} wants to be left alone until {not_before:%H:%M:%S} UTC"
        raise CallLimited(until, wait.total_seconds())
    try:
        account, pull = _with_token(sessions, account, pull)
        with (
            closing(PULLERS[account.name](pull, account.shop)) as puller,
            using_token(sessions, account),
            circuits.of(channel).call(),
        ):
            yield account, pull, puller
    except CallLimited as limit:
        wait = timedelta(seconds=limit.retry_after)
        _note(sessions, channel, str(limit), clock() + wait)
        raise
    except (PartnerTrouble, PullRefused) as error:
        _note(sessions, channel, str(error))
        raise


def _note(sessions: Sessions, channel: str, error: str, not_before: datetime | None = None) -> None:
    with sessions.begin() as session:
        row = update(ChannelPullRow).where(ChannelPullRow.channel == channel)
        session.execute(row.values(last_error=error, not_before=not_before))
