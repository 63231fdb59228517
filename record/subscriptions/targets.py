"""Check that a subscription's URL may be called. Checked when it is saved; each call checks again."""

import asyncio

from domain.network import target_of
from integrations.receivers import NotPublic, addresses_of

PATIENCE_SECONDS = 5.0


async def check_target(url: str, private: bool) -> None:
    """Raise ValueError, with a message for the author of the URL, if it may not be called."""
    host, port = target_of(url)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await addresses_of(host, port, private)
    except NotPublic as refused:
        raise ValueError(str(refused)) from None
    except (OSError, UnicodeError):
        raise ValueError("its name leads nowhere") from None
