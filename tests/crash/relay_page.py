"""A till page that reaches its agent over the server's relay (docs/agent-protocol.md §10)."""

import json
import time
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from guitai.config.till_client import Till


class RelayPage:
    """``with RelayPage(till) as page``: fetches a ticket and enters; ``page.welcome`` says how."""

    def __init__(self, till: Till, origin: str = "", **chosen: Any) -> None:
        self._till, self._chosen = till, chosen
        self._origin = origin or till.base
        self._open = ExitStack()
        self._count = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> "RelayPage":
        given = self._till.call("POST", "relay-ticket", self._chosen)
        opening = connect(given["url"], origin=Origin(self._origin), proxy=None, open_timeout=5)
        self.socket = self._open.enter_context(opening)
        self.welcome = self.ask("enter", ticket=given["ticket"])
        return self

    def __exit__(self, *why: Any) -> None:
        self._open.close()

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """One request; its reply, also when it is a refusal."""
        self._count += 1
        asked = {"v": 1, "id": str(self._count), "type": kind, **fields}
        self.socket.send(json.dumps(asked))
        while True:
            reply: dict[str, Any] = json.loads(self.socket.recv(timeout=20))
            if reply.get("id") == asked["id"]:
                return reply
            self.events.append(reply)

    def submit(self, job: dict[str, Any]) -> dict[str, Any]:
        fields = {key: job[key] for key in ("job_id", "doc", "sha256", "copy", "expires")}
        return self.ask("print.submit", **fields)

    def finish(self, job_id: str, seconds: float = 30) -> str:
        """The job's last state."""
        deadline = time.monotonic() + seconds
        while True:
            state = str(self.ask("print.get", job_id=job_id)["job"]["state"])
            if state not in {"queued", "waiting", "sending"} or time.monotonic() > deadline:
                return state
            time.sleep(0.05)


def entered(till: Till, seconds: float = 30) -> RelayPage:
    """A page that gets in, trying as the till does until the agent is there."""
    deadline = time.monotonic() + seconds
    while True:
        page = RelayPage(till)
        try:
            page.__enter__()
            if page.welcome["ok"]:
                return page
            last: object = page.welcome
        except (OSError, WebSocketException) as problem:
            last = problem
        page.__exit__()
        if time.monotonic() > deadline:
            raise TimeoutError(f"no way in: {last!r}")
        time.sleep(0.2)
