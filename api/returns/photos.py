"""Photos for a return: keep one, and show it to who may see persons."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.access import Caller
from api.dependencies import Reader, Returner, Services, WithServices, raw_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, TOO_LARGE, UNAVAILABLE, Problem, invalid
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import responses
from api.orders.view import find_order, seen_order
from api.returns.photo_files import MAX_BYTES, NotAPhoto, rewrite_photo
from api.schemas import Answer
from domain.errors import PartnerTrouble
from domain.people import is_erased
from models.track import PhotoRow
from record.people.photos import MOST_OF_ORDER, PREFIX, note_photo

PHOTO = {"reference": f"{PREFIX}9f86d081884c7d659a2feaa0c55ad015"}
JPEG = "image/jpeg"
WRONG = {
    "too_large": f"has more than {MAX_BYTES:,} bytes",
    "too_many_pixels": "has too many pixels",
    "not_a_photo": "is no JPEG, PNG or WebP that can be read",
}
IMAGES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (JPEG, "image/png", "image/webp")}

_decoding = CapacityLimiter(1)
"""Decoding takes memory, so one photo is decoded at a time in this process."""


class PhotoRoute(OnceRoute):
    largest_body = MAX_BYTES


router = APIRouter(tags=["returns"], route_class=PhotoRoute)


class PhotoKept(Answer):
    """Name the `reference` in `evidence` of a return of this order within a day; otherwise the photo is removed."""

    reference: str


@router.post(
    "/orders/{order_id}/photos",
    summary="Keep a photo for a return",
    responses=responses({200: ("It is kept", PHOTO)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, TOO_LARGE),
    openapi_extra={"requestBody": {"required": True, "content": IMAGES}},
)
async def send_photo(order_id: PathId, request: Request, caller: Returner, services: WithServices) -> PhotoKept:
    """A JPEG, PNG or WebP of at most 8 MB, written anew without metadata. The same photo again is the first one."""
    return await keep_photo(services, caller, order_id, await raw_body(request, MAX_BYTES))


@router.get(
    "/photos/{photo_id}",
    summary="A photo of a return",
    response_class=Response,
    responses=responses({}, FORBIDDEN, NOT_FOUND)
    | {200: {"description": "The photo", "content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}},
)
def show_photo(photo_id: PathId, caller: Reader, services: WithServices) -> Response:
    """Only for keys that may see people. `photo_id` is what follows `photo:` in the evidence of a case."""
    if not caller.sees_people:
        raise Problem(FORBIDDEN, f"a key of the role {caller.role} may not see photos of customers")
    with services.sessions() as session:
        row = session.get(PhotoRow, photo_id)
        known = row is not None and row.erased_at is None and seen_order(session, row.order_id, caller) is not None
    with _reached():
        content = services.settings.photos.get(photo_id) if known else None
    if content is None:
        raise Problem(NOT_FOUND, "there is no such photo")
    return Response(content, media_type=JPEG, headers={"Content-Disposition": "inline; filename=photo.jpg"})


async def keep_photo(services: Services, caller: Caller, order_id: str, raw: bytes) -> PhotoKept:
    """Keep a photo for this caller, whose right was checked. Raises a Problem for what is no photo or is too large."""
    await run_in_threadpool(_order, services, order_id, caller)
    try:
        content = await to_thread.run_sync(rewrite_photo, raw, limiter=_decoding)
    except NotAPhoto as wrong:
        raise invalid("photo", WRONG[wrong.code]) from None
    photo_id = sha256(order_id.encode() + b"\n" + raw).hexdigest()[:32]
    await run_in_threadpool(_store, services, photo_id, order_id, content)
    return PhotoKept(reference=f"{PREFIX}{photo_id}")


def _order(services: Services, order_id: str, caller: Caller) -> None:
    with services.sessions() as session:
        if is_erased(find_order(session, order_id, caller).customer_id):
            raise Problem(REFUSED, "the person was erased")


def _store(services: Services, photo_id: str, order_id: str, content: bytes) -> None:
    keeper = services.settings.photos
    with services.sessions.begin() as session:
        if not note_photo(session, photo_id, order_id, len(content)):
            raise Problem(REFUSED, f"an order has at most {MOST_OF_ORDER} photos")
    with _reached():
        keeper.put(photo_id, content)
    with services.sessions() as session:
        row = session.get(PhotoRow, photo_id)
        if row is None or row.erased_at is not None:
            # The person was erased in between, or the photo is a day old and being removed: nobody would find the file.
            with _reached():
                keeper.remove(photo_id)
            raise Problem(REFUSED, "the person was erased, or the photo is just being removed: send it again later")


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except PartnerTrouble:
        detail = "photos cannot be reached; try again"
        raise Problem(UNAVAILABLE, detail, headers={"Retry-After": "10"}) from None
