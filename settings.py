"""One frozen Settings, read from the environment; `baton up` writes what its services need to `.baton/env`."""

import hmac
import re
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import make_url

from domain.secrets import NO_KEY, NO_WEBHOOK_SECRET, TOO_SHORT, is_key, is_secret, is_webhook_secret
from domain.statement_books import Lister
from models.vault import Vault

TOKENS = b"baton: customers in Temporal"
KEYS = re.compile(r"[0-9a-fA-F]{64}(,[0-9a-fA-F]{64})*")


def _checked(is_good: Callable[[str], bool], wrong: str) -> AfterValidator:
    def check(given: SecretStr) -> SecretStr:
        if not is_good(given.get_secret_value()):
            raise ValueError(wrong)
        return given

    return AfterValidator(check)


Secret = Annotated[SecretStr, _checked(is_secret, TOO_SHORT)]
WebhookSecret = Annotated[SecretStr, _checked(is_webhook_secret, NO_WEBHOOK_SECRET)]
Key = Annotated[SecretStr, _checked(is_key, NO_KEY)]


class Partner(BaseModel, frozen=True):
    """Where a partner is and the Standard Webhooks secret we share with it (`whsec_` and base64).

    `calls` is how many one worker process makes to it at a time. `give_up_after` is how long the ERP, the CRM, the
    channel and the inbox are tried before a person is called.
    """

    url: str
    secret: WebhookSecret
    timeout: timedelta = timedelta(seconds=10)
    calls: Annotated[int, Field(ge=1, le=64)] = 6
    give_up_after: timedelta = timedelta(days=3)


class Qimen(BaseModel, frozen=True):
    """Warehouses that speak Qimen: `warehouses` has the code of each by the location that it is to us."""

    url: str
    app_key: str
    secret: Secret
    customer_id: str
    owner_code: str
    warehouses: dict[str, str]
    timeout: timedelta = timedelta(seconds=10)
    calls: Annotated[int, Field(ge=1, le=64)] = 6


class Deadlines(BaseModel, frozen=True):
    """How long each part of an order may take before somebody is told."""

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
    """How long an order that is held keeps its stock."""
    return_arrival: timedelta = timedelta(days=14)
    inspection: timedelta = timedelta(days=3)
    return_approval: timedelta = timedelta(days=2)
    refund: timedelta = timedelta(days=7)
    """How long after the goods came back; the law gives seven days."""
    attention: timedelta = timedelta(minutes=15)
    """How long an undo may keep failing before a person is asked to look."""


class StatementPlan(BaseModel, frozen=True):
    """Who lists what it knows, and when at night that is compared with the record."""

    partners: tuple[Lister, ...] = ()
    at: time = time(2, 30)
    zone: str = "Asia/Shanghai"
    days: Annotated[int, Field(ge=1, le=60)] = 2
    """How far back: what differed before is looked at again for as long as it does."""
    grace: timedelta = timedelta(minutes=30)
    """What changed on either side within it may still be under way and is no difference."""


class InquiryPlan(BaseModel, frozen=True):
    """After how long a silence a partner is asked what it knows, and told again what it does not know."""

    wms: Annotated[timedelta, Field(gt=timedelta())] = timedelta(hours=1)
    tms: Annotated[timedelta, Field(gt=timedelta())] = timedelta(hours=12)

    def of(self, partner: str) -> timedelta:
        return {"wms": self.wms, "tms": self.tms}[partner]


class Settings(BaseSettings):
    """Every setting of Baton. Nested ones are written with two underscores: `BATON_WMS__URL`.

    Each may also be a file of that name in /run/secrets, where Docker and Kubernetes put secrets; the environment
    goes before it.
    """

    model_config = SettingsConfigDict(
        env_prefix="BATON_",
        env_nested_delimiter="__",
        env_file=(".env", ".baton/env"),
        extra="ignore",
        frozen=True,
        # What is wrong is told by name, and a secret by nobody.
        hide_input_in_errors=True,
        secrets_dir="/run/secrets",
        secrets_dir_missing="ok",
    )

    database_url: str = "postgresql+psycopg2://baton@127.0.0.1:5432/baton"
    database_password: SecretStr | None = None
    """Put into `database_url`, so that it can be kept in a file of its own."""
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_ui_url: str = "http://127.0.0.1:8233"
    task_queue: str = "orders"
    retention: timedelta = timedelta(days=30)

    api_host: str = "127.0.0.1"
    api_port: int = 8080
    api_metrics_port: int = 8081
    """Where an API process answers `/healthz` and `/metrics` to machines; further processes take the ports after it. 0:
    nowhere, and nobody ends a process that stands still."""
    rpc_timeout: timedelta = timedelta(seconds=15)

    idempotency_key_required: bool = False
    """Whether requests that change something must carry an Idempotency-Key."""
    rate_limit: float = 5_000
    """Requests a second by API key and API process; `rate_burst` may come at once after a pause."""
    rate_burst: float = 10_000
    item_limit: float = 10_000
    """Items a second by API key and process: a request is one, and a batch as many as it has; twice that at once."""
    byte_limit: float = 20_000_000
    """Bytes of bodies a second by API key and process; twice that at once."""
    channel_times: float = 2
    """All keys of a channel together may ask for so many times what one key may."""
    held_bytes: int = 128_000_000
    """Bytes of bodies that are not complete yet, by process: beyond, whoever holds most makes room."""
    streams_by_key: int = 8
    streams_by_channel: int = 16
    streams_most: int = 200
    """Open event streams, each by API process."""
    subscriptions_most: int = 20
    """Of one channel, or of one key that is of no channel."""
    express_share: float = 0.2
    """Which part of a channel's orders goes before those of others, if it tags them so; `express_at_once` after a
    pause."""
    express_at_once: float = 10
    channel_backlog: int = 200_000
    """How many orders of one channel may wait for their workflow before the next ones are told to come later."""
    body_deadline: timedelta = timedelta(seconds=30)
    """How long a client may take to send a body."""
    accept_deadline: timedelta = timedelta(seconds=3)
    """How long `POST /orders?wait=accepted` waits for the answer of the order."""

    wms: Partner
    tms: Partner
    payments: Partner
    erp: Partner
    crm: Partner
    channel: Partner
    inbox: Partner

    qimen: Qimen | None = None
    """Which warehouses speak Qimen instead of Baton's own words, and how they are reached."""

    deadlines: Deadlines = Deadlines()
    identity_key: Secret | None = None
    """With it identity numbers of cross-border buyers become tokens; without one they are refused. Never change it: the
    same person would be another one."""
    secrets_key: SecretStr
    """With it the secrets of channels and subscribers are sealed in the database: 32 bytes in hexadecimal; behind a
    comma those that it replaced, until `baton migrate` has sealed everything anew."""
    trace_key: Key | None = None
    """The Ed25519 key that signs each day's log of all orders: 32 bytes in hexadecimal. Without it nothing is signed;
    with another one what was signed before is not believed any more."""
    trace_public_key: str | None = None
    """Its other half, in hexadecimal: what proves signatures where the key itself has no business to be."""
    trace_anchor_file: Path | None = None
    """Where each signed day is written outside of the database, a line a day: best on a disk that only grows."""
    trace_anchor: Partner | None = None
    """Who is told each signed day, and refuses another root for one that it has."""
    runtime_role: str | None = None
    """The role of PostgreSQL that API and workers run as, where it is not the owner of the tables: `baton migrate` lets
    it do what they need."""
    duplicate_window: timedelta = timedelta(minutes=10)
    """An order of the same customer, goods and address within this time is held as a suspected duplicate; 0: never."""

    statements: StatementPlan = StatementPlan()
    inquiries: InquiryPlan = InquiryPlan()

    stock_difference_alert: int = 10
    """A count of the warehouse that differs from the books by more units of a SKU than this is an alert."""

    gs1_company_prefix: Annotated[str, StringConstraints(pattern=r"^\d{4,12}$")] = "9521234"
    """Our number at GS1, which the numbers of our parcels (SSCC) begin with. The default is GS1's own for examples."""

    kuaidi100_salt: Secret | None = None
    """Of the subscription at Kuaidi100, which signs its pushes with it; without one none is believed."""
    sf_checkword: Secret | None = None
    """The same for the route pushes of SF Express."""
    subscriptions_private: bool = False
    """Whether subscribers may be on loopback and private addresses. Not where strangers may subscribe: they could have
    us call what only we can reach."""
    deliveries_kept: timedelta = timedelta(days=7)
    """How long the log of what subscribers were told is kept."""

    unclaimed_after: Annotated[timedelta, Field(ge=timedelta(minutes=5))] = timedelta(days=3)
    """How long a webhook waits for the order, parcel or payment that it is about; then it is set aside as nobody's."""
    relay_fair: bool = True
    """Whether channels take turns in the backlog; otherwise the oldest order is first."""
    relay_ahead: int = 100
    """How many orders may be in Temporal without being audited yet; the others wait in the backlog."""

    activity_threads: int = 16
    partner_threads: int = 32
    """How many steps that call partners one worker process takes at a time, beside those on our own database."""
    workflow_task_slots: int = 8
    cached_workflows: int = 500
    sandboxed: bool = False
    """Whether workflow code runs in Temporal's sandbox. It finds non-determinism and costs a third of the worker's CPU
    time, so recorded histories are replayed in it and orders run without."""
    worker_port: int = 8071
    """Where a worker process answers `/healthz` and `/metrics`; further processes take the ports after it."""
    metrics_port: int | None = None
    """Where Temporal's SDK tells its own figures of a worker process, again with the ports after it."""
    metrics_host: str = "127.0.0.1"
    """The address of all three, which strangers must not reach."""
    stuck_after: timedelta = timedelta(minutes=3)
    """A process whose event loop or threads have not moved for so long ends, to be started again."""

    data_dir: Path = Path(".baton")

    @property
    def vault(self) -> Vault:
        """What seals and reads the secrets that are kept in the database."""
        return Vault(*self.secrets_key.get_secret_value().split(","))

    def customer_token(self, customer_id: str) -> str:
        """What Temporal knows a customer by: an HMAC of the channel's id, the same for the same id and nothing without
        the key, which is derived from `identity_key`, or from the first of `secrets_key` where there is none."""
        given = self.identity_key.get_secret_value() if self.identity_key else ""
        key = hmac.digest((given or self.secrets_key.get_secret_value().split(",")[0]).encode(), TOKENS, "sha256")
        return hmac.new(key, customer_id.encode(), "sha256").hexdigest()[:32]

    @field_validator("secrets_key")
    @classmethod
    def _is_key(cls, given: SecretStr) -> SecretStr:
        if not KEYS.fullmatch(given.get_secret_value()):
            raise ValueError("is 32 bytes in hexadecimal, or several of these with commas between them")
        return given

    @model_validator(mode="before")
    @classmethod
    def _with_password(cls, given: dict[str, Any]) -> dict[str, Any]:
        password = given.get("database_password")
        if not password:
            return given
        text = password.get_secret_value() if isinstance(password, SecretStr) else str(password)
        url = make_url(given.get("database_url", cls.model_fields["database_url"].default)).set(password=text.strip())
        return given | {"database_url": url.render_as_string(hide_password=False)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nested secrets are files too: `BATON_WMS__SECRET`."""
        return init_settings, env_settings, dotenv_settings, NestedSecretsSettingsSource(file_secret_settings)
