"""The sandbox as a process of its own, driven over its control face: a black box."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

KEY = "00112233445566778899"
BAN = "12345675"


class SandboxProcess:
    """``guitai-sandbox serve`` on a free port with a Turnkey folder."""

    def __init__(self, folder: Path) -> None:
        self.turnkey = folder / "turnkey"
        command = [sys.executable, "-m", "guitai_sandbox", "serve", "--data", str(folder / "data")]
        command += ["--port", "0", "--turnkey", str(self.turnkey), "--interval", "3600"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("guitai-sandbox http://"), line
        self.url = line.split()[1]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, path: str, order: dict[str, Any] | None = None) -> Any:
        """GET without an order, POST with one; fails loudly on a refusal."""
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self.url}_sandbox/{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def furnish(self, now: str = "2026-07-04T09:00:00") -> None:
        """Forgets everything; one seller, machine 1, ranges of this and the next period."""
        self.ask("reset", {"everything": True})
        self.ask("clock", {"now": now, "hold": True})
        machines = [{"posid": "1", "possn": KEY}, {"posid": "2", "possn": KEY[::-1]}]
        self.ask("sellers", {"ban": BAN, "name": "範例商店", "machines": machines})
        for period, track in (("11508", "AB"), ("11510", "EF")):
            self.allot(period, track, "mirle")
        self.allot("11508", "CD", "turnkey")

    def allot(self, period: str, track: str, face: str, end: str = "00000999") -> None:
        self.ask(
            "ranges",
            {
                "seller": BAN,
                "period": period,
                "track": track,
                "begin": "00000000",
                "end": end,
                "face": face,
            },
        )

    def fault(self, name: str, face: str = "mirle", **params: Any) -> None:
        self.ask("faults", {"name": name, "face": face, **params})

    def documents(self, face: str = "mirle") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while after is not None:
            page = self.ask(f"documents?face={face}&after={after}&limit=5000")
            found += page["documents"]
            after = page["next_after"]
        return found

    def ledger(self, face: str = "mirle") -> dict[str, Any]:
        return self.ask(f"ledger?face={face}")
