"""Where China's provinces are: the coordinates of their capitals, WGS 84, to a tenth of a degree."""

from collections.abc import Mapping

from domain.regions import official_province

CAPITALS: Mapping[str, tuple[str, float, float]] = {
    "北京市": ("Beijing", 39.9, 116.4),
    "天津市": ("Tianjin", 39.1, 117.2),
    "河北省": ("Hebei", 38.0, 114.5),
    "山西省": ("Shanxi", 37.9, 112.5),
    "内蒙古自治区": ("Inner Mongolia", 40.8, 111.7),
    "辽宁省": ("Liaoning", 41.8, 123.4),
    "吉林省": ("Jilin", 43.9, 125.3),
    "黑龙江省": ("Heilongjiang", 45.8, 126.5),
    "上海市": ("Shanghai", 31.2, 121.5),
    "江苏省": ("Jiangsu", 32.1, 118.8),
    "浙江省": ("Zhejiang", 30.3, 120.2),
    "安徽省": ("Anhui", 31.8, 117.2),
    "福建省": ("Fujian", 26.1, 119.3),
    "江西省": ("Jiangxi", 28.7, 115.9),
    "山东省": ("Shandong", 36.7, 117.0),
    "河南省": ("Henan", 34.8, 113.6),
    "湖北省": ("Hubei", 30.6, 114.3),
    "湖南省": ("Hunan", 28.2, 112.9),
    "广东省": ("Guangdong", 23.1, 113.3),
    "广西壮族自治区": ("Guangxi", 22.8, 108.4),
    "海南省": ("Hainan", 20.0, 110.3),
    "重庆市": ("Chongqing", 29.6, 106.6),
    "四川省": ("Sichuan", 30.7, 104.1),
    "贵州省": ("Guizhou", 26.6, 106.7),
    "云南省": ("Yunnan", 25.0, 102.7),
    "西藏自治区": ("Tibet", 29.7, 91.1),
    "陕西省": ("Shaanxi", 34.3, 108.9),
    "甘肃省": ("Gansu", 36.1, 103.8),
    "青海省": ("Qinghai", 36.6, 101.8),
    "宁夏回族自治区": ("Ningxia", 38.5, 106.2),
    "新疆维吾尔自治区": ("Xinjiang", 43.8, 87.6),
    "台湾省": ("Taiwan", 25.0, 121.6),
    "香港特别行政区": ("Hong Kong", 22.3, 114.2),
    "澳门特别行政区": ("Macau", 22.2, 113.5),
}
_BY_NAME = {name: (latitude, longitude) for name, (_, latitude, longitude) in CAPITALS.items()}
_BY_LATIN = {latin: (latitude, longitude) for latin, latitude, longitude in CAPITALS.values()}


def center_of(country: str, province: str) -> tuple[float, float] | None:
    """(latitude, longitude) of the province's capital, or None if the province is not known."""
    if country != "CN":
        return None
    return _BY_NAME.get(official_province(province)) or _BY_LATIN.get(province)
