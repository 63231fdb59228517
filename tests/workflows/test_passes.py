"""A worker walks through payloads only if something codes them."""

from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.bridge import worker as bridge
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.worker import _workflow

from workflows.passes import OF_COMMANDS, WALKS, _OfWorkflow, _Unless, skip_idle_passes
from workflows.payloads import DATA_CONVERTER


class _Sealed(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"encoding": b"sealed"}, data=one.data) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [*payloads]


def completion() -> WorkflowActivationCompletion:
    [result] = DATA_CONVERTER.payload_converter.to_payloads(["an elegant lamp"])
    ended = WorkflowActivationCompletion()
    ended.successful.commands.add().complete_workflow_execution.result.CopyFrom(result)
    return ended


async def test_what_nothing_codes_is_not_walked_through_and_what_a_codec_codes_is() -> None:
    skip_idle_passes()
    skip_idle_passes()
    plain, sealed = completion(), completion()

    # when
    metrics = await bridge.encode_completion(plain, DATA_CONVERTER, False, 1)
    await bridge.encode_completion(sealed, DataConverter(payload_codec=_Sealed()), False, 1)

    # then
    assert metrics.payload_count == 0
    assert plain == completion()
    assert sealed.successful.commands[0].complete_workflow_execution.result.metadata["encoding"] == b"sealed"


def test_the_sdk_still_has_the_seams() -> None:
    """If this fails, a new SDK walks otherwise: look there whether anything is left to skip."""
    skip_idle_passes()

    assert all(isinstance(getattr(bridge, name), _Unless) for name in WALKS)
    assert isinstance(getattr(_workflow, OF_COMMANDS).create, _OfWorkflow)
