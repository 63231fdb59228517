"""Qimen's wire format as the simulated warehouse reads and writes it."""

import hashlib
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

KEY, SECRET, CUSTOMER = "simulated-app", "simulated-secret", "simulated-customer"


def sign(params: dict[str, str], body: bytes) -> str:
    """Uppercase MD5 of secret + parameters sorted by name, without `sign` + body + secret."""
    text = "".join(name + value for name, value in sorted(params.items()) if name != "sign")
    return hashlib.md5(SECRET.encode() + text.encode() + body + SECRET.encode()).hexdigest().upper()


def answer(flag: str, code: str, message: str, **more: str) -> Response:
    """Every Qimen answer has status 200."""
    content = {"flag": flag, "code": code, "message": message, **more}
    return Response(to_xml("response", content), media_type="application/xml")


def to_xml(name: str, content: dict[str, Any]) -> bytes:
    """Write XML: an object gives nested elements, a list of (name, content) pairs repeated ones."""
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
