"""A small load generator: N connections, one register each, as fast as the server answers.

Runs as a process of its own (``python -m tests.bench.load FILE SECONDS``): FILE holds one JSON per
connection ``{"head": …, "body": …}``; every ``@@@@@@@@-@@@@-@@@@-@@@@-@@@@`` in the body becomes 24
fresh characters of one UUID, so that each request is a new sale. Prints ``{"done", "latencies"}``.
"""

import json
import selectors
import socket
import sys
import time
from uuid import uuid4

PREFIX = "@@@@@@@@-@@@@-4@@@-8@@@-"


class Connection:
    """One register's keep-alive connection, one request at a time."""

    def __init__(self, address: tuple[str, int], plan: dict[str, str]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.body = plan["body"]
        length = len(self.body.encode())
        self.head = f"{plan['head']}Content-Length: {length}\r\n\r\n".encode()
        self.received = b""
        self.began = 0.0

    def send(self) -> None:
        fresh = str(uuid4())[:24]
        self.began = time.perf_counter()
        self.received = b""
        self.socket.sendall(self.head + self.body.replace(PREFIX, fresh).encode())

    def answered(self) -> int:
        """The status once the whole answer is here, else 0."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self.received += chunk
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return 0
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head[9:12]) if len(body) >= length else 0


def drive(address: tuple[str, int], plans: list[dict[str, str]], seconds: float) -> dict:
    """Keeps every connection busy for that long."""
    selector = selectors.DefaultSelector()
    connections = [Connection(address, plan) for plan in plans]
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send()
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(0.5):
            status = key.data.answered()
            if not status:
                continue
            if status not in {200, 201}:
                raise RuntimeError(key.data.received.decode(errors="replace")[:2000])
            latencies.append(time.perf_counter() - key.data.began)
            key.data.send()
    return {"done": len(latencies), "latencies": latencies}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - a script's own argument
        plan = json.load(file)
    print(json.dumps(drive((plan["host"], plan["port"]), plan["connections"], float(sys.argv[2]))))
