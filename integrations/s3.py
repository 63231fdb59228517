"""Opens buckets of S3, or of what speaks its language at an endpoint of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from domain.errors import PartnerTrouble

if TYPE_CHECKING:
    from obstore.store import S3Store

CONNECT_SECONDS, RETRY_SECONDS, RETRIES = 15, 60, 2


def open_bucket(
    bucket: str, region: str, access_key: str, secret: str, endpoint: str | None, seconds: float
) -> "S3Store":
    """Open a bucket whose calls end after so many seconds, tried twice more at most. It connects with the first."""
    # Imported when it is needed: most processes never call S3.
    from obstore.store import S3Store

    # An endpoint of None is refused: without one it is that of Amazon.
    elsewhere: Any = {"endpoint": endpoint} if endpoint else {}
    return S3Store(
        bucket,
        **elsewhere,
        region=region,
        access_key_id=access_key,
        secret_access_key=secret,
        virtual_hosted_style_request=endpoint is None,
        client_options={
            "timeout": timedelta(seconds=seconds),
            "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, seconds)),
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
    )


@contextmanager
def as_trouble() -> Iterator[None]:
    """Raise PartnerTrouble for what goes wrong in a call of S3. Texts of its errors hold addresses and names of keys;
    the kind says enough."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as trouble:
        raise PartnerTrouble(f"s3: {type(trouble).__name__}") from None
