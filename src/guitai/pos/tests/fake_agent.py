"""A stand-in for the counter agent (docs/agent-protocol.md): journal, states and faults on demand.

Written from the protocol's page alone, so that the till is tested against the contract and not
against our own agent. ``printer`` is what it tells of the printer; ``behaviour`` decides what
becomes of a job: ``done``, ``waiting``, ``uncertain``, ``expired`` or ``silent`` (accepted, no
news); ``refusal`` is the code with which it takes none. ``hang()`` leaves its sockets open and
answers nothing before ``wake()``, nor does it from the message ``hang_at`` on. Without ``doctor``
it is an older agent, which knows nothing of health. ``FakeRelay`` is the second way to it (§10).
"""

import contextlib
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
HOPS = ("agent", "driver", "port", "printer", "paper")


def finding(code: str, hop: str, message: str, **more) -> dict:
    """A finding as §9 has it."""
    return {
        "code": code, "level": "error", "hop": hop, "message": message, "steps": [], "picture": "",
        "fix": None, "ask": None, "params": {}, "since": "2026-11-21T10:00:00+00:00", **more,
    }  # fmt: skip


PAPER_FINDING = finding(
    "PAPER_END", "paper", "紙張用完，請換紙。",
    steps=["打開上蓋，取出用完的紙軸。", "放入新紙捲。", "蓋好上蓋，會自動繼續。"],
    fix={"name": "reset", "label": "重置"}, picture="no-such-picture",
)  # fmt: skip


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><path d="M0 0h4v3z"/></svg>'


class FakeAgent:
    """Start with ``start()``; ``port`` stays the same over ``stop()`` and ``start()``."""

    def __init__(self, agent_id: str = "agent-1") -> None:
        self.agent_id = agent_id
        self.port = 0
        self.printer = READY
        self.behaviour = "done"
        self.refusal = ""
        self.journal: dict[str, dict] = {}
        self.printed: list[str] = []
        self.submitted: list[dict] = []
        self.drawers = 0
        self.version = "0.1.0"
        self.doctor = True
        self.findings: list[dict] = []
        self.fixes: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.clocks: list[str] = []
        self.drift_ms: int | None = None
        self.hellos: list[str] = []
        self.scanner = {"device_id": "", "state": "off", "code": "", "read": 0, "dropped": 0}
        self.devices = [{**READY["device"], "port": "", "selected": True}]
        self.sockets: set = set()
        self.hang_at = ""
        self.awake = threading.Event()
        self.awake.set()
        self.server = None

    def start(self) -> int:
        self.server = serve(self.talk, "127.0.0.1", self.port, process_request=self.hello)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.port

    def stop(self) -> None:
        self.wake()
        for socket in list(self.sockets):
            socket.close()
        self.server.shutdown()

    def hang(self) -> None:
        """As a stopped process does: what is sent lies in its sockets until it wakes."""
        self.awake.clear()

    def wake(self) -> None:
        self.hang_at = ""
        self.awake.set()

    def hello(self, connection, request):
        self.awake.wait()
        if request.path != "/hello":
            return None
        self.hellos.append(request.headers.get("Origin", ""))
        body = json.dumps(
            {"name": "guitai-agent", "version": self.version, "protocol": [1], "paired": False}
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
                if message["type"] == self.hang_at:
                    self.hang()
                self.awake.wait()
                try:
                    reply = {"ok": True, **self.answer(socket, message)}
                except LookupError as error:
                    reply = {"ok": False, "error": {"code": error.args[0], "message": ""}}
                answer = {"v": 1, "id": message["id"], "type": message["type"], **reply}
                with contextlib.suppress(
                    ConnectionClosed
                ):  # It was told, and does it all the same.
                    socket.send(json.dumps(answer))
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
            return self.welcome()
        if kind in ("print.get", "print.submit", "print.resolve", "print.cancel", "print.renew"):
            return self.job_message(kind, message)
        if kind == "drawer.open":
            self.drawers += 1
            return {}
        if kind == "scanner.select":
            self.scanner = {"device_id": message["device_id"], "state": "up", "code": "", "read": 0}
            return {"scanner": self.scanner}
        if kind.startswith("device."):
            return self.device_message(kind, message)
        if kind in ("health.get", "clock.tell") or kind.startswith("diag."):
            return self.doctor_message(kind, message)
        return {"printer": self.printer}

    def device_message(self, kind: str, message: dict) -> dict:
        if kind == "device.select":
            known = {device["id"]: device for device in self.devices}
            if message["device_id"] not in known:
                raise LookupError("unknown_device")
            for device in self.devices:
                device["selected"] = device["id"] == message["device_id"]
            known[message["device_id"]]["profile"] = message.get("profile", "generic-80")
        if kind == "device.scan":
            return {"devices": [{**READY["device"], "id": "tcp:192.168.1.50:9100", "kind": "tcp",
                                 "name": "TM-m30III", "port": "192.168.1.50:9100",
                                 "selected": False}]}  # fmt: skip
        if kind == "device.list":
            return {"devices": self.devices, "profiles": ["PP-8800", "generic-58", "generic-80"],
                    "chosen": None, "scanner": self.scanner}  # fmt: skip
        return {"printer": self.printer}

    def doctor_message(self, kind: str, message: dict) -> dict:
        if not self.doctor:
            raise LookupError("unknown_type")
        if kind == "clock.tell":
            self.clocks.append(message["time"])
            return {}
        if kind == "diag.picture":
            return {"svg": DRAWING}
        if kind == "diag.fix":
            self.fixes.append(message["name"])
            self.findings = []
        if kind == "diag.answer":
            self.answers.append((message["id"], message["answer"]))
            self.findings = []
        return self.health()

    def health(self) -> dict:
        bad = {found["hop"]: found for found in self.findings}
        hops = [
            {"hop": hop, "state": bad[hop]["level"] if hop in bad else "ok",
             "code": bad[hop]["code"] if hop in bad else "OK", "message": "", "since": ""}
            for hop in HOPS
        ]  # fmt: skip
        return {"hops": hops, "findings": self.findings, "printer": self.printer,
                "queue": {"waiting": 0, "sending": 0, "uncertain": 0},
                "device": self.printer["device"], "version": self.version,
                "agent_id": self.agent_id, "time": "2026-11-21T10:00:00+00:00",
                "clock": {"drift_ms": self.drift_ms, "source": None}}  # fmt: skip

    def find(self, *findings: dict, printer: dict | None = None) -> None:
        """What the doctor finds from now on; told to every page."""
        self.findings = list(findings)
        self.printer = printer or self.printer
        self.tell({"type": "health.changed", "health": self.health()})

    def welcome(self) -> dict:
        jobs = [job for job in self.journal.values() if job["state"] not in ("done", "cancelled")]
        return {"agent_id": self.agent_id, "version": self.version, "printer": self.printer,
                "time": "2026-11-21T10:00:00+00:00", "jobs": jobs}  # fmt: skip

    def job_message(self, kind: str, message: dict) -> dict:
        job_id = message["job_id"]
        if kind == "print.submit":
            self.submitted.append(message)
            return self.submit(message)
        if job_id not in self.journal:
            raise LookupError("unknown_job")
        job = self.journal[job_id]
        if kind == "print.resolve":
            self.settle(job, printed=message["printed"] == "yes")
        if kind == "print.cancel":
            if job["state"] not in ("queued", "waiting", "expired"):
                raise LookupError("wrong_state")
            job.update(state="cancelled", reason="TAKEN_BACK", message="")
            self.tell({"type": "job.state", "job": job})
        if kind == "print.renew":
            if job["state"] == "cancelled":
                raise LookupError("wrong_state")
            if job["state"] == "expired":
                job.update(state="queued", reason="", message="")
            return {"job": dict(job)}
        return {"job": job}

    def settle(self, job: dict, *, printed: bool) -> None:
        """A person's answer, whoever brought it; told to every page."""
        if job["state"] != "uncertain":
            raise LookupError("wrong_state")
        state, reason = ("done", "CONFIRMED") if printed else ("cancelled", "NOT_PRINTED")
        job.update(state=state, reason=reason)
        self.tell({"type": "job.state", "job": job})

    def submit(self, message: dict) -> dict:
        text = json.dumps(message["doc"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if hashlib.sha256(text.encode()).hexdigest() != message["sha256"]:
            raise LookupError("hash_mismatch")
        job_id = message["job_id"]
        if job_id in self.journal:
            return {"job": self.journal[job_id], "replay": True}
        if self.refusal:
            raise LookupError(self.refusal)
        self.journal[job_id] = {
            "job_id": job_id, "state": "queued", "reason": "", "message": "",
            "copy": message["copy"],
            "kind": "document", "sha256": message["sha256"], "bytes": 0,
        }  # fmt: skip
        return {"job": dict(self.journal[job_id]), "replay": False}

    def after(self, message: dict) -> None:
        if message["type"] in ("print.submit", "print.renew"):
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
        if self.behaviour == "expired":
            job.update(reason="EXPIRED", message="等太久，已過列印期限，還沒有印。")
        self.tell({"type": "job.state", "job": job})

    def set_printer(self, printer: dict) -> None:
        self.printer = printer
        self.tell({"type": "printer.status", "printer": printer})

    def tell(self, event: dict) -> None:
        for socket in list(self.sockets):
            with contextlib.suppress(ConnectionClosed):  # one that left, not all
                socket.send(json.dumps({"v": 1, "event": True, **event}))


class FakeRelay:
    """The relay's face to pages (§10.1), leading straight to one agent, or to ``others``."""

    def __init__(self, agent: FakeAgent) -> None:
        self.agent = agent
        self.others: dict[str, FakeAgent] = {}
        self.away = False
        self.entered = 0
        self.open = 0
        self.server = serve(self.talk, "127.0.0.1", 0)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ticket(self, register: str = "r1") -> dict:
        """What ``POST relay-ticket`` answers; ``register`` is ``agent_of``."""
        agents = {
            at: {"register_id": at, "register_name": f"{at} 號機", "name": "PC", "own": at == "r1"}
            for at in ("r1", *self.others)
        }
        return {"url": f"ws://127.0.0.1:{self.port}/page", "ticket": register,
                "expires": "2036-01-01T00:00:00Z", "agent": agents[register],
                "agents": list(agents.values())}  # fmt: skip

    def talk(self, socket) -> None:
        message = json.loads(socket.recv())
        assert message["type"] == "enter"
        agent = self.others.get(message["ticket"], self.agent)
        if self.away and agent is self.agent:
            error = {"code": "agent_away", "message": "列印程式沒有連線。"}
            socket.send(json.dumps({"v": 1, "id": message["id"], "type": "enter", "ok": False,
                                    "error": error}))  # fmt: skip
            socket.close(4404)
            return
        agent.awake.wait()
        self.entered += 1
        self.open += 1
        socket.send(json.dumps({"v": 1, "id": message["id"], "type": "enter", "ok": True,
                                **agent.welcome()}))  # fmt: skip
        try:
            agent.talk(socket)
        finally:
            self.open -= 1

    def stop(self) -> None:
        self.server.shutdown()
