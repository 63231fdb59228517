"""The embedded Temporal server: its retention survives, and a failed start says why."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from embedded.environment import Ports, choose_ports
from embedded.services import ServiceError
from embedded.temporal_server import EmbeddedTemporal


@pytest.fixture
def temporal(tmp_path: Path) -> Iterator[EmbeddedTemporal]:
    ports = choose_ports(Ports(), {"BATON_TEMPORAL_ADDRESS": ":27233", "BATON_TEMPORAL_UI_URL": ":28233"})
    server = EmbeddedTemporal(tmp_path, ports["temporal"], ports["ui"])
    yield server
    server.stop()


async def retention(temporal: EmbeddedTemporal) -> timedelta:
    client = await Client.connect(temporal.address)
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    ttl: timedelta = answer.config.workflow_execution_retention_ttl.ToTimedelta()
    return ttl


async def test_the_retention_survives_a_killed_server(temporal: EmbeddedTemporal) -> None:
    # given a server that keeps histories for a month
    temporal.start()
    temporal.wait_ready()
    temporal.keep_histories(timedelta(days=30))
    assert await retention(temporal) == timedelta(days=30)

    # when it is killed and started again
    temporal.service.kill()
    temporal.start()
    temporal.wait_ready()

    # then the retention is still that of its file
    assert await retention(temporal) == timedelta(days=30)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    # given a port that another process listens on
    with socket.create_server(("127.0.0.1", 0)) as other, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        temporal = EmbeddedTemporal(tmp_path, other.getsockname()[1], ui_port=nobody.getsockname()[1])

        # when the server starts, then the message ends with its log
        temporal.start()
        with pytest.raises(
            ServiceError, match=r"temporal ended with status 1.*\n.*temporal\.log[^$]*address already in use"
        ):
            temporal.wait_ready()
