"""Messages to customers as e-mails, at a real SMTP server."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.errors import MessageRefused, PartnerTrouble
from integrations.circuit import Circuit
from integrations.mail import write_mail
from integrations.messages import Handover
from integrations.smtp import SmtpInbox
from settings import Smtp
from tests.integrations.mail_server import MailServer

SENDER = "orders@shop.example"
LOGIN = {"user": "shop", "secret": "a password of the tests"}


def message(
    message_id: str = "M-1", order_id: str = "O-1", to: str = "lin@mail.example", **data: str
) -> dict[str, Any]:
    written = {"subject": "您的订单 TM-1 已发出", "text": "您好 Lin Xia，\n\n包裹已发出。", "language": "zh-CN"}
    return {
        "message_id": message_id,
        "milestone": "shipped",
        "order_id": order_id,
        "occurred_at": "2026-12-01T08:00:00+00:00",
        "data": {"to": to, "name": "Lin Xia", **written, **data},
    }


def inbox(port: int, trust: ssl.SSLContext | None = None, seconds: float = 5.0, **changes: Any) -> SmtpInbox:
    fields = {"security": "none", "sender": SENDER, "sender_name": "灯铺", "timeout": timedelta(seconds=seconds)}
    return SmtpInbox(Smtp(**{"host": "127.0.0.1", "port": port, **fields, **changes}), Circuit("smtp"), trust)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer().up() as server:
        yield server


def test_a_mail_arrives_in_the_customers_language(server: MailServer) -> None:
    # when
    handover = inbox(server.port).deliver([message()])

    # then
    (mail,) = server.mails
    assert handover == Handover(frozenset({"M-1"}))
    assert server.recipients == ["lin@mail.example"]
    assert (mail["To"], mail["Subject"]) == ("lin@mail.example", "您的订单 TM-1 已发出")
    assert mail["From"].addresses[0].display_name == "灯铺"
    assert mail.get_content().replace("\r\n", "\n") == "您好 Lin Xia，\n\n包裹已发出。\n"
    assert (mail["Content-Language"], mail["Auto-Submitted"]) == ("zh-CN", "auto-generated")


def test_a_repeat_has_the_same_message_id_and_another_message_has_not(server: MailServer) -> None:
    # when
    for sent in ("M-1", "M-1", "M-2"):
        inbox(server.port).deliver([message(sent)])

    # then
    first, again, other = (mail["Message-ID"] for mail in server.mails)
    assert first == again != other
    assert first.endswith("@shop.example>")


def test_a_batch_takes_one_connection(server: MailServer) -> None:
    inbox(server.port).deliver([message(f"M-{number}", f"O-{number}") for number in range(20)])

    assert (len(server.mails), server.connections) == (20, 1)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_no_text_adds_a_header(end: str) -> None:
    # given
    bad = f"Your order{end}Bcc: everybody@mail.example"

    # when
    mail, _ = write_mail(message(subject=bad, language=bad, text=bad), SENDER, bad)

    # then
    headers = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert mail["Bcc"] is None
    assert not any(line.lower().startswith(b"bcc") for line in headers.split(b"\r\n"))


@pytest.mark.parametrize("to", ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example, c@d.example", "", "no address"])
def test_what_is_not_one_address_is_refused(to: str) -> None:
    with pytest.raises(MessageRefused, match=r"^unwritable$"):
        write_mail(message(to=to), SENDER)


def test_a_rejected_recipient_harms_nobody_else(server: MailServer) -> None:
    # given
    server.answers = {"gone@mail.example": "550 no such user", "full@mail.example": "452 mailbox full"}
    gone, behind = message("M-1", "O-GONE", "gone@mail.example"), message("M-2", "O-GONE", "gone@mail.example")
    full, other = message("M-3", "O-FULL", "full@mail.example"), message("M-4", "O-OTHER")

    # when
    handover = inbox(server.port).deliver([gone, behind, full, other])

    # then what is final and what may pass are told apart, by codes alone
    assert handover.taken == {"M-4"}
    assert handover.refused == {"O-GONE": "recipient_refused_550"}
    assert handover.problems == {"O-FULL": "smtp: recipient answered 452"}


def test_a_refused_text_is_refused_for_good_and_a_deferred_one_comes_again(server: MailServer) -> None:
    # given
    to = inbox(server.port)

    # when
    server.data_answer = "554 looks like spam"
    refused = to.deliver([message()])
    server.data_answer = "451 later"
    deferred = to.deliver([message()])

    # then
    assert refused == Handover(refused={"O-1": "message_refused_554"})
    assert deferred == Handover(problems={"O-1": "smtp: message answered 451"})


def test_a_server_that_closes_in_the_middle_keeps_what_it_took(server: MailServer) -> None:
    # given
    server.answers = {"second@mail.example": "421 going down"}
    messages = [message("M-1", "O-1"), message("M-2", "O-2", "second@mail.example"), message("M-3", "O-3")]

    # when / then the others come again, and none is refused for good
    customers = inbox(server.port)
    assert customers.deliver(messages) == Handover(frozenset({"M-1"}))

    # and the circuit knows of the trouble
    assert customers._circuit.state.failed == 1


def test_a_server_that_falls_silent_costs_one_deadline_and_keeps_what_it_took(server: MailServer) -> None:
    # given a server that answers nothing to all but the first mail of a batch
    server.silent_about = {f"{number}@mail.example" for number in range(50)}
    messages = [message("M-1"), *(message(f"S-{one}", f"S-{one}", one) for one in server.silent_about)]

    # when
    began = time.monotonic()
    handover = inbox(server.port, seconds=0.3).deliver(messages)

    # then the others wait for a later run: fifty deadlines would be 15 seconds
    assert handover == Handover(frozenset({"M-1"}))
    assert time.monotonic() - began < 10


def test_a_server_that_is_away_is_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PartnerTrouble, match=r"^smtp: ConnectionRefusedError$"):
        inbox(port).deliver([message()])


@contextmanager
def saying(word: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this with its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                word(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5.0)
        assert not thread.is_alive()


def silence(connection: socket.socket) -> None:
    """Say nothing until the other side ends."""
    connection.recv(1)


def trickle(connection: socket.socket) -> None:
    """Send a byte of a greeting that never ends, again and again, until the other side ends."""
    connection.settimeout(0.02)
    try:
        while True:
            connection.sendall(b"2")
            try:
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                continue
    except OSError:
        return


@pytest.mark.parametrize("word", [silence, trickle])
@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_slow_server_is_left_at_the_deadline(word: Callable[[socket.socket], None], security: str) -> None:
    with saying(word) as port, pytest.raises(PartnerTrouble, match="smtp: "):
        inbox(port, seconds=0.2, security=security).deliver([message()])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(pem))
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(handled=False, success=(data.login, data.password) == (b"shop", LOGIN["secret"].encode()))


def test_with_starttls_the_password_is_sent_under_a_trusted_certificate(certificate: Path) -> None:
    # given
    how = {"tls_context": tls_of(certificate), "authenticator": knows, "auth_required": True}
    trust = ssl.create_default_context(cafile=certificate)
    with MailServer().up(**how) as server:
        # when
        sent = inbox(server.port, trust, security="starttls", **LOGIN).deliver([message()])

        # then
        assert sent.taken == {"M-1"}
        with pytest.raises(PartnerTrouble, match=r"^smtp: SMTPAuthenticationError 535$"):
            inbox(server.port, trust, security="starttls", user="shop", secret="of another").deliver([message()])
        with pytest.raises(PartnerTrouble, match=r"^smtp: SSLCertVerificationError$"):
            inbox(server.port, security="starttls", **LOGIN).deliver([message()])


def test_tls_from_the_first_byte(certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=certificate)
    with MailServer().up(ssl_context=tls_of(certificate)) as server:
        assert inbox(server.port, trust, security="tls").deliver([message()]).taken == {"M-1"}


def test_a_server_without_starttls_gets_no_mail(server: MailServer) -> None:
    with pytest.raises(PartnerTrouble, match="lacks STARTTLS"):
        inbox(server.port, security="starttls", **LOGIN).deliver([message()])

    assert server.mails == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "no address"},
        {"user": "shop"},
        {**LOGIN, "security": "none"},
        {"port": 0},
        {"timeout": timedelta(minutes=1)},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sender|together|in the clear|greater|less"):
        Smtp(**{"host": "mail.example", "sender": SENDER, **wrong})
