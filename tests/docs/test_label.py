"""docs/label.png is a label as Baton draws it: both barcodes can be scanned, and it names nobody."""

from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from api.shipping.label_image import render
from tests.docs.draw_label import EXAMPLE, PICTURE, RECEIVER


def barcodes(image: Image.Image) -> dict[str, str]:
    return {code.content_type.name: code.text for code in zxingcpp.read_barcodes(image.convert("L"))}


@pytest.mark.parametrize("source", [PICTURE.read_bytes(), render([EXAMPLE], "png")], ids=["the picture", "drawn now"])
def test_both_barcodes_of_the_label_can_be_read(source: bytes) -> None:
    with Image.open(BytesIO(source)) as image:
        assert image.size == (799, 1199)
        assert barcodes(image) == {"Text": EXAMPLE.waybill, "GS1": f"(00){EXAMPLE.sscc}"}


def test_the_label_does_not_name_the_receiver() -> None:
    drawn = repr(EXAMPLE)
    for private in (RECEIVER["name"], RECEIVER["phone"], "13800138", "501", "3单元"):
        assert str(private) not in drawn


def test_a_pdf_has_a_page_for_each_parcel() -> None:
    document = render([EXAMPLE] * 3, "pdf")
    assert document.count(b"/Type /Page\n") == 3


def test_long_texts_leave_the_barcodes_readable() -> None:
    long = replace(EXAMPLE.receiver, name="*" * 80, region="很长的地名" * 20, street="很长的街道" * 60)
    image = render([replace(EXAMPLE, receiver=long, sender=long, wishes=EXAMPLE.wishes * 3)], "png")
    with Image.open(BytesIO(image)) as label:
        assert barcodes(label) == {"Text": EXAMPLE.waybill, "GS1": f"(00){EXAMPLE.sscc}"}
