"""Heartbeats for every running step, sent by the worker so that steps need not do it."""

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)


class Heartbeats(Interceptor):
    """Sends the heartbeats of every step that has a heartbeat timeout.

    Without them, a step that dies with its worker is noticed only at its start-to-close timeout.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = outbound
        super().init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        limit = activity.info().heartbeat_timeout
        if not limit:
            return await super().execute_activity(input)
        beating = asyncio.create_task(self._beat(limit.total_seconds() / 3))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()

    async def _beat(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            self._outbound.heartbeat()
