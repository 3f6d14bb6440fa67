"""What strangers may learn from the health pages, and what an operator reads when he mistypes."""

import subprocess
import sys

import pytest
from django.db import connection
from django.db.utils import OperationalError


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_metrics_are_not_passed_on_through_a_proxy(client, header):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={header: "203.0.113.5"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 403


@pytest.mark.django_db
def test_readiness_names_no_address(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("connection to 10.0.0.9 as guitai failed")

    assert client.get("/readyz").json() == {"ready": True}
    monkeypatch.setattr(connection, "cursor", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "why": "database"}


def test_an_address_of_no_interface_is_answered_in_json(client):
    answer = client.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"]


def test_a_database_address_that_is_none_is_said_in_words(tmp_path):
    environment = {"DATABASE_URL": "nonsense", "GUITAI_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "guitai.config.cli", "doctor"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DATABASE_URL 看不懂" in done.stderr
    assert "Traceback" not in done.stderr
