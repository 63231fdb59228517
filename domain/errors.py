"""Errors of two kinds: a refusal is a final answer, trouble may pass and is retried."""

VOIDED = "voided"
"""The refusal's code if a booking was voided before it was made."""


class Refusal(Exception):
    """An outcome that trying again cannot change; never retried.

    The text of the exception is the code alone. `detail` may be a partner's own words and name a person, and texts of
    exceptions end up in histories, which nobody can edit.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class PickRefused(Refusal):
    """The warehouse refuses this work."""


class CarrierRefused(Refusal):
    """No carrier takes this parcel, or the booking was voided."""


class RefundRefused(Refusal):
    """The payment gateway refuses this refund."""


class CaptureRefused(Refusal):
    """The payment gateway refuses to capture, or to reserve anew, what was reserved."""


class EvidenceRefused(Refusal):
    """The payment gateway takes no evidence for this dispute."""


class LinkRefused(Refusal):
    """The payment gateway refuses this payment link."""


class UnknownPayment(Refusal):
    """The payment gateway does not know this payment."""


class UnknownCustomer(Refusal):
    """The CRM does not know this customer."""


class ReturnRefused(Refusal):
    """The warehouse refuses to expect this return."""


class MessageRefused(Refusal):
    """A partner refuses this batch of messages."""


class PullRefused(Refusal):
    """The channel refuses to list its orders, or we have no account to read them with."""


class ExportRefused(Refusal):
    """An export cannot be written as it is kept; its text names nobody."""


class PushRefused(Refusal):
    """The channel refuses our stock quantities, or we have no account to push them with."""


class UploadRefused(Refusal):
    """The channel refuses a shipment, or we lack what it asks for."""


class AccessRefused(Refusal):
    """The platform renews our access no longer: a person must permit our app again."""


class StatementRefused(Refusal):
    """The partner refuses to list its records: to us, or in this way."""


class NotListed(StatementRefused):
    """The partner keeps no such list."""


class PartnerTrouble(Exception):
    """The partner did not answer as docs/partners.md says: no answer, another status or another shape. Retried.

    The text names the partner, the method, the path and what was wrong, never what was sent or answered.
    """


class TokenExpired(PartnerTrouble):
    """The platform says that our token has ended; it is renewed before the next call."""


class Later(PartnerTrouble):
    """Do not call the partner now, but in `retry_after` seconds."""

    def __init__(self, text: str, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class CallLimited(Later):
    """We called the partner more often than it allows; it asks for a pause."""


class PartnerSilent(Later):
    """The partner failed to answer several times in a row, so its circuit is open (integrations/circuit.py)."""


class PartnerBusy(Later):
    """As many of our calls are waiting for the partner as it may have at once."""
