"""Where the customers of the demo live."""

from typing import Any


def _address(
    name: str, phone: str, country: str, province: str, city: str, street: str, postal_code: str = ""
) -> dict[str, Any]:
    whole = {"name": name, "phone": phone, "country": country, "province": province, "city": city}
    return {**whole, "postal_code": postal_code, "lines": [street]}


IN_CHINA = (
    _address("王芳", "+8613800138000", "CN", "广东省", "深圳市", "福田区深南大道 1 号"),
    _address("李雷", "+8613800138001", "CN", "上海市", "上海市", "徐汇区漕溪路 22 号"),
    _address("韩梅", "+8613800138002", "CN", "浙江省", "杭州市", "西湖区文三路 90 号"),
    _address("赵强", "+8613800138003", "CN", "四川省", "成都市", "锦江区红星路 7 号"),
)
IN_SHANGHAI = IN_CHINA[1]
IN_BRITAIN = (
    _address("Ada Byron", "+442079460001", "GB", "", "London", "12 St James's Square", "SW1Y 4LB"),
    _address("George Boole", "+441522496002", "GB", "", "Lincoln", "3 Pottergate", "LN2 1PH"),
    _address("Mary Somerville", "+441312496003", "GB", "", "Edinburgh", "9 Royal Circus", "EH3 6TL"),
)
