"""The worker as a process of its own on the test's database, its clock moved by a file."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from django.db import connection


class Worker:
    """``python -m guitai.config.worker``; kill it or stop it."""

    def __init__(self, offset_file: Path) -> None:
        values = connection.get_connection_params()
        host = quote(values["host"], safe="")
        url = f"postgresql://{values['user']}:{quote(values['password'])}@/{values['dbname']}"
        environment = {
            **os.environ,
            "DATABASE_URL": f"{url}?host={host}",
            "GUITAI_CLOCK_OFFSET_FILE": str(offset_file),
            "DJANGO_SETTINGS_MODULE": "guitai.config.settings",
        }
        environment.pop("GUITAI_TEST_DB", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "guitai.config.worker"], env=environment
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(40)
