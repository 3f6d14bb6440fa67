"""The till served from here, and the version in use: what the agent's page and the command line
ask about both (agent-protocol.md §12)."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import AgentError
from ..install.home import Home, default_root, running_root
from ..install.refusals import InstallRefused
from ..install.releases import Source, latest, numbers
from ..install.updater import source_of
from ..printer.report import moment
from . import messages
from .guard import own_origins
from .tillpage import TillPage

if TYPE_CHECKING:
    from .handler import Peer

log = logging.getLogger(__name__)
Reply = dict[str, object]
RETRY_SECONDS = 10.0

SENTENCES = {
    "off": "連到伺服器後，就能在這台電腦上開啟收銀頁。",
    "serving": "由這台電腦提供，不需要瀏覽器的本機網路權限。",
    "port_taken": "連接埠被其他程式占用，無法在這台電腦上提供收銀頁。",
}


def how_to_update(platform: str) -> str:
    """What a person does on a computer of that ``sys.platform``."""
    if platform == "win32":
        return "請按「開始」，打開「櫃台列印程式」資料夾，點「更新列印程式」。"
    rights = "sudo " if running_root() == default_root(system=True) else ""
    return f"請打開「終端機」，輸入 {rights}guitai-agent update 後按 Enter。"


class TillKeeper:
    """Serves the till of the server that was joined, or of the one that was named at the start.

    Safe from any thread; ``follow`` may be called as often as one likes.
    """

    def __init__(
        self, port: int, named: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port, self._named, self._clock = port, named, clock
        self._lock = threading.Lock()
        self._page: TillPage | None = None
        self._refused_at: float | None = None
        self._stopped = False
        if named:
            TillPage(named, port)  # bad_server is told at the start

    def follow(self, joined: str) -> None:
        """Serve the till of ``joined`` from now on; empty: of none, unless one was named."""
        wanted = self._named or joined
        with self._lock:
            if self._stopped or (self._page is not None and self._page.server == wanted):
                return
            self._close()
            if not wanted:
                self._refused_at = None
            elif self._refused_at is None or self._clock() - self._refused_at >= RETRY_SECONDS:
                self._open(wanted)

    def server_of(self, origin: str) -> str:
        """Whose page that is: the server's when it came from here, else its own origin."""
        with self._lock:
            page = self._page
        return page.server if page and origin in own_origins(page.port) else origin

    def stop(self) -> None:
        """For good."""
        with self._lock:
            self._stopped = True
            self._close()

    def as_json(self) -> Reply:
        """``till`` of agent-protocol.md §12."""
        with self._lock:
            page = self._page
            state = "serving" if page else ("off" if self._refused_at is None else "port_taken")
            return {
                "state": state,
                "url": page.url if page else "",
                "server": page.server if page else "",
                "port": self._port,
                "message": SENTENCES[state],
            }

    def _open(self, wanted: str) -> None:
        page = TillPage(wanted, self._port)
        try:
            page.start()
        except OSError as error:  # somebody else's port; it is asked for again from time to time
            if self._refused_at is None:
                log.warning("till page: port %d: %s", self._port, error)
            self._refused_at = self._clock()
            return
        self._page, self._refused_at = page, None

    def _close(self) -> None:
        if self._page is not None:
            self._page.stop()
            self._page = None


class UpkeepVerbs:
    """``till.get``, ``update.get`` and ``update.check``."""

    def __init__(
        self, till: TillKeeper, joined: Callable[[], str], home: Home, version: str
    ) -> None:
        self._till, self._joined = till, joined
        self._home, self._version = home, version
        self._newest, self._checked, self._refused = "", 0.0, ""

    def table(self) -> dict[str, Callable[["Peer", messages.Message], Reply]]:
        return {"till.get": self._till_get, "update.get": self._get, "update.check": self._check}

    def _till_get(self, peer: "Peer", message: messages.Message) -> Reply:
        self._till.follow(self._joined())
        return {"till": self._till.as_json()}

    def _get(self, peer: "Peer", message: messages.Message) -> Reply:
        return {"update": self._told()}

    def _check(self, peer: "Peer", message: messages.Message) -> Reply:
        """Ask the source for its newest version; nothing is installed."""
        if peer.role != "owner":
            raise AgentError("not_allowed")
        try:
            key, joined = self._home.key, self._joined()
            location = source_of(self._home, joined)
            source = Source(location, signed=key is not None, joined=joined)
            self._newest, self._checked = latest(source, key).version, time.time()
            self._refused = ""
        except InstallRefused as refusal:
            log.warning("update check: %s", refusal)
            self._refused = refusal.code
        return {"update": self._told()}

    def _source(self) -> str:
        """Where updates come from; empty when nobody knows."""
        try:
            return source_of(self._home, self._joined())
        except InstallRefused:
            return ""

    def _told(self) -> Reply:
        newer = bool(self._newest) and numbers(self._newest) > numbers(self._version)
        available = self._newest if newer else ""
        return {
            "version": self._version,
            "managed": self._home.managed,
            "previous": self._home.previous,
            "source": self._source(),
            "available": available,
            "checked": moment(self._checked) if self._checked else "",
            "refused": self._refused,
            "message": self._sentence(available),
        }

    def _sentence(self, available: str) -> str:
        if self._refused:  # what an earlier check found may not be so any more
            return InstallRefused(self._refused).message
        if available:
            return f"有新版 {available}。{how_to_update(sys.platform)}"
        if not self._source():
            return f"使用中的版本：{self._version}。{InstallRefused('update_no_source').message}"
        if self._checked:
            return f"{self._version} 已是最新版。"
        return f"使用中的版本：{self._version}。"
