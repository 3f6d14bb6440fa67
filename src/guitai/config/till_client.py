"""A till without a screen: speaks the till's own interfaces, for the demo, crash tests and benches.

It does what the page does and nothing else: bind, sign in, sell, fetch print jobs, hand them to the
agent. A sale that got no answer is sent again with the same id.
"""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from guitai.kernel import clock, ids


class Refused(RuntimeError):
    """The server said no: its HTTP status and its error."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        self.status = status
        self.error = error
        super().__init__(f"{status} {error.get('code', '')} {error.get('message', '')}")


@dataclass(slots=True)
class Till:
    """One register's device. ``base`` is the server's address without a slash at the end."""

    base: str
    token: str = ""
    session: str = ""
    timeout: float = 10.0
    register: dict[str, Any] = field(default_factory=dict)

    def bind(self, ban: str, code: str, device: str) -> None:
        """Takes the register that the code was made for, and keeps the device's token."""
        request = self._request("POST", "bind", {"ban": ban, "code": code, "device_name": device})
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:
            cookies = answer.headers.get_all("Set-Cookie") or []
            self.register = json.loads(answer.read())["register"]
        self.token = next(
            c.split("=", 1)[1].split(";", 1)[0] for c in cookies if c.startswith("guitai_till=")
        )

    def sign_in(self, staff_id: UUID, pin: str) -> None:
        answer = self.call("POST", "sign-in", {"staff_id": str(staff_id), "pin": pin})
        self.session = answer["session"]["id"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request; raises ``Refused`` for an answer that is an error, ``OSError`` for none."""
        try:
            with urllib.request.urlopen(
                self._request(method, path, body), timeout=self.timeout
            ) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                said = error.read()
            try:
                detail = json.loads(said)["error"]
            except (ValueError, KeyError, TypeError):
                raise OSError(f"HTTP {error.code} without our error body") from error
            raise Refused(error.code, detail) from error

    def sell(self, sale: dict[str, Any], *, patience: float = 0.0) -> dict[str, Any]:
        """Sends the sale; without an answer, again with the same id for ``patience`` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                answer: dict[str, Any] = self.call("POST", "sales", sale)
                return answer
            except (OSError, Refused) as problem:
                refused = isinstance(problem, Refused) and problem.status < 500
                if refused or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> urllib.request.Request:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.session:
            headers["X-Guitai-Session"] = self.session
        data = None if body is None else json.dumps(body).encode()
        if data is None and method != "GET":
            data = b"{}"
        return urllib.request.Request(
            f"{self.base}/api/till/{path}", data=data, headers=headers, method=method
        )


def sale_of(products: list[dict[str, Any]], invoice: dict[str, Any]) -> dict[str, Any]:
    """A cash sale of one of each product, paid with exact change."""
    lines = [
        {
            "id": str(ids.new_id()),
            "product_id": product["id"],
            "name": product["name"],
            "quantity": "1",
            "unit_price": product["price"],
            "discount": 0,
            "tax_type": product["tax_type"],
        }
        for product in products
    ]
    total = sum(product["price"] for product in products)
    return {
        "id": str(ids.new_id()),
        "started_at": clock.in_taipei(clock.now()).isoformat(),
        "lines": lines,
        "order_discount": 0,
        "tenders": [{"method": "cash", "amount": total, "received": total}],
        "invoice": invoice,
        "total": total,
    }


class Printer:
    """The page's way to the agent (docs/agent-protocol.md), for one paired origin.

    ``with Printer(port, origin, token) as printer: printer.print(job)``.
    """

    def __init__(self, port: int, origin: str, token: str) -> None:
        self._connect = connect(
            f"ws://127.0.0.1:{port}/v1", origin=Origin(origin), open_timeout=10, proxy=None
        )
        self._token = token
        self._count = 0

    def __enter__(self) -> "Printer":
        self._socket: ClientConnection = self._connect.__enter__()
        self.ask("auth", token=self._token)
        return self

    def __exit__(self, *why: Any) -> None:
        self._connect.__exit__(*why)

    def ask(self, kind: str, **body: Any) -> dict[str, Any]:
        self._count += 1
        number = str(self._count)
        self._socket.send(json.dumps({"v": 1, "id": number, "type": kind, **body}))
        while True:
            reply: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
            if reply.get("id") == number:
                if not reply["ok"]:
                    raise RuntimeError(reply["error"]["message"])
                return reply

    def print(self, job: dict[str, Any], *, patience: float = 30.0) -> str:
        """Submits the server's print job and waits for its end; returns the job's last state."""
        fields = {key: job[key] for key in ("job_id", "doc", "sha256", "copy", "expires")}
        state = self.ask("print.submit", **fields)["job"]["state"]
        deadline = time.monotonic() + patience
        while state in {"queued", "waiting", "sending"} and time.monotonic() < deadline:
            time.sleep(0.05)
            state = self.ask("print.get", job_id=job["job_id"])["job"]["state"]
        return str(state)
