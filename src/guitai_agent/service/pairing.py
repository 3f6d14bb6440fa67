"""Who may print: pairing codes, tokens, origins (printing.md §3; agent-protocol.md §3)."""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..datadir import Pairing, SettingsFile
from ..errors import AgentError

CODE_SECONDS = 120
TRIES = 5
MOST_PAIRINGS = 50
ORIGIN = re.compile(
    r"https?://[a-z0-9.\-]{1,253}(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?"
)


def is_origin(text: str) -> bool:
    """A web origin as browsers send it; ``null`` and files are none."""
    return ORIGIN.fullmatch(text) is not None


@dataclass
class OpenCode:
    code: str
    expires: float
    tries_left: int = TRIES


class PairingDesk:
    """Hands out codes, turns them into tokens, recognises tokens. Safe from any thread."""

    def __init__(self, settings: SettingsFile, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._open: OpenCode | None = None
        self._lock = threading.Lock()

    def open_code(self, seconds: float = CODE_SECONDS) -> OpenCode:
        """A new code; an older one is void from now on."""
        with self._lock:
            code = f"{secrets.randbelow(1_000_000):06}"
            self._open = OpenCode(code, self._clock() + seconds)
            return self._open

    def pair(self, code: str, origin: str, *, terminal: str, label: str) -> str:
        """Exchange the code for a token bound to ``origin``. The code works once."""
        with self._lock:
            used = self._use(code)
            try:
                return self._remember(secrets.token_urlsafe(32), origin, terminal, label)
            except BaseException:  # nobody was paired: the code is good for another try
                self._open = used
                raise

    def preset(self, token: str, origin: str) -> None:
        """Pair an origin without a code (installer, demo). Doing it twice changes nothing."""
        if self.recognise(token, origin) is None:
            self._remember(token, origin, "", "預設配對")

    def knows(self, origin: str) -> bool:
        return any(pairing.origin == origin for pairing in self._settings.now.pairings)

    def recognise(self, token: str, origin: str) -> Pairing | None:
        """The pairing of that token, only together with its own origin."""
        digest = _digest(token)
        found = None
        for pairing in self._settings.now.pairings:  # all of them: the time tells nothing
            same = hmac.compare_digest(pairing.token_sha256, digest)
            if same and pairing.origin == origin:
                found = pairing
        return found

    def pairings(self) -> list[Pairing]:
        return list(self._settings.now.pairings)

    def remove(self, pairing_id: str) -> Pairing:
        with self._settings.changing() as settings:
            found = [pairing for pairing in settings.pairings if pairing.id == pairing_id]
            if not found:
                raise AgentError("not_paired")
            settings.pairings.remove(found[0])
        return found[0]

    def _use(self, code: str) -> OpenCode:
        opened = self._open
        if opened is None or opened.expires <= self._clock():
            self._open = None
            raise AgentError("code_expired")
        if opened.tries_left <= 0:
            raise AgentError("too_many_tries")
        if not hmac.compare_digest(opened.code.encode(), code.encode()):
            opened.tries_left -= 1
            raise AgentError("bad_code", tries_left=opened.tries_left)
        self._open = None
        return opened

    def _remember(self, token: str, origin: str, terminal: str, label: str) -> str:
        pairing = Pairing(
            secrets.token_hex(8), origin, _digest(token), terminal, label, self._clock()
        )
        with self._settings.changing() as settings:
            if len(settings.pairings) >= MOST_PAIRINGS:
                raise AgentError("too_many_pairings")
            settings.pairings.append(pairing)
        return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
