"""Joining a server: its address, the code for a token, and the file that keeps it (§10.2).

The token is as good as the printer, so it travels over TLS only; plain http is for this machine,
for private addresses, and for who says so.
"""

import contextlib
import http.client
import ipaddress
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..datadir import (
    Unreadable,
    flat,
    known_fields,
    put_aside,
    read_object,
    room_for,
    write_private,
)
from ..errors import AgentError
from .tillheaders import Upstream, upstream_of

log = logging.getLogger(__name__)

SECONDS = 10.0
LONGEST_ANSWER = 65_536
LONGEST_TOKEN, LONGEST_ADDRESS = 1_000, 2_000
ROOM = 16_384
"""Bytes that hold any membership a server may grant."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The server this agent belongs to. ``refused``: the server took the token away."""

    server: str
    relay_url: str
    token: str
    register: str
    store: str
    insecure: bool = False
    refused: bool = False
    rest: dict[str, Any] = field(default_factory=dict, compare=False)  # of a later version


class MembershipFile:
    """``relay.json`` beside the settings, for its owner's eyes only. Safe from any thread.

    One that cannot be read is put aside: the agent works on without the server until it is joined
    again.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "relay.json"
        self._lock = threading.Lock()
        self.now = self._read()

    def keep(self, membership: Membership | None) -> None:
        """On disk first: what is not there would be gone with the next start. OSError."""
        with self._lock:
            if membership is None:
                self._path.unlink(missing_ok=True)
            else:
                write_private(self._path, _text(membership))
            self.now = membership

    @contextlib.contextmanager
    def joining(self) -> Iterator[Callable[[Membership], None]]:
        """Room for what a server is about to grant; inside, ``keep(membership)``. OSError.

        A code works once, and the server lets go of who stood there before: so the disk is tried
        before the server is asked.
        """
        with room_for(self._path, ROOM) as write:

            def keep(membership: Membership) -> None:
                with self._lock:
                    write(_text(membership))
                    self.now = membership

            yield keep

    def mark_refused(self, token: str) -> None:
        """The server does not know that token any more; a newer one is left alone."""
        now = self.now
        if now is None or now.token != token:
            return
        refused = replace(now, refused=True)
        try:
            self.keep(refused)
        except OSError as error:  # the next start asks the server once more, and learns it again
            log.warning("cannot keep that the server removed us: %s", error)
            self.now = refused

    def _read(self) -> Membership | None:
        try:
            return Membership(**known_fields(Membership, read_object(self._path)))
        except FileNotFoundError:
            return None
        except (Unreadable, TypeError) as error:  # TypeError: a field is missing
            put_aside(self._path, error)
            return None


def _text(membership: Membership) -> str:
    return json.dumps(flat(membership), ensure_ascii=False)


def is_near(host: str) -> bool:
    """This machine, or an address that no provider routes; a name is neither, but localhost."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_unspecified)


def checked_server(text: str, *, insecure: bool) -> Upstream:
    """The server's address; ``bad_server`` and, for plain http over the internet,
    ``insecure_server``."""
    server = upstream_of(text)
    if server.scheme == "http" and not insecure and not is_near(server.host):
        raise AgentError("insecure_server", server=server.origin)
    return server


def checked_relay(text: object, server: Upstream, *, insecure: bool) -> str:
    """The relay's address as the server told it: never weaker than the server's own."""
    try:
        parts = urlsplit(text if isinstance(text, str) else "")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise AgentError("server_refused", reason="relay_url") from None
    fits = len(str(text)) <= LONGEST_ADDRESS and "@" not in parts.netloc
    if parts.scheme not in ("ws", "wss") or not host or not fits:
        raise AgentError("server_refused", reason="relay_url")
    if parts.scheme == "ws" and not insecure and (server.scheme == "https" or not is_near(host)):
        raise AgentError("insecure_server", server=str(text))
    return str(text)


def ask_to_join(
    server: Upstream, code: str, about: Mapping[str, str], *, insecure: bool
) -> Membership:
    """Exchange the code for a token. Blocks up to ten seconds.

    Raises ``server_unreachable`` and ``server_refused`` with the server's own code and sentence.
    A token that comes with an answer we cannot use is given back.
    """
    said = _post(server, "join", {"code": code, **about})
    try:
        return _membership(said, server, insecure=insecure)
    except AgentError:
        if isinstance(token := said.get("token"), str):
            give_back(server.origin, token)
        raise


def _membership(said: Mapping[str, Any], server: Upstream, *, insecure: bool) -> Membership:
    token, register, store = said.get("token"), said.get("register"), said.get("store")
    if not (isinstance(token, str) and isinstance(register, dict) and isinstance(store, dict)):
        raise AgentError("server_refused", reason="answer")
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise AgentError("server_refused", reason="token")
    return Membership(
        server=server.origin,
        relay_url=checked_relay(said.get("relay_url"), server, insecure=insecure),
        token=token,
        register=str(register.get("name", ""))[:60],
        store=str(store.get("name", ""))[:60],
        insecure=insecure,
    )


def give_back(server: str, token: str) -> None:
    """Tell the server that this token is not needed, so that its desk shows no agent that is not.

    Politeness: one that cannot be told learns it from the next agent that joins there.
    """
    try:
        _post(upstream_of(server), "leave", {}, token=token)
    except AgentError as error:
        log.info("%s was not told that a token is not needed: %s", server, error.params)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server that sends us elsewhere would get the code or the token sent elsewhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _post(
    server: Upstream, verb: str, body: Mapping[str, str], *, token: str = ""
) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(
        f"{server.origin}/api/agent/{verb}", json.dumps(body).encode(), headers, method="POST"
    )
    # A shop's proxy is for the internet, not for the machine in the next room.
    near = [urllib.request.ProxyHandler({})] if is_near(server.host) else []
    opener = urllib.request.build_opener(_NoRedirect, *near)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return _object(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            said = _object(error.read(LONGEST_ANSWER)).get("error")
        told = said if isinstance(said, dict) else {}
        raise AgentError(
            "server_refused",
            reason=str(told.get("code", f"HTTP {error.code}"))[:40],
            message=str(told.get("message", ""))[:200],
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise AgentError("server_unreachable", detail=str(error)[:200]) from None


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
