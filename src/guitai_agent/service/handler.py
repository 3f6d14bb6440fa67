"""What every message does. Knows nothing of sockets: a transport brings a ``Peer`` and the text.

Roles: a *stranger* may say hello and pair; a *page* (paired origin, authenticated) may print; the
*owner* (the agent's own page, the command line) manages the agent but prints no documents.
"""

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..datadir import is_full
from ..errors import AgentError
from ..journal import Job, digest
from ..journal.opening import JOURNAL_CODES
from ..journal.store import Submission
from ..logbook import traced
from ..printer.report import Report, moment
from . import messages
from .desk import Desk
from .devices import DeviceVerbs
from .doctor import DoctorVerbs
from .guard import SUSPICIOUS, Bucket, Refusals

log = logging.getLogger(__name__)

DAY = 86_400.0
FREE = ("hello", "pair", "auth")
OWNER_ONLY = ("pairing.open", "pairing.list", "pairing.remove", "virtual.fault",
              "diag.bundle", "agent.leave")  # fmt: skip
# A drawer opens for a till page, which has the server check the right and keep the reason first.
PAGE_ONLY = ("print.submit", "print.renew", "clock.tell", "drawer.open")
MOST_REFUSALS = 300
SHORT = 4096


@dataclass(eq=False)
class Peer:
    """One connection. ``send`` may be called from any thread; ``owner_origin``: it is our page."""

    origin: str
    send: Callable[[dict[str, object]], None]
    owner_origin: bool = False
    role: str = ""
    pairing_id: str = ""
    bucket: Bucket = field(default_factory=lambda: Bucket(10, 2))
    by_server: bool = False
    """It comes over the relay of the server we joined, which vouches for it."""

    @property
    def authenticated(self) -> bool:
        return bool(self.role)


class TooMuch(Exception):
    """The peer goes on although it is refused: hang up."""


class Handler:
    """Answers requests and spreads events. Thread-safe; waits for disk and devices, so that an
    event loop calls it in a thread."""

    def __init__(self, desk: Desk, page_token: str, clock: Callable[[], float] = time.time) -> None:
        self._desk, self._clock = desk, clock
        self._page_token = page_token
        self._peers: list[Peer] = []
        self._lock = threading.Lock()
        self.server_of: Callable[[str], str] = lambda origin: origin
        """The server whose page an origin is (``TillKeeper.server_of``): one till, one set of jobs,
        whether its page came from the server or from this computer."""
        self.devices = DeviceVerbs(desk, self._spread)
        self._verbs = self._table()
        self.refusals = Refusals()
        desk.doctor.on_health = self.health_changed

    # -- for transports ---------------------------------------------------------------------

    def join(self, peer: Peer) -> None:
        with self._lock:
            self._peers.append(peer)

    def leave(self, peer: Peer) -> None:
        with self._lock:
            self._peers.remove(peer)

    def welcome(self, peer: Peer) -> dict[str, object]:
        """Let in a page that the server vouches for; what ``auth`` would answer."""
        peer.by_server, peer.role, peer.bucket = True, "page", Bucket(100, 30)
        return self._welcome(peer)

    def learn(self, verbs: dict[str, Callable[[Peer, messages.Message], Any]]) -> None:
        """More messages, from who cannot be made before the handler."""
        self._verbs |= verbs

    def knows(self, origin: str) -> bool:
        """Is that origin paired?"""
        return self._desk.pairing.knows(origin)

    def handle(self, peer: Peer, raw: str | bytes) -> dict[str, object]:
        """One request in, exactly one reply out; raises ``TooMuch`` for a flood."""
        message: messages.Message | None = None
        try:
            within = peer.bucket.take()
            if peer.bucket.refusals > MOST_REFUSALS:
                raise TooMuch
            if within or len(raw) <= SHORT:  # a short one is read even then, to answer by its id
                message = messages.parse(raw)
            if not within or message is None:
                raise AgentError("rate_limited")
            message_id, kind = messages.envelope(message)
            self._admit(peer, kind)
            return messages.success(message_id, kind, self._verbs[kind](peer, message))
        except AgentError as error:
            if error.code in SUSPICIOUS:
                self.refusals.note(error.code, peer.origin)
            return messages.failure(message, error)
        except TooMuch:
            raise
        # A fault of ours must not take the agent down: logged without its words, and said.
        except Exception as error:  # noqa: BLE001
            if isinstance(error, OSError) and is_full(error):
                self.refusals.note("disk_full", peer.origin)
                return messages.failure(message, AgentError("disk_full"))
            reference = secrets.token_hex(4)
            log.error("internal error %s: %s", reference, traced(error))
            return messages.failure(message, AgentError("internal", ref=reference))

    # -- news -------------------------------------------------------------------------------

    def job_changed(self, job: Job) -> None:
        self._desk.doctor.job_news(job)
        news = messages.event("job.state", {"job": messages.job_json(job)})
        self._spread(news, lambda peer: self._jobs_of(peer) in (None, job.origin))

    def health_changed(self, health: dict[str, object]) -> None:
        self._spread(messages.event("health.changed", {"health": health}))

    def printer_changed(self, report: Report) -> None:
        self._desk.doctor.printer_news(report)
        self._spread(messages.event("printer.status", {"printer": report.as_json()}))

    def server_changed(self, state: dict[str, object]) -> None:
        self._spread(messages.event("server.state", {"server": state}))

    def device_news(self, kind: str, device: dict[str, object]) -> None:
        self._desk.doctor.notice()
        self._spread(messages.event(kind, {"device": device}))

    def _spread(
        self, news: dict[str, object], wanted: Callable[[Peer], bool] = lambda peer: True
    ) -> None:
        with self._lock:
            listeners = [peer for peer in self._peers if peer.authenticated and wanted(peer)]
        for peer in listeners:
            peer.send(news)

    # -- who may what -----------------------------------------------------------------------

    def _admit(self, peer: Peer, kind: str) -> None:
        if kind not in self._verbs:
            raise AgentError("unknown_type", known=sorted(self._verbs))
        if kind in FREE and peer.by_server and kind != "hello":
            raise AgentError("not_allowed")
        if kind in FREE:
            return
        if not peer.authenticated:
            known = peer.owner_origin or self._desk.pairing.knows(peer.origin)
            raise AgentError("not_authenticated" if known else "not_paired")
        owner = peer.role == "owner"
        if kind in OWNER_ONLY and not owner:
            raise AgentError("not_allowed")
        if kind in PAGE_ONLY and owner:
            raise AgentError("page_only")
        if not owner and self._unpaired(peer):
            raise AgentError("not_paired")

    def _unpaired(self, peer: Peer) -> bool:
        """Was the pairing removed while the connection was open?"""
        if peer.by_server:
            return False
        return all(pairing.id != peer.pairing_id for pairing in self._desk.pairing.pairings())

    def _table(self) -> dict[str, Callable[[Peer, messages.Message], dict[str, object]]]:
        return {
            "hello": self._hello,
            "pair": self._pair,
            "auth": self._auth,
            "printer.get": lambda peer, message: {"printer": self._printer()},
            **self.devices.table(),
            "print.submit": self._submit,
            "print.get": lambda peer, message: self._job(self._own(peer, message)),
            "print.cancel": self._cancel,
            "print.renew": self._renew,
            "print.resolve": self._resolve,
            "print.list": self._list,
            "selftest.run": self._selftest,
            **DoctorVerbs(self._desk).table(),
            "log.tail": self._log_tail,
            "pairing.open": self._pairing_open,
            "pairing.list": self._pairing_list,
            "pairing.remove": self._pairing_remove,
            "virtual.fault": self._virtual_fault,
        }

    # -- hello, pair, auth ------------------------------------------------------------------

    def greeting(self, origin: str) -> dict[str, object]:
        """What anybody may know; the agent's identity only for pages it knows."""
        told: dict[str, object] = {
            "name": "guitai-agent",
            "version": self._desk.version,
            "protocol": [1],
            "paired": self._desk.pairing.knows(origin),
        }
        if told["paired"]:
            told["agent_id"] = self._desk.agent_id
        return told

    def _hello(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        greeting = self.greeting(peer.origin)
        agent = {key: greeting[key] for key in ("name", "version", "agent_id") if key in greeting}
        return {
            "agent": agent,
            "protocol": greeting["protocol"],
            "paired": greeting["paired"],
            "authenticated": peer.authenticated,
            "time": moment(self._clock()),
        }

    def _pair(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        if peer.owner_origin:
            raise AgentError("not_allowed")
        code = messages.need(message, "code", str, longest=12)
        terminal = messages.maybe(message, "terminal", str, "", longest=64)
        label = messages.maybe(message, "label", str, "", longest=80)
        token = self._desk.pairing.pair(code, peer.origin, terminal=terminal, label=label)
        log.info("paired %s", peer.origin)
        return {"token": token, **self._let_in(peer, token)}

    def _auth(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        token = messages.need(message, "token", str, longest=128)
        if peer.owner_origin:
            if not hmac.compare_digest(token.encode(), self._page_token.encode()):
                raise AgentError("bad_token")
            peer.role, peer.bucket = "owner", Bucket(100, 30)
            return self._welcome(peer)
        if not self._desk.pairing.knows(peer.origin):
            raise AgentError("not_paired")
        return self._let_in(peer, token)

    def _let_in(self, peer: Peer, token: str) -> dict[str, object]:
        pairing = self._desk.pairing.recognise(token, peer.origin)
        if pairing is None:
            raise AgentError("bad_token")
        peer.role, peer.pairing_id, peer.bucket = "page", pairing.id, Bucket(100, 30)
        return self._welcome(peer)

    def _welcome(self, peer: Peer) -> dict[str, object]:
        jobs = self._open_jobs(peer)
        return {
            "agent_id": self._desk.agent_id,
            "version": self._desk.version,
            "time": moment(self._clock()),
            "printer": self._printer(),
            "jobs": [messages.job_json(job) for job in jobs],
        }

    def _open_jobs(self, peer: Peer) -> list[Job]:
        """None where the journal cannot be read: a page is let in to hear of just that."""
        try:
            return self._desk.journal.open_jobs(self._jobs_of(peer))
        except AgentError as error:
            if error.code not in JOURNAL_CODES:
                raise
            return []

    # -- printing ---------------------------------------------------------------------------

    def _submit(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        doc = messages.need(message, "doc", list)
        given = messages.sha256(message)
        wanted = Submission(
            job_id=messages.job_id(message),
            origin=self.server_of(peer.origin),
            doc=doc,
            copy=messages.one_of(message, "copy", ("original", "reprint")),
            expires=messages.deadline(message, self._clock() + DAY),
        )
        try:
            computed = digest(doc)
        except (ValueError, RecursionError):
            raise AgentError("bad_doc") from None
        if not hmac.compare_digest(computed, given):
            raise AgentError("hash_mismatch", computed=computed)
        missing = self._desk.check_document(doc)
        if missing:
            # Which ones is a part of the document, and the log goes into the evidence bundle.
            log.warning("job %s: no glyph for %d characters", wanted.job_id, len(missing))
        job, replay = self._desk.submit(wanted)
        return {"replay": replay, "missing": missing, **self._job(job)}

    def _jobs_of(self, peer: Peer) -> str | None:
        """Whose jobs it sees: those of its own server; the owner all."""
        return None if peer.role == "owner" else self.server_of(peer.origin)

    def _own(self, peer: Peer, message: messages.Message) -> Job:
        job = self._desk.journal.get(messages.job_id(message))
        if self._jobs_of(peer) not in (None, job.origin):
            raise AgentError("unknown_job")
        return job

    def _cancel(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        return self._job(self._desk.journal.cancel(self._own(peer, message).job_id))

    def _renew(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        return self._job(self._desk.renew(self._own(peer, message).job_id))

    def _resolve(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        printed = messages.one_of(message, "printed", ("yes", "no")) == "yes"
        job = self._own(peer, message)
        return self._job(self._desk.journal.resolve(job.job_id, printed=printed))

    def _list(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        limit = messages.number(message, "limit", 50, 1, 200)
        jobs = self._desk.journal.latest(limit, self._jobs_of(peer))
        return {"jobs": [messages.job_json(job) for job in jobs]}

    def _selftest(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        what = messages.one_of(message, "what", ("test", "ruler"))
        return self._job(self._desk.selftest(what, peer.origin))

    @staticmethod
    def _job(job: Job) -> dict[str, object]:
        return {"job": messages.job_json(job)}

    # -- what is known ----------------------------------------------------------------------

    def _printer(self) -> dict[str, object]:
        return self._desk.worker.report.as_json()

    def _log_tail(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        return {"lines": self._desk.tail.last(messages.number(message, "lines", 100, 1, 500))}

    # -- owner ------------------------------------------------------------------------------

    def _pairing_open(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        opened = self._desk.open_pairing()
        return {"code": opened.code, "expires": moment(opened.expires)}

    def _pairing_list(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        listed = [
            {"pairing_id": p.id, "origin": p.origin, "label": p.label, "terminal": p.terminal,
             "created": moment(p.created)}
            for p in self._desk.pairing.pairings()
        ]  # fmt: skip
        return {"pairings": listed}

    def _pairing_remove(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        removed = self._desk.pairing.remove(messages.need(message, "pairing_id", str))
        log.info("unpaired %s", removed.origin)
        with self._lock:
            for other in self._peers:
                if other.pairing_id == removed.id:
                    other.role, other.pairing_id = "", ""
        return {}

    def _virtual_fault(self, peer: Peer, message: messages.Message) -> dict[str, object]:
        fault = messages.need(message, "fault", str, longest=20)
        on = messages.need(message, "on", bool)
        self._desk.set_virtual_fault(fault, on)
        return {"printer": self._printer()}
