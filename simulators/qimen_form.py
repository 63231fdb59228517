"""The form of Qimen as the simulated warehouse reads and writes it."""

import hashlib
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

KEY, SECRET, CUSTOMER = "simulated-app", "simulated-secret", "simulated-customer"


def sign(asked: dict[str, str], body: bytes) -> str:
    """MD5 in capitals over the secret, the parameters by name, the body and the secret again."""
    told = "".join(name + value for name, value in sorted(asked.items()) if name != "sign")
    return hashlib.md5(SECRET.encode() + told.encode() + body + SECRET.encode()).hexdigest().upper()


def answer(flag: str, code: str, message: str, **more: str) -> Response:
    """Qimen knows no status but 200."""
    content = {"flag": flag, "code": code, "message": message, **more}
    return Response(to_xml("response", content), media_type="application/xml")


def to_xml(name: str, content: dict[str, Any]) -> bytes:
    """An object is nested elements, a list of (name, content) elements of the same name."""
    root = Element(name)
    _fill(root, content)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fill(element: Element, content: Any) -> None:
    if isinstance(content, dict | list):
        for name, inner in content.items() if isinstance(content, dict) else content:
            _fill(SubElement(element, name), inner)
    else:
        element.text = str(content)
