"""What enters histories: short, and understood by what came before and after."""

import json

from temporalio.converter import DefaultPayloadConverter

from record.shipping.progress import Progress
from record.shipping.road import Road
from tests.record_defaults import RECORDED, todays_defaults
from workflows.messages import News
from workflows.payloads import DATA_CONVERTER

TOLD = News({"1": Progress("shipped", picked_units=0, waybill="W-1", number=3, road=Road(attempts=1))})
SHORT = {"status": "shipped", "picked_units": 0, "waybill": "W-1", "number": 3, "road": {"attempts": 1}}


def test_fields_with_their_defaults_are_left_out_and_come_back() -> None:
    [payload] = DATA_CONVERTER.payload_converter.to_payloads([TOLD])

    assert json.loads(payload.data) == {"progress": {"1": SHORT}}
    for reader in (DATA_CONVERTER.payload_converter, DefaultPayloadConverter()):
        assert reader.from_payloads([payload], [News]) == [TOLD]


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    newer = {**SHORT, "weather": "rain", "road": {"attempts": 1, "bumps": 2}}

    [payload] = DATA_CONVERTER.payload_converter.to_payloads([{"progress": {"1": newer}}])

    assert DATA_CONVERTER.payload_converter.from_payloads([payload], [News]) == [TOLD]


def test_a_default_of_what_is_in_histories_never_changes() -> None:
    """A new field is recorded by `python -m tests.record_defaults`; one that is gone may stay recorded."""
    recorded, today = json.loads(RECORDED.read_text()), todays_defaults()

    changed = [
        f"{name}.{field}"
        for name, defaults in today.items()
        for field, default in defaults.items()
        if field not in recorded.get(name, {}) or recorded[name][field] != default
    ]

    assert not changed
