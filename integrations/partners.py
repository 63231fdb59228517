"""The partners' clients, one a partner, made from the settings."""

from dataclasses import dataclass
from datetime import timedelta

from domain.milestones import RECIPIENTS
from integrations.circuit import Circuit, Circuits
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.qimen import QimenWms
from integrations.statements import Statements
from integrations.tms import Tms
from integrations.warehouses import Warehouses
from integrations.wms import Warehouse, Wms
from settings import Partner, Settings

# An audit runs inside the order's task, so a slow gateway is a hold that is looked at again, not a wait.
QUICK, QUICK_PATIENCE = timedelta(seconds=2), 0.25
AUDIT = "payments audit"


@dataclass(frozen=True)
class Partners:
    wms: Warehouse
    tms: Tms
    payments: Payments
    quick_payments: Payments
    crm: Crm
    inboxes: dict[str, MessageInbox]
    statements: dict[str, Statements]
    """Of those who list what they know."""
    lists: dict[str, Statements]
    """Of those who are asked after a silence, whether or not their books are compared at night."""
    circuits: Circuits
    """Of all partners, and of the platforms of channels."""


def connect_partners(settings: Settings) -> Partners:
    """One client a partner, with its own time limit; all clients of a partner share its places and its circuit.

    The audit asks the gateway from the threads of steps on our own database: it gets half of them at most, and others
    have nothing to do with how long it waits.
    """
    circuits = Circuits()
    audit = circuits.of(AUDIT, max(settings.activity_threads // 2, 1), QUICK_PATIENCE)

    def http(name: str) -> PartnerHttp:
        partner: Partner = getattr(settings, name)
        return _http(name, partner, partner.timeout, circuits.of(name, partner.calls))

    return Partners(
        wms=Warehouses(Wms(http("wms")), _speaking_qimen(settings, circuits)),
        tms=Tms(http("tms"), circuits),
        payments=Payments(http("payments")),
        quick_payments=Payments(
            _http("payments", settings.payments, min(QUICK, settings.payments.timeout), audit),
        ),
        crm=Crm(http("crm")),
        inboxes={name: MessageInbox(http(name), getattr(settings, name).give_up_after) for name in RECIPIENTS},
        statements={name: Statements(http(name)) for name in settings.statements.partners},
        lists={name: Statements(http(name)) for name in ("wms", "tms")},
        circuits=circuits,
    )


def _http(name: str, partner: Partner, timeout: timedelta, circuit: Circuit) -> PartnerHttp:
    return PartnerHttp(name, partner.url, partner.secret.get_secret_value(), timeout.total_seconds(), circuit)


def _speaking_qimen(settings: Settings, circuits: Circuits) -> dict[str, Warehouse]:
    """By location; they share one client."""
    if settings.qimen is None:
        return {}
    client = QimenWms(settings.qimen, circuits.of("qimen", settings.qimen.calls))
    return dict.fromkeys(settings.qimen.warehouses, client)
