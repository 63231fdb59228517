"""The customer's page: what it shows, and that every act on it is the API's own, limited, and needs no script."""

import asyncio
import re
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import select, text
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.returns.photo_files import MAX_BYTES, NotAPhoto, rewrite_photo
from commands.keys import create_key
from console.app import create_app
from console.forms import read_form
from console.limits import ACTS_AT_ONCE, WRONG_AT_ONCE, Limits
from domain.track_tokens import TrackToken, write_token
from integrations.circuit import Circuits
from integrations.tls import tls_context
from models.messaging import MessageRow
from record.channels.account_cache import AccountCache
from record.messages.letters import Letters
from record.orders.track_links import WRONG_A_DAY
from record.parameters import ParameterCache
from record.people.erasing import erase
from record.people.photos import remove_photos
from settings import Settings
from tests.baton import Baton, eventually, order_body
from tests.integrations.servers import serving
from tests.workflows.test_return_kinds import delivered

PROOF = "8000"
"""The last digits of the phone in tests/baton.py."""
EXIF_MAKER = "a camera that knows where you live"


@pytest.fixture(scope="module")
def shop(silent: Baton, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("photos")
    return silent.settings.model_copy(update={"photo_dir": folder, "public_url": "https://orders.shop.example"})


@pytest.fixture(scope="module")
async def browser(shop: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that follows no redirect by itself and keeps nothing."""
    app = create_app(shop)
    with serving(app) as address:
        async with httpx2.AsyncClient(base_url=address, timeout=60, verify=tls_context()) as client:
            client.app = app  # type: ignore[attr-defined]
            yield client


@pytest.fixture(autouse=True)
def fresh_limits(request: pytest.FixtureRequest) -> None:
    if "browser" in request.fixturenames:
        request.getfixturevalue("browser").app.state.limits = Limits()


async def link_to(baton: Baton, order_id: str) -> str:
    answer = await baton.api.post(f"/orders/{order_id}/track-link")
    assert answer.status_code == 200, answer.text
    return "/track/" + str(answer.json()["url"]).partition("/track/")[2]


def photo(**saved: Any) -> bytes:
    image, out = Image.new("RGB", (3000, 1500), "navy"), BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = EXIF_MAKER, 6
    image.save(out, **({"format": "JPEG", "exif": exif} | saved))
    return out.getvalue()


def bomb() -> bytes:
    """A small PNG that says that it has 2.5 billion pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9_000_000)))


async def test_a_customer_sees_the_order_in_both_languages_without_what_names_them(
    silent: Baton, browser: httpx2.AsyncClient
) -> None:
    # given an order that a warehouse works on, and two notes that nobody outside may read
    order_id = await silent.order("TRACKED", remarks="")
    await silent.until_fulfillment(order_id, "released")
    path = await link_to(silent, order_id)

    # when the page is opened in Chinese, and switched
    chinese = await browser.get(path, headers={"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.1"})
    english = await browser.get(path, params={"lang": "en"}, headers={"Accept-Language": "zh"})

    # then both say where it is, and neither has the name, the phone, its last digits or the street
    assert ('<html lang="zh-CN">' in chinese.text, "仓库正在打包" in chinese.text) == (True, True)
    assert ('<html lang="en">' in english.text, "being packed" in english.text) == (True, True)
    for page in (chinese.text, english.text):
        assert [word for word in ("Lin Xia", "13800138000", PROOF, "1 Lake Road", "Lake Road") if word in page] == []
        assert ("138 **** ****" in page, "深圳市" in page, "<script" in page) == (True, True, False)

    # and nobody keeps it, frames it, indexes it or learns its address
    headers = chinese.headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert (headers["referrer-policy"], headers["x-robots-tag"][:7]) == ("no-referrer", "noindex")
    assert "set-cookie" not in headers
    style = await browser.get(re.findall(r'href="(/assets/[^"]+)"', chinese.text)[0])
    assert (style.status_code, "immutable" in style.headers["cache-control"]) == (200, True)


async def test_canceling_on_the_page_is_the_apis_own_cancel(silent: Baton, browser: httpx2.AsyncClient) -> None:
    order_id = await silent.order("TRACK-CANCEL")
    await silent.until_fulfillment(order_id, "released")
    path = await link_to(silent, order_id)

    # when the form is sent with a wrong proof, from another site, and rightly, twice at once
    wrong = await browser.post(f"{path}/cancel", data={"proof": "1234"})
    foreign = await browser.post(f"{path}/cancel", data={"proof": PROOF}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (wrong.status_code, foreign.status_code) == (422, 403)
    assert (await silent.show(order_id))["status"] == "in_progress"
    both = await asyncio.gather(*(browser.post(f"{path}/cancel", data={"proof": PROOF}) for _ in range(2)))

    # then it is canceled by the customer, and the page says so after a redirect
    assert {answer.status_code for answer in both} <= {303, 409}
    [done] = {answer.headers["location"] for answer in both if answer.status_code == 303}
    assert done == f"{path}?done=cancel"
    await silent.until_status(order_id, "canceled")
    shown = (await browser.get(done)).text
    assert ("Your order is canceled." in shown, f'href="{path}/cancel"' in shown) == (True, False)
    [asked] = [one for one in await silent.events(order_id) if one["type"] == "order.canceled"]
    assert asked["actor"] == "customer"


async def test_a_new_address_is_previewed_confirmed_and_a_version(silent: Baton, browser: httpx2.AsyncClient) -> None:
    order_id = await silent.order("TRACK-MOVE")
    await silent.until_fulfillment(order_id, "released")
    path = await link_to(silent, order_id)
    home = {"province": "上海市", "city": "上海市", "street": '88 <b>Century</b> "Avenue"', "phone": "13900139000"}

    # when something is missing, then the form comes again with what was typed
    again = await browser.post(f"{path}/address", data={**home, "city": "", "proof": PROOF})
    assert (again.status_code, "88 &lt;b&gt;Century" in again.text, "<b>Century" in again.text) == (422, True, False)

    # when the preview is confirmed
    preview = await browser.post(f"{path}/address", data={**home, "proof": PROOF})
    assert (preview.status_code, "Lin Xia" in preview.text) == (200, False)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', preview.text))
    forged = await browser.post(f"{path}/confirm", data={**hidden, "pass": f"9999999999.{'0' * 64}"})
    assert forged.status_code == 409
    assert (await silent.show(order_id))["ship_to"]["city"] == "深圳市"
    made = await browser.post(f"{path}/confirm", data=hidden)

    # then the order is edited as through the API, and the proof is that of the new phone
    assert (made.status_code, made.headers.get("location")) == (303, f"{path}?done=edit"), made.text
    order = await silent.show(order_id)
    assert (order["ship_to"]["city"], order["ship_to"]["name"]) == ("上海市", "Lin Xia")
    assert order["ship_to"]["phone"] == "+8613900139000"
    [version] = (await silent.api.get(f"/orders/{order_id}/versions")).json()["items"]
    assert (version["by"], version["fields"]) == ("customer", ["ship_to"])
    old = await browser.post(f"{path}/cancel", data={"proof": PROOF})
    assert old.status_code == 422


async def test_a_day_is_chosen_out_of_those_offered(silent: Baton, browser: httpx2.AsyncClient) -> None:
    order_id = await silent.order("TRACK-DAY")
    await silent.until_fulfillment(order_id, "released")
    path = await link_to(silent, order_id)
    offered = re.findall(r'<option value="(\d{4}-\d\d-\d\d)"', (await browser.get(f"{path}/day")).text)

    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    late = await browser.post(f"{path}/day", data={"day": yesterday, "proof": PROOF})
    preview = await browser.post(f"{path}/day", data={"day": offered[3], "proof": PROOF})
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', preview.text))
    made = await browser.post(f"{path}/confirm", data=hidden)

    assert (late.status_code, preview.status_code, made.status_code) == (422, 200, 303)
    assert (await silent.show(order_id))["instructions"]["deliver_on"] == offered[3]


async def test_a_return_with_photos_is_a_case_and_its_files_go_with_the_person(
    silent: Baton, browser: httpx2.AsyncClient, shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a delivered order
    order_id = await delivered(silent, "TRACK-RETURN")
    path = await link_to(silent, order_id)
    case_id = re.findall(r'name="case_id" value="([^"]+)"', (await browser.get(f"{path}/return")).text)[0]
    asked = {
        "line-1": "1",
        "line-2": "0",
        "reason": "the shade is broken",
        "reason_code": "damaged",
        "case_id": case_id,
        "proof": PROOF,
    }

    async def send(*photos: bytes, **changes: str) -> httpx2.Response:
        files = [("photos", ("IMG_0001.JPG", content, "image/jpeg")) for content in photos]
        return await browser.post(f"{path}/return", data=asked | changes, files=files)

    # when there is too much, a bomb, or a text that calls itself a photo
    assert (await send(*[photo()] * 6)).status_code == 422
    assert (await send()).status_code == 422  # Damaged goods need a photo.
    assert [(await send(one)).status_code for one in (bomb(), b"<svg/>", photo()[:2000])] == [422] * 3
    assert (await send(b"x" * (5 * MAX_BYTES + 100_000))).status_code == 413
    assert (await send(photo(), proof="0000")).status_code == 422

    # when it is right, twice
    answers = [await send(photo(), photo(format="WEBP")) for _ in range(2)]
    assert [answer.headers.get("location") for answer in answers] == [f"{path}?done=return"] * 2, answers[0].text

    # then there is one case, as the API would have made it, with photos that name no camera
    async def case() -> dict[str, Any]:
        cases = (await silent.show(order_id))["returns"]
        return cases[0] if cases else {}

    seen = await eventually(case, bool)
    assert (seen["case_id"], seen["reason"], len(seen["evidence"])) == (case_id, "the shade is broken", 2)
    [one, _] = [name.removeprefix("photo:") for name in seen["evidence"]]
    monkeypatch.setattr(Settings, "photos", shop.photos)
    kept = await silent.api.get(f"/photos/{one}")
    assert (kept.status_code, kept.headers["content-type"]) == (200, "image/jpeg")
    assert EXIF_MAKER.encode() not in kept.content
    with Image.open(BytesIO(kept.content)) as image:
        # It was turned upright as its metadata said, which are gone.
        assert (image.size, dict(image.getexif())) == ((1000, 2000), {})
    # and only who may see persons sees them
    viewer = {"Authorization": f"Bearer {create_key(silent.sessions, 'Vera of the photos', 'viewer')}"}
    assert (await silent.api.get(f"/photos/{one}", headers=viewer)).status_code == 403

    # when the person is erased, then the page and the files are gone
    with silent.sessions.begin() as session:
        session.execute(text("UPDATE returns SET status = 'closed' WHERE order_id = :id"), {"id": order_id})
        session.execute(text("UPDATE messages SET sent_at = now() WHERE order_id = :id"), {"id": order_id})
        [customer] = session.scalars(text("SELECT customer_id FROM orders WHERE order_id = :id"), {"id": order_id})
    assert erase(silent.sessions, [customer], "lin").orders == 1
    assert (await silent.api.get(f"/photos/{one}")).status_code == 404
    assert remove_photos(silent.sessions, shop.photos) == 2
    folder = shop.photo_dir or Path()
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert (await browser.get(path)).status_code == 410


async def test_a_link_ends_is_revoked_and_cannot_be_guessed(
    silent: Baton, browser: httpx2.AsyncClient, shop: Settings
) -> None:
    answer = await silent.api.post("/orders", json=order_body("TRACK-LINK"))
    order_id = answer.json()["order_id"]
    first = await link_to(silent, order_id)
    key = shop.track_links.keys[0]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    ended = write_token(TrackToken(order_id, 0, yesterday), key)
    tomorrow = yesterday + timedelta(days=2)
    nobodys = write_token(TrackToken("0" * 26, 0, tomorrow), key)
    forged = write_token(TrackToken(order_id, 0, tomorrow), b"another key")

    # a genuine one opens the page, an ended one no more, and forged and mutilated ones are alike
    statuses = [(await browser.get(path)).status_code for path in (first, f"/track/{ended}", f"/track/{nobodys}")]
    assert statuses == [200, 410, 410]
    wrong = [await browser.get(f"/track/{one}") for one in (forged, first[7:-1] + "A", "x", "%00", "é" * 48)]
    assert {answer.status_code for answer in wrong} == {404}
    assert len({answer.text for answer in wrong}) == 1

    # revoked, neither it nor its forms work, and the next link does
    assert (await silent.api.delete(f"/orders/{order_id}/track-link")).status_code == 200
    gone = [(await browser.get(first + act)).status_code for act in ("", "/cancel", "/address", "/return")]
    assert gone == [410] * 4
    assert (await browser.get(await link_to(silent, order_id))).status_code == 200


async def test_messages_carry_a_link_that_opens_the_page(
    silent: Baton, browser: httpx2.AsyncClient, shop: Settings
) -> None:
    order_id = await silent.order("TRACK-TOLD")
    await silent.until_fulfillment(order_id, "released")
    caches = ParameterCache(0), AccountCache(silent.sessions, 0)
    letters = Letters(silent.sessions, {}, *caches, Circuits(), links=shop.track_links)
    theirs = select(MessageRow).where(MessageRow.order_id == order_id, MessageRow.recipient == "inbox")

    with silent.sessions() as session:
        rows = session.scalars(theirs).all()
        [first, *_], [again, *_] = letters.write(session, rows), letters.write(session, rows)

    link = first.body["data"]["fields"]["link"]
    assert (link in first.body["data"]["text"], again.body == first.body) == (True, True)
    assert (await browser.get(link.removeprefix(shop.public_url))).status_code == 200


async def test_strangers_are_throttled_by_address_and_by_link(silent: Baton, browser: httpx2.AsyncClient) -> None:
    order_id = (await silent.api.post("/orders", json=order_body("TRACK-LIMIT"))).json()["order_id"]
    path = await link_to(silent, order_id)

    # wrong proofs are counted with the order, also when they come at once, and then the right one is no use either
    tries = await asyncio.gather(*(browser.post(f"{path}/cancel", data={"proof": "1111"}) for _ in range(8)))
    assert {answer.status_code for answer in tries} == {422}
    [wrong] = silent.rows("SELECT wrong FROM track_links WHERE order_id = :id", id=order_id)
    assert wrong == (WRONG_A_DAY,)
    right = await browser.post(f"{path}/cancel", data={"proof": PROOF})
    assert ("too many wrong tries" in right.text, right.status_code) == (True, 422)

    # forms beyond the limit of a link, and guessed tokens beyond that of an address, wait
    more = [await browser.post(f"{path}/cancel", data={"proof": PROOF}) for _ in range(ACTS_AT_ONCE)]
    assert (more[-1].status_code, int(more[-1].headers["retry-after"]) > 0) == (429, True)
    guesses = [await browser.get(f"/track/{number:048}") for number in range(WRONG_AT_ONCE + 1)]
    assert (guesses[0].status_code, guesses[-1].status_code) == (404, 429)
    large = await browser.post(f"{await link_to(silent, order_id)}/address", data={"street": "x" * 70_000})
    assert large.status_code in (413, 429)


async def test_looking_is_no_try_and_what_is_no_form_is_refused(silent: Baton, browser: httpx2.AsyncClient) -> None:
    order_id = (await silent.api.post("/orders", json=order_body("TRACK-HEAD"))).json()["order_id"]
    path = await link_to(silent, order_id)

    # what previews links asks for their heads: that is no form, and no wrong proof
    for act in ("cancel", "address", "day"):
        assert (await browser.head(f"{path}/{act}")).status_code == 200
    assert silent.rows("SELECT 1 FROM track_links WHERE order_id = :id AND wrong > 0", id=order_id) == []

    # and a form that cannot be read is one that was sent wrongly
    part = b'--x\r\nContent-Disposition: form-data; name="proof"\r\n\r\nxn--\xff\r\n--x--\r\n'
    for charset in ("undefined", "idna", "utf-8; boundary=y"):
        headers = {"Content-Type": f"multipart/form-data; charset={charset}; boundary=x"}
        answer = await browser.post(f"{path}/cancel", content=part, headers=headers)
        assert answer.status_code in (400, 422), charset


async def test_a_trickle_of_a_form_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.forms.SECONDS", 0.05)
    head = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n'
    sent = iter([head])

    async def receive() -> dict[str, Any]:
        if (part := next(sent, None)) is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part, "more_body": True}

    scope = {"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=x")]}
    with pytest.raises(HTTPException) as ended:
        await read_form(Request(scope, receive), photos=True)
    assert ended.value.status_code == 408


def test_a_jpeg_of_endless_passes_is_refused() -> None:
    out = BytesIO()
    Image.new("RGB", (64, 64), "navy").save(out, "JPEG", progressive=True)
    raw = out.getvalue()
    last = raw[raw.rindex(b"\xff\xda") : -2]

    assert rewrite_photo(raw)
    with pytest.raises(NotAPhoto):
        rewrite_photo(raw[:-2] + last * 50 + raw[-2:])


def test_a_photo_is_written_anew_in_bounds() -> None:
    transparent = BytesIO()
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(transparent, "PNG", pnginfo=None)
    with Image.open(BytesIO(rewrite_photo(transparent.getvalue()))) as image:
        assert (image.format, image.size, image.getpixel((0, 0))) == ("JPEG", (40, 20), (255, 255, 255))
    gif = BytesIO()
    Image.new("P", (4, 4)).save(gif, "GIF")
    codes = []
    for content in (bomb(), gif.getvalue(), b"", bytes(MAX_BYTES + 1)):
        with pytest.raises(NotAPhoto) as refused:
            rewrite_photo(content)
        codes.append(refused.value.code)
    assert codes == ["too_many_pixels", "not_a_photo", "not_a_photo", "too_large"]
