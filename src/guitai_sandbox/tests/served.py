"""A sandbox in its own process, as ``guitai-sandbox serve`` starts it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2]


class Served:
    """Starts the command, finds its port, and can kill it."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data, self.options = data, options
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "guitai_sandbox", "serve", "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", *self.options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        line = self.process.stdout.readline()
        assert line.startswith("guitai-sandbox http://127.0.0.1:"), line
        self.url = line.split()[1].rstrip("/")
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def control(self, path: str, order: dict[str, Any] | None = None) -> Any:
        line = self.connect()
        body = None if order is None else json.dumps(order)
        line.request("GET" if body is None else "POST", f"/_sandbox/{path}", body)
        reply = line.getresponse()
        answer = json.loads(reply.read())
        line.close()
        assert reply.status == 200, answer
        return answer
