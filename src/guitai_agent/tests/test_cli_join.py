"""``guitai-agent join`` and ``leave`` where the running agent takes its time."""

import pytest
from typer.testing import CliRunner

from guitai_agent import cli_join
from guitai_agent.cli import app
from guitai_agent.service import joining


class SilentAgent:
    """One that takes the question and does not answer."""

    def __init__(self, data, patience):
        assert patience > 2 * joining.SECONDS  # the new server's answer, and the old one's

    def __enter__(self):
        return self

    def __exit__(self, *why):
        return None

    def ask(self, kind, **fields):
        raise TimeoutError


@pytest.mark.parametrize(
    "arguments", [("join", "--server", "http://127.0.0.1:9", "--code", "ABCD2345"), ("leave",)]
)
def test_an_agent_that_does_not_answer_is_told_in_words(monkeypatch, arguments):
    monkeypatch.setattr(cli_join, "OwnerClient", SilentAgent)
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 5 and "列印程式沒有回應" in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
