"""One frozen Settings, read from the environment; `baton up` writes what its services need to `.baton/env`."""

import hmac
import re
from collections.abc import Callable
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import make_url

from domain.contents.ways import BY_INBOX, SMS, SMTP, check_ways, is_mail_address
from domain.ids import ORDERS_QUEUE
from domain.secrets import NO_KEY, NO_WEBHOOK_SECRET, TOO_SHORT, is_key, is_secret, is_webhook_secret
from domain.statement_books import Lister
from integrations.photo_keepers import BucketKeeper, FolderKeeper, PhotoBucket, PhotoKeeper
from models.vault import Vault
from record.orders.track_links import TrackLinks

CUSTOMER_TOKENS = b"baton: customers in Temporal"
"""Keeps the key of customer tokens apart from others that are derived from the same one."""
HEX_KEYS = re.compile(r"[0-9a-fA-F]{64}(,[0-9a-fA-F]{64})*")


@cache
def _keeper(bucket: PhotoBucket | None, folder: Path) -> PhotoKeeper:
    # A bucket keeps its connections, so that there is one of it in a process.
    return BucketKeeper(bucket) if bucket else FolderKeeper(folder)


def _checked(is_valid: Callable[[str], bool], message: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if not is_valid(secret.get_secret_value()):
            raise ValueError(message)
        return secret

    return AfterValidator(check)


Secret = Annotated[SecretStr, _checked(is_secret, TOO_SHORT)]
WebhookSecret = Annotated[SecretStr, _checked(is_webhook_secret, NO_WEBHOOK_SECRET)]
Key = Annotated[SecretStr, _checked(is_key, NO_KEY)]


class Partner(BaseModel, frozen=True):
    """A partner's address and the Standard Webhooks secret shared with it (`whsec_` and base64).

    `calls` is the most calls that one worker process makes to it at a time. `give_up_after` is how long a message to
    the ERP, the CRM, the channel or the inbox is retried before a person is called.
    """

    url: str
    secret: WebhookSecret
    timeout: timedelta = timedelta(seconds=10)
    calls: Annotated[int, Field(ge=1, le=64)] = 6
    give_up_after: timedelta = timedelta(days=3)


class TemplateGateway(Partner, frozen=True):
    """A gateway of SMS or WeChat template messages. `templates` has its ids by message (`shipped`), or by message and
    language (`shipped.zh-CN`)."""

    templates: dict[str, str] = {}


class Smtp(BaseModel, frozen=True):
    """A server that takes our e-mails. `timeout` is for the connection with its login, and for each message."""

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    secret: SecretStr | None = None
    sender: str
    sender_name: str = ""
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(seconds=15))] = timedelta(seconds=10)
    calls: Annotated[int, Field(ge=1, le=64)] = 2
    give_up_after: timedelta = timedelta(days=3)

    @field_validator("sender")
    @classmethod
    def _check_sender(cls, sender: str) -> str:
        if not is_mail_address(sender) or not sender.isascii():
            raise ValueError("is an e-mail address such as orders@shop.example")
        return sender

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if bool(self.user) != (self.secret is not None):
            raise ValueError("user and secret are given together or not at all")
        if self.user and self.security == "none":
            raise ValueError("security is starttls or tls where there is a user: no password is sent in the clear")
        return self


class Qimen(BaseModel, frozen=True):
    """Access to warehouses that speak Qimen: `warehouses` maps our location to its warehouse code."""

    url: str
    app_key: str
    secret: Secret
    customer_id: str
    owner_code: str
    warehouses: dict[str, str]
    timeout: timedelta = timedelta(seconds=10)
    calls: Annotated[int, Field(ge=1, le=64)] = 6


class Deadlines(BaseModel, frozen=True):
    """How long each part of an order may take before a person is asked to look."""

    payment: timedelta = timedelta(hours=24)
    pick: timedelta = timedelta(hours=2)
    ship: timedelta = timedelta(hours=24)
    delivery: timedelta = timedelta(days=7)
    decision: timedelta = timedelta(hours=24)
    """How long a lost or damaged parcel may wait for a person to decide."""
    pickup: timedelta = timedelta(days=7)
    """How long goods wait at a store for the customer; then the order is canceled."""
    backorder: timedelta = timedelta(days=3)
    reservation: timedelta = timedelta(hours=24)
    """How long a held order keeps its stock."""
    return_arrival: timedelta = timedelta(days=14)
    inspection: timedelta = timedelta(days=3)
    return_approval: timedelta = timedelta(days=2)
    return_difference: timedelta = timedelta(days=3)
    """How long an exchange whose goods are back waits for the payment of its difference, if its terms do not send."""
    refund: timedelta = timedelta(days=7)
    """Counted from the day the goods came back; the law gives seven days."""
    attention: timedelta = timedelta(minutes=15)
    """How long an undo may keep failing before a person is asked to look."""


class StatementPlan(BaseModel, frozen=True):
    """The partners whose statements are compared with the record, and when at night that is done."""

    partners: tuple[Lister, ...] = ()
    at: time = time(2, 30)
    zone: str = "Asia/Shanghai"
    days: Annotated[int, Field(ge=1, le=60)] = 2
    """How far back a comparison goes. An older difference is compared again until it is gone."""
    grace: timedelta = timedelta(minutes=30)
    """What changed on either side this recently may still be under way and is not reported as a difference."""


class InquiryPlan(BaseModel, frozen=True):
    """How long a partner may be silent about accepted work before it is asked; unknown work is sent to it again."""

    wms: Annotated[timedelta, Field(gt=timedelta())] = timedelta(hours=1)
    tms: Annotated[timedelta, Field(gt=timedelta())] = timedelta(hours=12)

    def of(self, partner: str) -> timedelta:
        return {"wms": self.wms, "tms": self.tms}[partner]


class PromisePlan(BaseModel, frozen=True):
    """What promises before an order may keep, and how much one channel, or one key without a channel, may have."""

    stock_for: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(minutes=30))] = timedelta(minutes=30)
    """The longest that a cart may ask to hold stock; then it is renewed or given back."""
    longest: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=24))] = timedelta(hours=2)
    """How long a cart holds stock at most, however often it is renewed."""
    dates_for: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=30))] = timedelta(hours=24)
    """The longest that dates may be kept without stock."""
    carts: Annotated[int, Field(ge=0, le=100_000)] = 500
    """Carts that hold stock."""
    units: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000
    """Units that they hold in all."""
    share: Annotated[int, Field(ge=0, le=100)] = 50
    """The percentage of a SKU's available units that they may hold."""
    kept: Annotated[int, Field(ge=0, le=1_000_000)] = 10_000
    """Promises that have not expired."""


class Settings(BaseSettings):
    """Every setting of Baton. Nested ones are written with two underscores: `BATON_WMS__URL`.

    Each may also be a file of that name in /run/secrets, where Docker and Kubernetes put secrets. The environment
    outranks the file.
    """

    model_config = SettingsConfigDict(
        env_prefix="BATON_",
        env_nested_delimiter="__",
        env_file=(".env", ".baton/env"),
        extra="ignore",
        frozen=True,
        # Errors name the setting and never show its value, which may be a secret.
        hide_input_in_errors=True,
        secrets_dir="/run/secrets",
        secrets_dir_missing="ok",
    )

    database_url: str = "postgresql+psycopg2://baton@127.0.0.1:5432/baton"
    database_password: SecretStr | None = None
    """Inserted into `database_url`, so that it can be kept in a file of its own."""
    database_prepares: bool = True
    """Worker and API prepare statements on their connections. False for a pooler that gives each transaction another
    session, such as PgBouncer in transaction mode."""
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_ui_url: str = "http://127.0.0.1:8233"
    task_queue: str = ORDERS_QUEUE
    retention: timedelta = timedelta(days=30)

    api_host: str = "127.0.0.1"
    api_port: int = 8080
    api_metrics_port: int = 8081
    """The port of an API process for `/healthz` and `/metrics`; further processes take the ports after it. 0: none, and
    a stuck process is not ended."""
    rpc_timeout: timedelta = timedelta(seconds=15)

    idempotency_key_required: bool = False
    """Whether requests that change something must carry an Idempotency-Key."""
    rate_limit: float = 5_000
    """Requests a second for each API key, in each API process; after a pause `rate_burst` of them at once."""
    rate_burst: float = 10_000
    item_limit: float = 10_000
    """Items a second for each API key and process: a request counts one, a batch the number of its items. The burst is
    twice that."""
    byte_limit: float = 20_000_000
    """Bytes of request bodies a second for each API key and process. The burst is twice that."""
    channel_times: float = 2
    """The quota of all keys of a channel together, as a multiple of one key's."""
    held_bytes: int = 128_000_000
    """Bytes of incomplete request bodies that a process may hold; beyond it, who holds most loses its oldest one."""
    streams_by_key: int = 8
    streams_by_channel: int = 16
    streams_most: int = 200
    """Open event streams in one API process; the two before it limit those of a key and of a channel."""
    subscriptions_most: int = 20
    """Subscriptions of one channel, or of one key that belongs to no channel."""
    express_share: float = 0.2
    """The share of a channel's orders that it may tag as express, to go before other orders; after a pause
    `express_at_once` of them."""
    express_at_once: float = 10
    channel_backlog: int = 200_000
    """Orders of one channel that may wait for their workflow; beyond it the channel is told to come later."""
    body_deadline: timedelta = timedelta(seconds=30)
    """How long a client may take to send a body."""
    accept_deadline: timedelta = timedelta(seconds=3)
    """How long `POST /orders?wait=accepted` waits for the order's answer."""

    wms: Partner
    tms: Partner
    payments: Partner
    erp: Partner
    crm: Partner
    channel: Partner
    inbox: Partner

    customer_messages: dict[str, list[str]] = {name: list(ways) for name, ways in BY_INBOX.items()}
    """The ways to tell a customer by message, `*` for all others; the first that has an address is taken
    (domain/contents/ways.py)."""
    smtp: Smtp | None = None
    """The mail server of the way `smtp`."""
    sms: TemplateGateway | None = None
    """The gateway of the way `sms`."""

    qimen: Qimen | None = None
    """The warehouses that speak Qimen instead of Baton's own format."""

    deadlines: Deadlines = Deadlines()
    identity_key: Secret | None = None
    """Turns identity numbers of cross-border buyers into tokens; without it such orders are refused. Never change it:
    the same person would get another token."""
    secrets_key: SecretStr
    """Seals the secrets of channels and subscribers in the database: 32 bytes in hexadecimal. Older keys follow after
    commas until `baton migrate` has sealed everything with the new one."""
    trace_key: Key | None = None
    """The Ed25519 key that signs each day's log of all orders: 32 bytes in hexadecimal. Without it nothing is signed;
    signatures of another key do not verify."""
    trace_public_key: str | None = None
    """The public half of `trace_key`, in hexadecimal: verifies signatures in processes that must not sign."""
    trace_anchor_file: Path | None = None
    """A file outside the database that gets one line for each signed day: best on an append-only disk."""
    trace_anchor: Partner | None = None
    """A partner that is sent each signed day and refuses a second, different root for it."""
    runtime_role: str | None = None
    """The PostgreSQL role of API and workers where it does not own the tables; `baton migrate` grants it what they
    need."""
    duplicate_window: timedelta = timedelta(minutes=10)
    """An order of the same customer, goods and address within this time is held as a suspected duplicate; 0: never."""

    promises: PromisePlan = PromisePlan()
    statements: StatementPlan = StatementPlan()
    inquiries: InquiryPlan = InquiryPlan()

    bulk_rate: Annotated[float, Field(gt=0, le=1_000)] = 20
    """Acts a second of each bulk."""
    bulks_kept: timedelta = timedelta(days=30)
    """How long a bulk and its results are kept after its end."""

    exports_folder: Path | None = None
    """The folder of a worker's machine below which exports may be written; without it none is."""

    stock_difference_alert: int = 10
    """Units of a SKU by which a warehouse's count may differ from our stock before it is an alert."""

    gs1_company_prefix: Annotated[str, StringConstraints(pattern=r"^\d{4,12}$")] = "9521234"
    """Our GS1 company prefix, which begins the SSCC of every parcel. The default is the one GS1 uses in examples."""

    kuaidi100_salt: Secret | None = None
    """The salt with which Kuaidi100 signs its pushes; without it every push is refused."""
    sf_checkword: Secret | None = None
    """The same for the route pushes of SF Express."""
    subscriptions_private: bool = False
    """Whether subscribers may be at loopback and private addresses. Never where strangers may subscribe: they could
    make us call what only we can reach."""
    deliveries_kept: timedelta = timedelta(days=7)
    """How long the log of deliveries to subscribers is kept."""

    unclaimed_after: Annotated[timedelta, Field(ge=timedelta(minutes=5))] = timedelta(days=3)
    """How long a webhook waits for the order, parcel or payment that it names; then it is set aside as nobody's."""
    relay_fair: bool = True
    """Whether channels take turns in the backlog; otherwise the oldest order goes first."""
    relay_ahead: int = 100
    """Orders that may be in Temporal and not audited yet; the others wait in the backlog."""

    activity_threads: int = 16
    partner_threads: int = 32
    """Steps that one worker process runs at a time to call partners, beside `activity_threads` for the database."""
    workflow_task_slots: int = 16
    """Workflow tasks at a time; each waits for its local steps, which share transactions with those of the others."""
    cached_workflows: int = 500
    sandboxed: bool = False
    """Whether workflow code runs in Temporal's sandbox. It finds non-determinism and costs a third of the worker's CPU
    time, so recorded histories are replayed in it and orders run without."""
    worker_port: int = 8071
    """The port of a worker process for `/healthz` and `/metrics`; further processes take the ports after it."""
    metrics_port: int | None = None
    """The port for the metrics of Temporal's SDK in a worker process, likewise with the ports after it."""
    metrics_host: str = "127.0.0.1"
    """The address of these ports and of `api_metrics_port`; strangers must not reach it."""
    stuck_after: timedelta = timedelta(minutes=3)
    """A process whose event loop or threads have not moved for this long ends, to be started again."""

    console_host: str = "127.0.0.1"
    console_port: int = 8088
    """Where `python -m console.serve` serves the pages for customers."""
    public_url: Annotated[str, StringConstraints(pattern=r"^$|^https?://[^\s?#]+$")] = ""
    """Where customers reach these pages, such as https://orders.shop.example; without it no message carries a link."""
    track_valid: Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=3_650))] = timedelta(days=90)
    """How long a link to the page of an order opens it."""
    photo_dir: Path | None = None
    """The folder of photos that customers send, shared by API, console and workers; without it `photos` in
    `data_dir`."""
    photo_bucket: PhotoBucket | None = None
    """A bucket of S3 for them instead."""

    data_dir: Path = Path(".baton")

    @property
    def vault(self) -> Vault:
        """The vault that seals and opens secrets kept in the database."""
        return Vault(*self.secrets_key.get_secret_value().split(","))

    @property
    def photos(self) -> PhotoKeeper:
        """Where photos are that customers send."""
        return _keeper(self.photo_bucket, self.photo_dir or self.data_dir / "photos")

    @property
    def track_links(self) -> TrackLinks:
        """Links to customers' pages; they are signed with a key that is derived from `secrets_key`."""
        return TrackLinks.of(self.secrets_key.get_secret_value().split(","), self.public_url, self.track_valid)

    def customer_token(self, customer_id: str) -> str:
        """The name of a customer in Temporal: an HMAC of the channel's id in 32 hexadecimal digits.

        Its key is derived from `identity_key`, or without one from the first of `secrets_key`.
        """
        identity_key = self.identity_key.get_secret_value() if self.identity_key else ""
        source = identity_key or self.secrets_key.get_secret_value().split(",")[0]
        key = hmac.digest(source.encode(), CUSTOMER_TOKENS, "sha256")
        return hmac.new(key, customer_id.encode(), "sha256").hexdigest()[:32]

    @field_validator("secrets_key")
    @classmethod
    def _check_keys(cls, keys: SecretStr) -> SecretStr:
        if not HEX_KEYS.fullmatch(keys.get_secret_value()):
            raise ValueError("is 32 bytes in hexadecimal, or several of these with commas between them")
        return keys

    @model_validator(mode="after")
    def _check_ways(self) -> Self:
        check_ways(self.customer_messages)
        used = {way for ways in self.customer_messages.values() for way in ways}
        if missing := [way for way in (SMTP, SMS) if way in used and getattr(self, way) is None]:
            raise ValueError(f"customer_messages uses {missing[0]}, which is not set (BATON_{missing[0].upper()}__...)")
        return self

    @model_validator(mode="before")
    @classmethod
    def _insert_password(cls, values: dict[str, Any]) -> dict[str, Any]:
        password = values.get("database_password")
        if not password:
            return values
        text = password.get_secret_value() if isinstance(password, SecretStr) else str(password)
        url = make_url(values.get("database_url", cls.model_fields["database_url"].default)).set(password=text.strip())
        return values | {"database_url": url.render_as_string(hide_password=False)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nested secrets from files too: `BATON_WMS__SECRET`."""
        return init_settings, env_settings, dotenv_settings, NestedSecretsSettingsSource(file_secret_settings)
