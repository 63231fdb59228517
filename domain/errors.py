"""What may go wrong: a refusal, which is an answer, and trouble, which may pass."""

VOIDED = "voided"
"""The code of a refusal to book what was given back before."""


class Refusal(Exception):
    """An outcome that trying again cannot change; never retried.

    Its text is the code alone: `detail` may be a partner's own words, which may name a person, and texts of exceptions
    end in histories that nobody can edit.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class PickRefused(Refusal):
    """The warehouse does not take this work."""


class CarrierRefused(Refusal):
    """No carrier takes this parcel, or the booking no longer stands."""


class RefundRefused(Refusal):
    """The payment gateway does not pay this money back."""


class UnknownPayment(Refusal):
    """The payment gateway has never heard of this payment."""


class UnknownCustomer(Refusal):
    """The CRM has never heard of this customer."""


class ReturnRefused(Refusal):
    """The warehouse does not expect this return."""


class MessageRefused(Refusal):
    """A partner does not take this batch of messages."""


class PullRefused(Refusal):
    """The channel does not let us read its orders, or there is no account to read them with."""


class PushRefused(Refusal):
    """The channel does not let us tell it of stock, or there is no account to tell it by."""


class UploadRefused(Refusal):
    """The channel does not take a shipment over, or we know nothing to tell it of."""


class StatementRefused(Refusal):
    """The partner does not list what it knows: not to us, or not in this way."""


class NotListed(StatementRefused):
    """The partner keeps no such list."""


class PartnerTrouble(Exception):
    """The partner did not answer as docs/partners.md says: no answer, another status or another shape; retried.

    Its text names the partner, the method, the path and what was wrong, and never anything that was sent or answered.
    """


class Later(PartnerTrouble):
    """The partner is not to be called now, but in `retry_after` seconds."""

    def __init__(self, text: str, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class CallLimited(Later):
    """More was asked than the partner allows; it wants to be left alone."""


class PartnerSilent(Later):
    """The partner did not answer several times in a row and is left alone (integrations/circuit.py)."""


class PartnerBusy(Later):
    """As many calls of ours wait for the partner's answers as it may have."""
