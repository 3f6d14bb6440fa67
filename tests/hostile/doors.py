"""The two doors of the sale: Django's ordinary view, and the lane before it (config/lane.py)."""

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from guitai.config.wsgi import application as with_lane
from guitai.kernel import clock
from guitai.orders.tests.till import Till

PATH = "/api/till/sales"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``body`` is the decoded JSON, ``None`` where it is none."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The refusal's code; empty where nothing was refused, or not as JSON."""
        if self.status < 400 or self.headers.get("Content-Type") != "application/json":
            return ""
        return str(self.body["error"]["code"])


def ask(application: Any, environ: dict[str, Any]) -> Answer:
    """One WSGI request, as a server would make it."""
    said: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        said.update(status=int(status.split()[0]), headers=dict(headers))

    chunks = application(environ, start)
    content = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    return Answer(said["status"], said["headers"], content)


def environ_of(
    till: Till | None, body: bytes, *, method: str = "POST", path: str = PATH, **more: str
) -> dict[str, Any]:
    """The environment of a request by the till's page; ``more`` replaces what it says."""
    found: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if till is not None:
        found["HTTP_COOKIE"] = f"guitai_till={till.token}"
        found["HTTP_X_GUITAI_TILL"] = "1"
        found["HTTP_X_GUITAI_CLOCK"] = clock.now().isoformat()
        found["HTTP_X_GUITAI_SESSION"] = str(till.session.id)
    return {name: value for name, value in {**found, **more}.items() if value is not None}


def view(till: Till | None, body: bytes, **more: str) -> Answer:
    """Through Django's view."""
    return ask(WSGIHandler(), environ_of(till, body, **more))


def lane(till: Till | None, body: bytes, **more: str) -> Answer:
    """Through the application that granian serves."""
    return ask(with_lane, environ_of(till, body, **more))


DOORS = {"view": view, "lane": lane}
