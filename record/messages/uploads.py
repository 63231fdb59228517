"""Uploads: report shipped parcels to a channel's platform, by the platform's own API and rules."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.contents.snapshot import Snapshot
from domain.errors import PartnerTrouble, UploadRefused
from domain.uploading import NotYet, Upload, next_upload
from integrations.channels.translated import Shop
from integrations.circuit import Circuits
from integrations.uploads.registry import connect_uploader
from integrations.uploads.settings import UploadSettings
from integrations.uploads.uploader import ParcelUpload, Uploader
from models.database import Sessions
from models.uploads import ChannelUploadRow
from record.channels.accounts import Account
from record.channels.tokens import using_token, with_fresh_token
from record.messages.snapshot_money import paid_at

U = ChannelUploadRow


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of one platform, made for these settings."""

    made_for: tuple[Shop, UploadSettings]
    uploader: Uploader


class Uploads:
    """Holds one connection per channel, made when first needed and again when its settings change."""

    def __init__(
        self,
        sessions: Sessions,
        circuits: Circuits,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.sessions = sessions
        self.circuits = circuits
        self.clock = clock
        self._lock = threading.Lock()
        self._connections: dict[str, Connection] = {}

    def upload_parcels(self, account: Account, settings: UploadSettings, snapshot: Snapshot) -> None:
        """Upload every parcel of the order that the platform does not know yet, one after the other.

        Raises UploadRefused, and PartnerTrouble also while an upload must wait; the next call continues there.
        """
        if snapshot.follow_up_of:
            # The platform does not know follow-up orders, which Baton places itself.
            return
        account = with_fresh_token(self.sessions, account, UploadRefused)
        connection = self._connection(account, account.upload or settings)
        for number, upload in self._due(snapshot, connection.uploader):
            with self.circuits.of(account.channel).call(), using_token(self.sessions, account):
                connection.uploader.upload(_sending(snapshot, number, upload))
            with self.sessions.begin() as session:
                mine = U.order_id == snapshot.order_id, U.number == number
                session.execute(update(U).where(*mine).values(uploaded_at=func.now()))

    def _due(self, snapshot: Snapshot, uploader: Uploader) -> Iterator[tuple[int, Upload]]:
        """Yield uploads, each stored before it is sent: first those whose answer was lost, then new ones."""
        while True:
            with self.sessions.begin() as session:
                rows = _rows(session, snapshot.order_id)
                waiting = [row for row in rows if row.uploaded_at is None]
                due = (waiting[0].number, _upload(waiting[0])) if waiting else None
                if due is None:
                    due = self._next(session, snapshot, uploader, rows)
            if due is None:
                return
            yield due

    def _next(
        self, session: Session, snapshot: Snapshot, uploader: Uploader, rows: Sequence[U]
    ) -> tuple[int, Upload] | None:
        known = [_upload(row) for row in rows]
        try:
            upload = next_upload(snapshot, known, uploader.parts, paid_at(session, snapshot.order_id), self.clock())
        except NotYet as waits:
            raise PartnerTrouble(f"{snapshot.order.channel}: {waits}") from None
        if upload is None:
            return None
        number = len(rows) + 1
        # Of two concurrent inserts one fails on the key, is retried and reads the other's.
        row = {"order_id": snapshot.order_id, "number": number, **_columns(upload)}
        session.execute(insert(U).values(row))
        return number, upload

    def _connection(self, account: Account, settings: UploadSettings) -> Connection:
        with self._lock:
            known, made_for = self._connections.get(account.channel), (account.shop, settings)
            if known is None or known.made_for != made_for:
                # Another thread may still use the old one, which is closed when that is done with it.
                uploader = connect_uploader(account.name, settings, account.shop)
                known = self._connections[account.channel] = Connection(made_for, uploader)
            return known


def _rows(session: Session, order_id: str) -> Sequence[U]:
    return session.scalars(select(U).where(U.order_id == order_id).order_by(U.number)).all()


def _columns(upload: Upload) -> dict[str, object]:
    lines = {str(number): units for number, units in upload.lines.items()}
    names = ("parcel", "carrier", "waybill", "happened_at", "whole")
    return {name: getattr(upload, name) for name in names} | {"lines": lines}


def _upload(row: U) -> Upload:
    lines = {int(number): units for number, units in row.lines.items()}
    return Upload(row.parcel, row.carrier, row.waybill, row.happened_at, lines, row.whole)


def _sending(snapshot: Snapshot, number: int, upload: Upload) -> ParcelUpload:
    """Build the upload. Raises UploadRefused for lines without the channel's line id."""
    names = {line.line_no: line.channel_line_id for line in snapshot.lines}
    lines = [(names[number], units) for number, units in upload.lines.items()]
    if not all(name for name, _ in lines) and not upload.whole:
        raise UploadRefused("line_without_id")
    return ParcelUpload(
        key=f"{snapshot.order_id}:upload:{number}",
        channel_order_id=snapshot.order.channel_order_id,
        carrier=upload.carrier,
        waybill=upload.waybill,
        happened_at=upload.happened_at,
        lines=lines,
        whole=upload.whole,
    )
