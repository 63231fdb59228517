"""The accounts of channels that send webhooks to the demo, each with its secret."""

import base64
import time
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from commands.channels import save_account
from commands.demo.numbers import APP, TILL
from commands.demo.orders import MERGE_WINDOW_SECONDS
from commands.seed import COVENT_GARDEN
from integrations.channels.signatures import HmacScheme, StandardWebhooks
from models.database import Sessions

STORE_OF_THE_TILL = "CG"
"""What the till calls the store at Covent Garden."""


@dataclass(frozen=True)
class Account:
    """How one channel sends its orders."""

    translator: str
    signature: HmacScheme | StandardWebhooks
    settings: dict[str, Any]
    secret: str = field(default_factory=lambda: "whsec_" + base64.b64encode(token_bytes(24)).decode())

    def sign(self, raw: bytes) -> dict[str, str]:
        """Return the headers that prove a webhook."""
        if isinstance(self.signature, HmacScheme):
            return {self.signature.header: self.signature.sign(self.secret, raw)}
        message, now = uuid4().hex, str(int(time.time()))
        signature = self.signature.sign(self.secret, message, now, raw)
        return {"webhook-id": message, "webhook-timestamp": now, "webhook-signature": signature}


def open_accounts(record: Sessions) -> dict[str, Account]:
    """Open the accounts and return them by channel."""
    till = {"country": "GB", "currency": "GBP", "zone": "Europe/London", "stores": {STORE_OF_THE_TILL: COVENT_GARDEN}}
    accounts = {
        APP: Account("plain", StandardWebhooks(), {"merge_window": MERGE_WINDOW_SECONDS}),
        TILL: Account("pos", HmacScheme("X-Signature"), till),
    }
    for channel, account in accounts.items():
        save_account(record, channel, account.translator, account.secret, account.settings)
    return accounts
