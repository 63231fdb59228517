"""Notes, tags and assignees of orders and cases, as they are sent and shown."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, Field

from api.schemas import NO_CONTROLS, Answer, Body, Prose

ROLE = "role:"
WEB = ("http", "https")


def _reference(text: str) -> str:
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    # It may be shown as a link, and a link to javascript: would run.
    if scheme and scheme[1].lower() not in WEB:
        raise ValueError("a URL begins with http or https, and the name of a file with no scheme")
    return text


Mention = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS, description="The name of a key, or role:finance")
]
Attachment = Annotated[
    str,
    Field(min_length=1, max_length=300, pattern=NO_CONTROLS, description="A URL or the name of a file"),
    AfterValidator(_reference),
]
TagPath = Annotated[str, Path(min_length=1, max_length=40, pattern=NO_CONTROLS)]
TakeOver = Annotated[bool, Query(description="Whether to take it from somebody else")]


class NoteBody(Body):
    """Words with mentions of staff and attachments by reference: no file is sent."""

    words: Annotated[Prose, Field(min_length=1)]
    mentions: Annotated[tuple[Mention, ...], Field(max_length=20)] = ()
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=10)] = ()


class NoteTold(Answer):
    order_id: str
    return_id: str | None
    note_id: int


class NoteAnswer(NoteTold):
    """One note. Its words and attachments are masked for keys that may not see people, and gone once the person was
    erased."""

    by: str
    at: datetime
    words: str
    mentions: list[str]
    attachments: list[str]


class TagsAnswer(Answer):
    order_id: str
    return_id: str | None
    tags: list[str]


class AssigneeAnswer(Answer):
    """`assignee` is the name of the key that has taken it, or null."""

    order_id: str
    return_id: str | None
    assignee: str | None
