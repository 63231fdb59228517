"""Builds one client for each partner from the settings."""

from dataclasses import dataclass
from datetime import timedelta

from domain.contents.ways import BY_INBOX, INBOX, SMS, SMTP, Ways
from domain.milestones import RECIPIENTS
from integrations.circuit import Circuit, Circuits
from integrations.crm import Crm
from integrations.customer_messages import CustomerMessages
from integrations.http import PartnerHttp
from integrations.messages import Inbox, MessageInbox
from integrations.payments import Payments
from integrations.qimen import QimenWms
from integrations.smtp import SmtpInbox
from integrations.statements import Statements
from integrations.template_messages import TemplateMessages
from integrations.tms import Tms
from integrations.wms import Warehouse, Warehouses, Wms
from settings import Partner, Settings

# An audit runs inside the order's workflow task, so a slow gateway becomes a hold that is retried, not a wait.
QUICK, AUDIT_MAX_WAIT_SECONDS = timedelta(seconds=2), 0.25
AUDIT_CIRCUIT = "payments audit"


@dataclass(frozen=True)
class Partners:
    wms: Warehouse
    tms: Tms
    payments: Payments
    quick_payments: Payments
    crm: Crm
    inboxes: dict[str, Inbox]
    ways: Ways
    """How customers are told, by message."""
    statements: dict[str, Statements]
    """Clients for the nightly comparison, by partner."""
    inquiry_statements: dict[str, Statements]
    """Clients for inquiries after a silence, by partner, whether or not it is compared at night."""
    circuits: Circuits
    """The circuits of all partners and channel platforms."""


def connect_partners(settings: Settings) -> Partners:
    """Build one client for each partner, with its own time limit; all clients of a partner share its circuit.

    The audit calls the gateway from the threads of database steps. It has a circuit of its own with at most half of
    those threads, so that a slow gateway cannot take them all.
    """
    circuits = Circuits()
    audit = circuits.of(AUDIT_CIRCUIT, max(settings.activity_threads // 2, 1), AUDIT_MAX_WAIT_SECONDS)

    def http(name: str) -> PartnerHttp:
        partner: Partner = getattr(settings, name)
        return _http(name, partner, partner.timeout, circuits.of(name, partner.calls))

    inboxes = {name: MessageInbox(http(name), getattr(settings, name).give_up_after) for name in RECIPIENTS}
    return Partners(
        wms=Warehouses(Wms(http("wms")), _qimen_warehouses(settings, circuits)),
        tms=Tms(http("tms"), circuits),
        payments=Payments(http("payments")),
        quick_payments=Payments(
            _http("payments", settings.payments, min(QUICK, settings.payments.timeout), audit),
        ),
        crm=Crm(http("crm")),
        inboxes={**inboxes, INBOX: _customers(settings, circuits, inboxes[INBOX])},
        ways=settings.customer_messages,
        statements={name: Statements(http(name)) for name in settings.statements.partners},
        inquiry_statements={name: Statements(http(name)) for name in ("wms", "tms")},
        circuits=circuits,
    )


def _customers(settings: Settings, circuits: Circuits, inbox: MessageInbox) -> Inbox:
    """The adapters of all ways that are set; the inbox alone if customers are told by no other."""
    if settings.customer_messages == {name: list(ways) for name, ways in BY_INBOX.items()}:
        return inbox
    adapters: dict[str, Inbox] = {INBOX: inbox}
    if smtp := settings.smtp:
        adapters[SMTP] = SmtpInbox(smtp, circuits.of(SMTP, smtp.calls))
    if sms := settings.sms:
        http = _http(SMS, sms, sms.timeout, circuits.of(SMS, sms.calls))
        adapters[SMS] = TemplateMessages(http, sms.templates, sms.give_up_after)
    return CustomerMessages(adapters)


def _http(name: str, partner: Partner, timeout: timedelta, circuit: Circuit) -> PartnerHttp:
    return PartnerHttp(name, partner.url, partner.secret.get_secret_value(), timeout.total_seconds(), circuit)


def _qimen_warehouses(settings: Settings, circuits: Circuits) -> dict[str, Warehouse]:
    """The Qimen client by location id; all locations share one."""
    if settings.qimen is None:
        return {}
    client = QimenWms(settings.qimen, circuits.of("qimen", settings.qimen.calls))
    return dict.fromkeys(settings.qimen.warehouses, client)
