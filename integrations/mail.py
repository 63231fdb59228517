"""Writes a message to a customer as an e-mail."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any

from domain.errors import MessageRefused
from integrations.http import readable
from integrations.messages import Message

# Only ASCII on the wire: every server takes it.
POLICY = SMTP.clone(cte_type="7bit")
UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters but tab and line feed, and lone surrogates."""


def write_mail(message: Message, sender: str, sender_name: str = "") -> tuple[EmailMessage, str]:
    """Return the e-mail and its recipient. A repeated message gets the same Message-ID.

    The headers name the recipient by the address alone. No text can add a header: each is put on one line first.
    Raises MessageRefused if the message cannot be an e-mail.
    """
    data: Any = message["data"]
    mail = EmailMessage(POLICY)
    try:
        mail["From"] = Address(one_line(sender_name), addr_spec=sender)
        mail["To"] = Address(addr_spec=data["to"])
        mail["Subject"] = one_line(data["subject"])
        mail["Date"] = format_datetime(datetime.fromisoformat(str(message["occurred_at"])))
        mail["Message-ID"] = mail_id(str(message["message_id"]), sender)
        # So that no holiday notice answers (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        # Setting the content drops headers that describe another one.
        mail.set_content(UNSENDABLE.sub(" ", data["text"].replace("\r\n", "\n")))
        mail["Content-Language"] = one_line(data["language"])
    except Exception:
        # The library raises many kinds, and their texts quote what was to be sent.
        raise MessageRefused("unwritable") from None
    return mail, str(data["to"])


def mail_id(message_id: str, sender: str) -> str:
    """The Message-ID (RFC 5322, 3.6.4) of a message: of fixed length, whatever is in its id."""
    digest = blake2b(message_id.encode(), digest_size=16).hexdigest()
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def one_line(text: str) -> str:
    return " ".join(readable(text).split())
