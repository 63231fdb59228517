"""Regions of China: repaired, ambiguous, or left unchanged."""

import pytest

from domain.regions import official_province, read_region

REPAIRED = [
    (("广东", "深圳", ""), ("广东省", "深圳市", "")),
    (("广东市", "深圳", "福田"), ("广东省", "深圳市", "福田区")),
    (("", "深圳市", "南山区"), ("广东省", "深圳市", "南山区")),
    (("广东省", "深圳市", "天河区"), ("广东省", "广州市", "天河区")),
    (("上海", "", "徐汇"), ("上海市", "上海市", "徐汇区")),
    (("江苏省", "昆山市", ""), ("江苏省", "苏州市", "昆山市")),
    (("吉林", "延边州", "延吉"), ("吉林省", "延边朝鲜族自治州", "延吉市")),
    (("新疆", "乌鲁木齐", "天山区"), ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")),
    (("北京", "朝阳区", "三环以内"), ("北京市", "朝阳区", "三环以内")),
    (("海南", "儋州", ""), ("海南省", "儋州市", "")),
]
ASKED = [
    ("浙江省", "深圳市", ""),
    ("火星省", "深圳市", ""),
    ("广东省", "深圳市", "徐汇区"),
    ("江苏省", "", "鼓楼区"),
    ("", "朝阳区", ""),
]
LEFT_ALONE = [
    ("广东省", "深圳市", "福田区"),
    ("江苏省", "苏州市", "工业园区"),
    ("广东省", "东莞市", "长安镇"),
    ("Zhejiang", "Hangzhou", ""),
    ("台湾省", "台北市", ""),
    ("香港特别行政区", "九龙", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("written", "meant"), REPAIRED)
def test_what_can_mean_only_one_place_is_repaired(written: tuple[str, str, str], meant: tuple[str, str, str]) -> None:
    # when
    region = read_region(*written)

    # then
    assert (region.province, region.city, region.district) == meant
    assert (region.repaired, region.trouble) == (True, "")


@pytest.mark.parametrize("written", ASKED)
def test_a_contradictory_or_ambiguous_region_is_trouble(written: tuple[str, str, str]) -> None:
    # when
    region = read_region(*written)

    # then
    assert region.trouble
    assert not region.repaired


@pytest.mark.parametrize("written", LEFT_ALONE)
def test_a_correct_or_unlisted_place_is_not_changed(written: tuple[str, str, str]) -> None:
    region = read_region(*written)
    assert (region.repaired, region.trouble) == (False, "")


@pytest.mark.parametrize(("written", "meant"), REPAIRED)
def test_a_repaired_region_needs_no_second_repair(written: tuple[str, str, str], meant: tuple[str, str, str]) -> None:
    assert not read_region(*meant).repaired


def test_a_province_has_one_name_however_it_is_written() -> None:
    assert {official_province(name) for name in ("广西", "广西省", "广西壮族自治区")} == {"广西壮族自治区"}
    assert official_province("Zhejiang") == "Zhejiang"
