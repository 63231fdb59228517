"""Skip the SDK's passes over payloads that nothing codes.

The SDK walks through every activation and completion of a workflow three times: for a codec, for external storage, and
for references to what is stored there. Without these the walks change nothing, and are a sixth of a worker's CPU. With
a codec or a storage everything is as the SDK does it, and so it is with an SDK that does it otherwise.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.bridge import worker as bridge
from temporalio.converter import DataConverter, _extstore
from temporalio.worker import _workflow

WALKS = ("decode_activation", "encode_completion")
OF_COMMANDS = "_CommandAwareDataConverter"
Walk = Callable[..., Awaitable[Any]]


def skip_idle_passes() -> None:
    """Let workers of this process skip the walks. Safe to repeat."""
    for name in WALKS:
        walk = getattr(bridge, name, None)
        if walk and not isinstance(walk, _Unless):
            setattr(bridge, name, _Unless(walk))
    of_commands = getattr(_workflow, OF_COMMANDS, None)
    if of_commands and not isinstance(of_commands.create, _OfWorkflow):
        of_commands.create = _OfWorkflow(of_commands.create)


def is_idle(converter: DataConverter) -> bool:
    """True if payloads are sent as the payload converter makes them."""
    return converter.payload_codec is None and converter.external_storage is None


class _Unless:
    """A walk that is not made unless something codes."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    async def __call__(self, walked: Any, data_converter: DataConverter, *rest: Any, **options: Any) -> Any:
        if is_idle(data_converter):
            return _extstore.StorageOperationMetrics()
        return await self._walk(walked, data_converter, *rest, **options)


class _OfWorkflow:
    """The converter for commands: it differs from that of their workflow in what a codec or a storage is told."""

    def __init__(self, create: Callable[..., DataConverter]) -> None:
        self._create = create

    def __call__(self, *, workflow_context_dc: DataConverter, **others: Any) -> DataConverter:
        if is_idle(workflow_context_dc):
            return workflow_context_dc
        return self._create(workflow_context_dc=workflow_context_dc, **others)
