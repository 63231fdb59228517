"""Draws labels: 100 × 150 mm at 203 dpi, for the thermal printers of warehouses."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Literal

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from domain.labels import Label, Party, spaced

DPI, MM = 203, 203 / 25.4
SIZE = round(100 * MM), round(150 * MM)
MARGIN = 28
# The width of a bar in dots: GS1 asks for half a millimeter on a logistic label.
SSCC_BAR, WAYBILL_BAR = 4, 3
SSCC_HEIGHT, WAYBILL_HEIGHT = round(32 * MM), round(16 * MM)
# Noto Sans CJK has five countries' forms of the same characters; the third is that of China.
SIMPLIFIED = 2
Weight = Literal["Regular", "Bold"]


def render(labels: Sequence[Label], kind: Literal["png", "pdf"]) -> bytes:
    """Return the labels as a PDF with a page for each, or the first one as a PNG."""
    pages = [_Sheet(label).image for label in labels]
    out = BytesIO()
    if kind == "pdf":
        pages[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    else:
        pages[0].save(out, "PNG", dpi=(DPI, DPI), optimize=True)
    return out.getvalue()


class _Sheet:
    """One label; each part is drawn below the part before."""

    def __init__(self, label: Label) -> None:
        self.image = Image.new("1", SIZE, 1)
        self._draw = ImageDraw.Draw(self.image)
        self._at = MARGIN
        self._head(label)
        self._barcode(label.waybill, label.waybill, WAYBILL_BAR, WAYBILL_HEIGHT, gs1=False)
        self._party("收 TO", label.receiver, 36)
        self._party("寄 FROM", label.sender, 24)
        self._details(label)
        self._barcode(f"(00){label.sscc}", f"(00) {spaced(label.sscc)}", SSCC_BAR, SSCC_HEIGHT, gs1=True)

    def _head(self, label: Label) -> None:
        part = f"{label.number}/{label.count}"
        font = _font(44, "Bold")
        self._draw.text((SIZE[0] - MARGIN - font.getlength(part), self._at), part, 0, font)
        self._text(label.carrier, 44, "Bold")
        self._text(label.service or " ", 26)
        self._rule()

    def _party(self, title: str, party: Party, size: int) -> None:
        self._text(f"{title}  {party.name}  {party.phone}".rstrip(), size, "Bold")
        self._text(party.region, size, "Bold" if size > 30 else "Regular", most=2)
        self._text(party.street, size - 4, most=4)
        self._rule()

    def _details(self, label: Label) -> None:
        weight = f"{label.weight_grams / 1_000:.2f} kg" if label.weight_grams else ""
        self._text("   ".join(part for part in (weight, label.shipment_id) if part), 24)
        if label.collect:
            self._text(f"代收货款 collect {label.collect}", 34, "Bold")
        for wish in label.wishes:
            self._text(f"★ {wish}", 26, "Bold")
        # The SSCC is at the foot of the label, wherever the parts above it end.
        self._at = SIZE[1] - MARGIN - SSCC_HEIGHT - 44

    def _barcode(self, content: str, readable: str, bar: int, height: int, *, gs1: bool) -> None:
        code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.Code128, gs1=gs1)
        drawn = zxingcpp.write_barcode_to_image(code, scale=bar)
        rows, columns = drawn.shape[:2]
        # `drawn` is a buffer, though its type does not say so.
        bars = Image.frombytes("L", (columns, rows), bytes(memoryview(drawn)))  # type: ignore[arg-type]
        line = bars.crop((0, rows // 2, columns, rows // 2 + 1)).resize((columns, height))
        self.image.paste(line.convert("1"), ((SIZE[0] - columns) // 2, self._at))
        self._at += height + 2
        font = _font(28, "Regular")
        self._draw.text(((SIZE[0] - font.getlength(readable)) / 2, self._at), readable, 0, font)
        self._at += 42
        if not gs1:
            self._rule()

    def _text(self, text: str, size: int, weight: Weight = "Regular", most: int = 1) -> None:
        """Write text in up to `most` lines, broken at any character, since Chinese has no spaces."""
        font, lines = _font(size, weight), [""]
        for letter in text:
            if font.getlength(lines[-1] + letter) > SIZE[0] - 2 * MARGIN:
                lines.append("")
            lines[-1] += letter
        for line in lines[:most]:
            self._draw.text((MARGIN, self._at), line, 0, font)
            self._at += round(size * 1.35)

    def _rule(self) -> None:
        self._at += 8
        self._draw.line((MARGIN, self._at, SIZE[0] - MARGIN, self._at), 0, 2)
        self._at += 8


@lru_cache(32)
def _font(size: int, weight: Weight) -> ImageFont.FreeTypeFont:
    path = files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    font = ImageFont.truetype(str(path), size, index=SIMPLIFIED)
    font.set_variation_by_name(weight)
    return font
