"""The command line's way to the running agent: the owner's token from ``run.json``."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

Reply = dict[str, Any]


class NotRunning(Exception):
    """There is no agent on that folder."""


class Refused(Exception):
    """The agent said no; the text is for the person."""


class OwnerClient:
    """``with OwnerClient(data) as agent: agent.ask("pairing.open")``.

    ``patience``: seconds to wait for an answer; ``TimeoutError`` after them.
    """

    def __init__(self, data: Path, patience: float = 10.0) -> None:
        self._patience = patience
        try:
            run = json.loads((data / "run.json").read_text("utf-8"))
            self._port, self._token = run["port"], run["token"]
        except (FileNotFoundError, ValueError, TypeError, KeyError):  # not there, or cut short
            raise NotRunning(str(data)) from None
        self._socket: ClientConnection | None = None
        self._open = ExitStack()
        self._number = 0

    def __enter__(self) -> "OwnerClient":
        port = self._port
        origin = Origin(f"http://127.0.0.1:{port}")
        try:
            opening = connect(
                f"ws://127.0.0.1:{port}/v1", origin=origin, open_timeout=3, proxy=None
            )
            self._socket = self._open.enter_context(opening)
        except (OSError, WebSocketException) as error:
            raise NotRunning(str(error)) from error
        self.welcome = self.ask("auth", token=self._token)
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def ask(self, kind: str, **fields: object) -> Reply:
        """One request; its reply, or ``Refused``."""
        assert self._socket is not None
        self._number += 1
        request = {"v": 1, "id": str(self._number), "type": kind, **fields}
        self._socket.send(json.dumps(request))
        while True:
            reply: Reply = json.loads(self._socket.recv(timeout=self._patience))
            if reply.get("id") == request["id"]:
                break
        if not reply["ok"]:
            raise Refused(f"{reply['error']['message']} ({reply['error']['code']})")
        return reply

    def next_event(self, kind: str, timeout: float) -> Reply:
        """The next event of that kind; ``TimeoutError``."""
        assert self._socket is not None
        while True:
            message: Reply = json.loads(self._socket.recv(timeout=timeout))
            if message.get("event") and message["type"] == kind:
                return message
