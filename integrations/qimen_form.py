"""The form of Qimen, which warehouses in China speak: XML in the body, parameters and a signature in the address."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import md5
from hmac import compare_digest
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

CHINA = ZoneInfo("Asia/Shanghai")
TIME = "%Y-%m-%d %H:%M:%S"
TOLERANCE = timedelta(minutes=10)
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotQimen(ValueError):
    """What came is not what Qimen describes: `field` says where, as a path of the XML."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def sign(parameters: Mapping[str, str], body: bytes, secret: str) -> str:
    """MD5 in capitals over the secret, the parameters by name but for `sign`, the body and the secret again."""
    told = "".join(name + value for name, value in sorted(parameters.items()) if name != "sign")
    return md5(b"".join((secret.encode(), told.encode(), body, secret.encode()))).hexdigest().upper()


def signed(parameters: Mapping[str, str], body: bytes, secret: str) -> dict[str, str]:
    """The whole of the parameters of a call that is made now."""
    whole = {"format": "xml", "v": "2.0", "sign_method": "md5", "timestamp": datetime.now(CHINA).strftime(TIME)}
    whole |= parameters
    return whole | {"sign": sign(whole, body, secret)}


def is_signed(parameters: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """Whether the signature is right and not older than ten minutes."""
    try:
        at = datetime.strptime(parameters.get("timestamp", ""), TIME).replace(tzinfo=CHINA)
    except ValueError:
        return False
    right = compare_digest(sign(parameters, body, secret), parameters.get("sign", ""))
    return right and abs(now - at) <= TOLERANCE


def to_xml(name: str, content: Mapping[str, Any]) -> bytes:
    """An object is nested elements, a sequence of (name, content) elements of the same name; None is left out."""
    root = Element(name)
    _fill(root, content)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def read_xml(raw: bytes) -> Element:
    """The root. Raises NotQimen, also for what an attacker would send: entities and document types."""
    try:
        root: Element = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotQimen("body", f"is not XML that is read: {type(error).__name__}") from None
    return root


def text_at(element: Element, path: str, limit: int = 300) -> str:
    """The text at a path, empty when there is none. Raises NotQimen when it is too long."""
    found = (element.findtext(path) or "").strip()
    if len(found) > limit:
        raise NotQimen(path, f"is longer than {limit} characters")
    return found


def need_text(element: Element, path: str, limit: int = 300) -> str:
    if not (found := text_at(element, path, limit)):
        raise NotQimen(path, "is missing")
    return found


def _fill(element: Element, content: Any) -> None:
    if isinstance(content, Mapping):
        content = list(content.items())
    if isinstance(content, Sequence) and not isinstance(content, str):
        for name, inner in content:
            if inner is not None:
                _fill(SubElement(element, name), inner)
    else:
        # What XML has no way to write is no letter either.
        element.text = NOT_XML.sub("", str(content))
