"""Sends messages to customers as e-mails, over one connection a batch."""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from domain.errors import MessageRefused, PartnerTrouble
from integrations.circuit import Circuit
from integrations.mail import write_mail
from integrations.messages import Handover, Message, one_by_one
from integrations.smtp_connection import SmtpConnection
from settings import Smtp

CLOSING = 421
"""The server ends the connection (RFC 5321, 3.8)."""


class SmtpInbox:
    """One SMTP server. A server that does not offer the TLS that the settings ask for gets no message and no password.

    An answer 5xx to a recipient or a text is final and refuses that message; 4xx means later. What concerns all
    messages (no connection, password, sender) is PartnerTrouble, whatever its code, since the settings may be mended.
    No error says more than the code: a server's words quote addresses.
    """

    def __init__(self, settings: Smtp, circuit: Circuit, trust: ssl.SSLContext | None = None) -> None:
        self.give_up_after = settings.give_up_after
        self._settings = settings
        self._seconds = settings.timeout.total_seconds()
        self._circuit = circuit
        self._trust = trust or ssl.create_default_context()

    def deliver(self, messages: Sequence[Message]) -> Handover:
        """Deliver messages; those of one order must come oldest first.

        A repeat has the same Message-ID. Raises PartnerTrouble, also while the circuit admits no calls.
        """
        if not messages:
            return Handover()
        with self._connected() as connection:
            return one_by_one(messages, lambda message: self._send(connection, message))

    @contextmanager
    def _connected(self) -> Iterator[SmtpConnection]:
        settings = self._settings
        domain = settings.sender.rpartition("@")[2]
        connection = SmtpConnection(self._seconds, domain, self._trust if settings.security == "tls" else None)
        try:
            with self._circuit.call(), _as_trouble("connection"), connection.within(self._seconds):
                connection.open(settings.host, settings.port)
                if settings.security == "starttls":
                    connection.starttls(context=self._trust)
                    connection.ehlo()
                if settings.user and settings.secret:
                    connection.login(settings.user, settings.secret.get_secret_value())
            yield connection
            with suppress(smtplib.SMTPException, OSError), connection.within(self._seconds):
                connection.quit()
        finally:
            connection.close()

    def _send(self, connection: SmtpConnection, message: Message) -> str:
        # Each mail is a call of its own, so that trouble after the first one is known to the circuit too.
        with self._circuit.call():
            return self._try(connection, message)

    def _try(self, connection: SmtpConnection, message: Message) -> str:
        mail, recipient = write_mail(message, self._settings.sender, self._settings.sender_name)
        try:
            with _as_trouble("message"), connection.within(self._seconds):
                connection.send_message(mail, self._settings.sender, [recipient])
        except smtplib.SMTPRecipientsRefused as no:
            return _verdict("recipient", no.recipients[recipient][0])
        except smtplib.SMTPDataError as no:
            return _verdict("message", no.smtp_code)
        except smtplib.SMTPNotSupportedError:
            raise MessageRefused("address_not_supported") from None
        return ""


@contextmanager
def _as_trouble(what: str) -> Iterator[None]:
    """Raise PartnerTrouble for what concerns the server and not this message alone."""
    try:
        yield
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
        raise
    except smtplib.SMTPNotSupportedError:
        if what == "message":
            raise
        raise PartnerTrouble("smtp: the server lacks STARTTLS or the login that the settings ask for") from None
    except smtplib.SMTPResponseException as no:
        raise PartnerTrouble(f"smtp: {type(no).__name__} {no.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as trouble:
        raise PartnerTrouble(f"smtp: {type(trouble).__name__}") from None


def _verdict(what: str, code: int) -> str:
    """Return why the message must wait. Raises MessageRefused if it was refused for good."""
    if code == CLOSING:
        raise PartnerTrouble(f"smtp: {what} answered {code}")
    if code >= 500:
        raise MessageRefused(f"{what}_refused_{code}")
    return f"smtp: {what} answered {code}"
