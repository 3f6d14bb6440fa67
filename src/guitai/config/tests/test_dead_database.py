"""A command whose external database is away says so in a sentence (DESIGN §4, Errors)."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", ["migrate", "invariants"])
def test_a_dead_database_is_told_in_a_sentence(command, tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://shop:hidden-word@127.0.0.1:1/none",
        "GUITAI_HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "guitai.config.cli", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "連不上資料庫" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "hidden-word" not in done.stderr + done.stdout
