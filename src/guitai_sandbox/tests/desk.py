"""A sandbox as the provider vectors describe it: one seller, one machine, track AB."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from guitai_sandbox.server import Sandbox
from guitai_sandbox.wire import Answer, Request

DATA = Path(__file__).parent / "data"
SELLER, KEY = "12345675", "00112233445566778899"


def sample(name: str) -> str:
    """Return the text of one sample message."""
    return (DATA / f"{name}.xml").read_text("utf-8").strip()


class Desk:
    """Posts messages straight into a sandbox, without a socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open()

    def open(self) -> None:
        self.sandbox = Sandbox(self.folder)

    def raw(self, body: str | bytes, **headers: str) -> Answer:
        data = body.encode() if isinstance(body, str) else body
        merged = {"content-type": "application/xml", **headers}
        return self.sandbox.answer(Request("POST", "/", {}, merged, data, "127.0.0.1", True))

    def post(self, body: str) -> dict[str, str]:
        """Post one message; return the reply's fields (the last one wins where one repeats)."""
        answer = self.raw(body)
        assert answer.status == 200, answer
        return fields(answer.body.decode("utf-8"))

    def control(self, method: str, path: str, **order: Any) -> Any:
        path, _, query = path.partition("?")
        asked = dict(pair.split("=") for pair in query.split("&")) if query else {}
        body = json.dumps(order).encode()
        request = Request(method, f"/_sandbox/{path}", asked, {}, body, "127.0.0.1", True)
        answer = self.sandbox.answer(request)
        reply = json.loads(answer.body)
        if answer.status != 200:
            raise AssertionError(reply)
        return reply

    def fault(self, name: str, **order: Any) -> None:
        self.control("POST", "faults", name=name, **order)

    def reason(self) -> str:
        """Return the sandbox's own code of the latest delivery; empty when accepted."""
        row = self.sandbox.world.link.execute(
            "SELECT code FROM deliveries ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return row["code"]


def fields(text: str) -> dict[str, str]:
    """Read the flat fields of a reply."""
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?><INDEX>'), text
    return dict(re.findall(r"<(\w+)>([^<]*)</\1>", text))


def furnish(desk: Desk) -> Desk:
    """Open the seller of the samples, its machine, and track AB 00000000–00000499."""
    machines = [{"posid": "1", "possn": KEY}]
    desk.control("POST", "sellers", ban=SELLER, name="範例商店", machines=machines)
    for period, track in (("11508", "AB"), ("11510", "CD")):
        desk.control(
            "POST",
            "ranges",
            seller=SELLER,
            period=period,
            track=track,
            begin="00000000",
            end="00000299",
        )
    desk.control("POST", "clock", now="2026-07-05T12:00:00", hold=True)
    return desk
