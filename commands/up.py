"""`baton up`: run everything on this machine, until Ctrl-C."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from embedded.ending import end_process
from embedded.environment import Ports, PortTaken
from embedded.lock import AlreadyRunning
from embedded.postgres_programs import PostgresError
from embedded.services import ServiceError
from embedded.stack import Stack
from embedded.supervisor import DataUnreadable, Supervisor

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(
    data_dir: Annotated[Path, typer.Option(help="Where data, logs and secrets are kept.")] = Path(".baton"),
    step_seconds: Annotated[float, typer.Option(min=0, help="How long each step of a simulated partner takes.")] = 0.5,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    api_port: Annotated[int | None, typer.Option(help="Default: 8080, or any free one.")] = None,
    temporal_port: Annotated[int | None, typer.Option(help="Default: 7233, or any free one.")] = None,
    ui_port: Annotated[int | None, typer.Option(help="Default: 8233, or any free one.")] = None,
    simulators_port: Annotated[int | None, typer.Option(help="Default: 8090, or any free one.")] = None,
    console_port: Annotated[int | None, typer.Option(help="Default: 8088, or any free one.")] = None,
) -> None:
    """Run all of Baton on this machine: PostgreSQL, Temporal and its UI, simulators, API, console and worker."""
    console = Console()
    ports = Ports(api=api_port, temporal=temporal_port, ui=ui_port, simulators=simulators_port, console=console_port)
    stack = Stack(data_dir, ports, step_seconds=step_seconds, worker_processes=processes, say=_line(console))
    status = 0
    _interrupt_once()
    try:
        with stack:
            console.print(f"Ready. Ctrl-C ends everything; what is in {stack.data_dir} stays.", soft_wrap=True)
            _watch(stack, console)
    except KeyboardInterrupt:
        console.print("Everything has ended.")
    except (AlreadyRunning, DataUnreadable, PortTaken, PostgresError, ServiceError) as problem:
        console.print(Text(str(problem), style="red"), soft_wrap=True)
        status = 1
    end_process(status)


def _line(console: Console) -> Callable[[str, str], None]:
    def say(service: str, address: str) -> None:
        console.print(Text.assemble((f"{service:<12}", "bold green"), address), soft_wrap=True)

    return say


def _interrupt_once() -> None:
    """Interrupt at the first signal and ignore later ones, so that an impatient Ctrl-C cannot break the shutdown."""

    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            raise KeyboardInterrupt

    for number in END_SIGNALS:
        # A signal that is ignored from the start was ignored by nohup or a shell.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def _watch(stack: Stack, console: Console) -> None:
    with Supervisor(stack.parts, lambda text: console.print(Text(text, style="yellow"), soft_wrap=True)) as supervisor:
        supervisor.wait()
