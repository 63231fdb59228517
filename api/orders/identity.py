"""The importer of cross-border goods: the identity number is verified here, and only a token and four digits are
kept."""

import hmac
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from api.errors import invalid
from api.schemas import NO_CONTROLS, Body
from domain.order import Buyer


def _identity_number(number: str) -> str:
    try:
        return ric.validate(number)
    except ValidationError:
        raise ValueError("not a Chinese identity number: its length, date, place or check digit is wrong") from None


class BuyerBody(Body):
    """The importer's real name and number, for cross-border goods. Both are kept in masked form only."""

    real_name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
    id_number: Annotated[
        str,
        Field(max_length=30, pattern=r"^[0-9Xx ]*$", description="18 characters, with its check digit."),
        AfterValidator(_identity_number),
    ]

    def to_buyer(self, identity_key: SecretStr | None) -> Buyer:
        """Return the buyer with a token keyed by `identity_key`, so that trying all numbers does not reveal it. A 422
        if no key is set."""
        if identity_key is None:
            raise invalid("buyer", "identity numbers are not taken here: BATON_IDENTITY_KEY is not set")
        token = hmac.new(identity_key.get_secret_value().encode(), self.id_number.encode(), sha256).hexdigest()
        return Buyer(token[:40], self.id_number[-4:], f"{self.real_name[:1]}**")
