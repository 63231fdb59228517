"""Takes in payloads of a channel: commits new orders with everybody else's, then keeps the intakes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from anyio import to_thread
from sqlalchemy.exc import DataError, IntegrityError

from api.dependencies import Services, commit
from record.channels.accounts import Account
from record.channels.intake_writer import ChannelWriter
from record.channels.intakes import Arrival, Intake
from record.channels.reading import read_order, read_webhook, unrecordable

WEBHOOK = "webhook"
SIGNATURES = ("sign", "hmac", "authorization", "token")


@dataclass(frozen=True, slots=True)
class Sent:
    """A raw payload; `intake_id` if it was kept and is tried again."""

    raw: bytes
    headers: Mapping[str, str]
    source: str
    intake_id: str | None = None


async def take(services: Services, account: Account, sent: Sequence[Sent]) -> list[Intake]:
    """Take in the payloads that can be read, and keep the rest with the reason. Safe to repeat. A 503 when too much is
    waiting."""
    arrivals = []
    for number, one in enumerate(sent):
        arrivals.append(_arrival(account, one))
        if number % 100 == 99:
            # Let other requests run while a large batch is parsed.
            await asyncio.sleep(0)
    committed = await asyncio.gather(*(_commit(services, arrival) for arrival in arrivals), return_exceptions=True)
    # All commits have finished, so that raising leaves nothing running.
    done = [_settled(one) for one in committed]
    return await to_thread.run_sync(ChannelWriter(services.sessions), done)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the platform's headers about its payload, without signatures and tokens."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower().startswith(("x-", "webhook-")) and not any(word in name.lower() for word in SIGNATURES)
    }


def _arrival(account: Account, sent: Sent) -> Arrival:
    reading = read_webhook(account, sent.headers, sent.raw) if sent.source == WEBHOOK else read_order(account, sent.raw)
    headers = kept_headers(sent.headers)
    return Arrival(sent.source, account.name, account.channel, sent.raw, headers, reading, intake_id=sent.intake_id)


async def _commit(services: Services, arrival: Arrival) -> Arrival:
    new = arrival.reading.new
    if new is None:
        return arrival
    try:
        receipt = await commit(services.orders, new, new.weight)
    except (IntegrityError, DataError) as error:
        return replace(arrival, reading=unrecordable(error))
    return replace(arrival, receipt=receipt)


def _settled(one: Arrival | BaseException) -> Arrival:
    if isinstance(one, BaseException):
        raise one
    return one
