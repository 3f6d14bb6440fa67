"""One process plays it all: Mirle on ``/``, the control face, the Turnkey folder."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Any

from guitai_sandbox.control import PREFIX, ControlFace
from guitai_sandbox.mirle.face import MirleFace
from guitai_sandbox.wire import Answer, Request, listen
from guitai_sandbox.world import World


class Sandbox:
    """The composition: who answers which path."""

    def __init__(self, folder: Path, turnkey: Any = None) -> None:
        self.world = World(folder)
        self.mirle = MirleFace(self.world)
        self.control = ControlFace(self.world, self.mirle.board, turnkey)

    def answer(self, request: Request) -> Answer:
        """Route one request: ``/`` is the Mirle centre, ``/_sandbox/…`` the control face."""
        if request.path == "/":
            return self.mirle.answer(request)
        if request.path.startswith(PREFIX):
            return self.control.answer(request)
        return Answer(status=404, content_type="text/plain")


async def serve(sandbox: Sandbox, host: str, port: int, started: Any = None) -> None:
    """Serve until SIGINT or SIGTERM; ``started`` is told the port that was opened."""
    server, crowd = await listen(sandbox.answer, host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(name, stop.set)
    if started:
        started(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    for connection in list(crowd):
        connection.transport.close()
