"""Platforms: channels that get uploads of parcels instead of messages, several channels at once."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import structlog

from domain.contents.snapshot import Snapshot
from domain.errors import PartnerTrouble, UploadRefused
from integrations.uploads.settings import UploadSettings
from record.channels.account_cache import AccountCache
from record.channels.accounts import Account
from record.messages.lanes import work_in_lanes
from record.messages.uploads import Uploads
from record.set_aside import error_name, is_rows_own

log = structlog.get_logger()

NOT_ALLOWED = "not_allowed"
"""Our access is refused, which is no answer about this parcel: it waits until a person has changed the account."""


class _Letter(Protocol):
    @property
    def snapshot(self) -> Snapshot: ...


L = TypeVar("L", bound=_Letter)


class Platforms:
    def __init__(self, accounts: AccountCache, uploads: Uploads) -> None:
        self.accounts = accounts
        self.uploads = uploads

    def of(self, letters: Sequence[L]) -> dict[str, Snapshot]:
        """Return the orders, by id, that are uploaded to a platform."""
        return {one.snapshot.order_id: one.snapshot for one in letters if self._platform(one.snapshot.order.channel)}

    def upload(
        self, orders: Mapping[str, Snapshot], problems: dict[str, str], refused: dict[str, str]
    ) -> frozenset[str]:
        """Upload the orders' parcels; add by order id why one was not taken, and the codes of refusals. Return the
        orders that had no turn in time.

        A platform knows everything else about an order, so all its messages count as taken.
        """
        channels: dict[str, list[Snapshot]] = {}
        for snapshot in orders.values():
            channels.setdefault(snapshot.order.channel, []).append(snapshot)
        tried = work_in_lanes(channels, self._upload)
        problems |= {snapshot.order_id: problem for snapshot, (problem, _) in tried if problem}
        refused |= {snapshot.order_id: code for snapshot, (_, code) in tried if code}
        return frozenset(orders.keys() - {snapshot.order_id for snapshot, _ in tried})

    def _platform(self, channel: str) -> tuple[Account, UploadSettings] | None:
        """Return the account whose platform gets uploads, or None."""
        account = self.accounts.of(channel)
        if account is None or account.upload is None or not account.upload.enabled:
            return None
        return account, account.upload

    def _upload(self, snapshot: Snapshot) -> tuple[str, str]:
        """Upload the parcels of one order; return the problem and the code of a refusal, empty where there is none."""
        channel = snapshot.order.channel
        platform = self._platform(channel)
        try:
            if platform:
                self.uploads.upload_parcels(*platform, snapshot)
        except PartnerTrouble as trouble:
            return str(trouble), ""
        except UploadRefused as refusal:
            return (f"{channel}: {refusal}", "") if refusal.code == NOT_ALLOWED else ("", str(refusal))
        except Exception as trouble:
            if not is_rows_own(trouble):
                raise
            log.error("not_uploaded", order_id=snapshot.order_id, channel=channel, error=error_name(trouble))
            return f"{channel}: cannot be uploaded: {error_name(trouble)}", ""
        return "", ""
