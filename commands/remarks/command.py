"""`baton remarks`: train the model for remarks that no rule knows, and show how a remark is read."""

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
    data: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Labeled clauses.")] = TRAINING_DATA,
) -> None:
    """Train the model again and write its weights, after the training data have changed."""
    # The import takes more than a second, which no other command should pay.
    from commands.remarks.training import train as train_on

    print(json.dumps(asdict(train_on(data, WEIGHTS))))


def read(
    text: Annotated[str, typer.Argument(help="What the customer wrote.")],
    zone: Annotated[str, typer.Option(help="The time zone of days and hours in it.")] = "Asia/Shanghai",
) -> None:
    """Show what Baton understands of a remark written now."""
    reading = read_remarks(text, "", datetime.now(ZoneInfo(zone)), ZoneInfo(zone))
    print(json.dumps(asdict(reading), ensure_ascii=False, indent=2))
