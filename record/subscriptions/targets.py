"""Whether a subscriber may be called at all: asked when it is written down; each call asks again."""

import asyncio

from domain.network import target_of
from integrations.receivers import NotPublic, addresses_of

PATIENCE_SECONDS = 5.0


async def check_target(url: str, private: bool) -> None:
    """Raises ValueError, in words for whoever wrote the URL."""
    host, port = target_of(url)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await addresses_of(host, port, private)
    except NotPublic as refused:
        raise ValueError(str(refused)) from None
    except (OSError, UnicodeError):
        raise ValueError("its name leads nowhere") from None
