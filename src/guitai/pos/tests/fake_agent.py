"""A stand-in for the counter agent (docs/agent-protocol.md): journal, states and faults on demand.

Written from the protocol's page alone, so that the till is tested against the contract and not
against our own agent. ``printer`` is what it tells of the printer; ``behaviour`` decides what
becomes of a job: ``done``, ``waiting``, ``uncertain`` or ``silent`` (accepted, no news).
"""

import hashlib
import json
import threading
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import serve

READY = {
    "link": "up", "online": True, "paper": "ok", "cover": "closed", "cutter": "ok",
    "drawer": "closed", "code": "OK", "message": "發票機就緒。",
    "since": "2026-11-21T10:00:00+00:00",
    "device": {"id": "virtual", "name": "Posiflex PP-8800", "kind": "virtual",
               "profile": "PP-8800", "dots": 384},
}  # fmt: skip
PAPER_END = {
    **READY,
    "online": False,
    "paper": "end",
    "code": "PAPER_END",
    "message": "紙張用完，請換紙。",
}
CODE = "493817"
TOKEN = "t" * 43


class FakeAgent:
    """Start with ``start()``; ``port`` stays the same over ``stop()`` and ``start()``."""

    def __init__(self, agent_id: str = "agent-1") -> None:
        self.agent_id = agent_id
        self.port = 0
        self.printer = READY
        self.behaviour = "done"
        self.journal: dict[str, dict] = {}
        self.printed: list[str] = []
        self.drawers = 0
        self.sockets: set = set()
        self.server = None

    def start(self) -> int:
        self.server = serve(self.talk, "127.0.0.1", self.port, process_request=self.hello)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.port

    def stop(self) -> None:
        for socket in list(self.sockets):
            socket.close()
        self.server.shutdown()

    def hello(self, connection, request):
        if request.path != "/hello":
            return None
        body = json.dumps(
            {"name": "guitai-agent", "version": "0.1.0", "protocol": [1], "paired": False}
        )
        headers = Headers(
            [
                ("Access-Control-Allow-Origin", request.headers.get("Origin", "null")),
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ]
        )
        return Response(HTTPStatus.OK, "OK", headers, body.encode())

    def talk(self, socket) -> None:
        self.sockets.add(socket)
        try:
            for text in socket:
                message = json.loads(text)
                try:
                    reply = {"ok": True, **self.answer(socket, message)}
                except LookupError as error:
                    reply = {"ok": False, "error": {"code": error.args[0], "message": ""}}
                socket.send(
                    json.dumps({"v": 1, "id": message["id"], "type": message["type"], **reply})
                )
                self.after(message)
        except ConnectionClosed:
            return
        finally:
            self.sockets.discard(socket)

    def answer(self, socket, message: dict) -> dict:
        kind = message["type"]
        if kind == "pair":
            if message["code"] != CODE:
                raise LookupError("bad_code")
            return {"token": TOKEN, **self.welcome()}
        if kind == "auth":
            if message["token"] != TOKEN:
                raise LookupError("bad_token")
            return {"version": "0.1.0", "time": "2026-11-21T10:00:00+00:00", **self.welcome()}
        if kind in ("print.get", "print.submit", "print.resolve", "print.cancel"):
            return self.job_message(kind, message)
        if kind == "drawer.open":
            self.drawers += 1
            return {}
        if kind == "diag.run":
            return {
                "findings": [{"code": "OK", "level": "ok", "message": "發票機正常。", "remedy": ""}]
            }
        return {"printer": self.printer}

    def welcome(self) -> dict:
        jobs = [job for job in self.journal.values() if job["state"] not in ("done", "cancelled")]
        return {"agent_id": self.agent_id, "printer": self.printer, "jobs": jobs}

    def job_message(self, kind: str, message: dict) -> dict:
        job_id = message["job_id"]
        if kind == "print.submit":
            return self.submit(message)
        if job_id not in self.journal:
            raise LookupError("unknown_job")
        job = self.journal[job_id]
        if kind == "print.resolve":
            job["state"] = "done" if message["printed"] == "yes" else "cancelled"
        if kind == "print.cancel":
            job["state"] = "cancelled"
        return {"job": job}

    def submit(self, message: dict) -> dict:
        text = json.dumps(message["doc"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if hashlib.sha256(text.encode()).hexdigest() != message["sha256"]:
            raise LookupError("hash_mismatch")
        job_id = message["job_id"]
        if job_id in self.journal:
            return {"job": self.journal[job_id], "replay": True}
        self.journal[job_id] = {
            "job_id": job_id, "state": "queued", "reason": "", "message": "",
            "copy": message["copy"],
            "kind": "document", "sha256": message["sha256"], "bytes": 0,
        }  # fmt: skip
        return {"job": dict(self.journal[job_id]), "replay": False}

    def after(self, message: dict) -> None:
        if message["type"] == "print.submit":
            self.carry_on(message["job_id"])

    def carry_on(self, job_id: str) -> None:
        """Let a queued or waiting job go on as ``behaviour`` says."""
        job = self.journal.get(job_id)
        if not job or job["state"] not in ("queued", "waiting") or self.behaviour == "silent":
            return
        if self.behaviour in ("done", "uncertain"):
            self.printed.append(job_id)
        job["state"] = self.behaviour
        if self.behaviour == "waiting":
            job.update(reason="PAPER_END", message="紙張用完，請換紙。")
        self.tell({"type": "job.state", "job": job})

    def set_printer(self, printer: dict) -> None:
        self.printer = printer
        self.tell({"type": "printer.status", "printer": printer})

    def tell(self, event: dict) -> None:
        for socket in list(self.sockets):
            socket.send(json.dumps({"v": 1, "event": True, **event}))
