"""Draw docs/label.png anew: `python -m tests.docs.draw_label`, after the label was changed."""

from pathlib import Path

from api.shipping.label_image import render
from domain.labels import Label, Party, masked_receiver, wishes_of
from domain.sscc import sscc

PICTURE = Path(__file__).parents[2] / "docs" / "label.png"
RECEIVER = {
    "name": "林夏",
    "phone": "+8613800138000",
    "country": "CN",
    "province": "广东省",
    "city": "深圳市",
    "district": "南山区",
    "lines": ["科技园路1号2栋3单元501室"],
}
EXAMPLE = Label(
    carrier="SF Express",
    service="顺丰标快",
    waybill="SF203606423936242",
    sscc=sscc("9521234", 42),
    number=1,
    count=2,
    weight_grams=1_100,
    shipment_id="01M82QRRB5PPBN5W749KADB2BM-1-S1",
    sender=Party("Hangzhou warehouse", "", "CN 浙江省", "HANGZHOU"),
    receiver=masked_receiver(RECEIVER),
    wishes=wishes_of({"deliver_between": ["09:00", "12:00"], "leave_at_door": True}),
)

if __name__ == "__main__":
    PICTURE.write_bytes(render([EXAMPLE], "png"))
