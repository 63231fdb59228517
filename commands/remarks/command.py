"""`baton remarks`: train the model that reads what the rules for remarks do not know, and read one to see."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from domain.remarks.classifier import WEIGHTS
from domain.remarks.reading import read_remarks

TRAINING_DATA = Path(__file__).with_name("training.ndjson")


def train(
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Clauses with labels.")] = TRAINING_DATA,
) -> None:
    """Write the weights of the model anew, after the training data were changed."""
    # Takes more than a second to import, which no other command should pay.
    from commands.remarks.training import train as train_on

    print(json.dumps(asdict(train_on(data, WEIGHTS))))


def read(
    text: Annotated[str, typer.Argument(help="What the customer wrote.")],
    zone: Annotated[str, typer.Option(help="Whose days and hours are meant.")] = "Asia/Shanghai",
) -> None:
    """What Baton makes of a remark that is written now."""
    reading = read_remarks(text, "", datetime.now(ZoneInfo(zone)), ZoneInfo(zone))
    print(json.dumps(asdict(reading), ensure_ascii=False, indent=2))
