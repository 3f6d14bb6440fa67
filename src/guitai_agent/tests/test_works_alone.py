"""What is in the journal is printed whoever is away: the page, the server, the network."""

import socket

import pytest

from guitai_agent.service.joining import Membership, MembershipFile
from guitai_agent.tests.rig import number_on, until
from guitai_agent.tests.running import PAGE, Page, Running, job
from guitai_agent.tests.slips import proof
from twinvoice import paper


def numbered(number):
    return job(f"0192-{number}", paper.to_json(proof(number)))


NUMBERS = [f"AB2000000{n}" for n in range(5)]


def queue_with_open_lid(agent):
    """Five jobs acknowledged while the lid is open; then the page goes away for good."""
    page = Page(agent)
    page.ask("pair", code=agent.code())
    agent.printer.set_fault("cover_open", True)
    for number in NUMBERS:
        assert page.ask("print.submit", **numbered(number))["ok"]
    page.event("job.state", job_id=f"0192-{NUMBERS[-1]}", state="waiting")
    page.close()


def wait_for_all(agent):
    journal = agent.agent.journal
    until(lambda: journal.counts().get("done") == len(NUMBERS), 30)


def printed(agent):
    return [number for receipt in agent.pages if (number := number_on(receipt.page))]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def test_jobs_are_printed_without_page_and_after_a_restart(folder):
    first = Running(folder)
    queue_with_open_lid(first)
    first.stop()
    second = Running(folder)
    wait_for_all(second)
    assert printed(second) == [number[2:] for number in NUMBERS]
    second.stop()


def test_an_agent_that_joined_a_server_prints_while_the_server_is_away(folder):
    """Its address leads nowhere: the agent starts, prints, and answers its pages all the same."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
    first = Running(folder)
    queue_with_open_lid(first)
    first.stop()
    relay_url = nowhere.replace("http", "ws") + "/agent"
    MembershipFile(folder).keep(Membership(nowhere, relay_url, "merchant.secret", "01", "台北一店"))
    second = Running(folder)
    wait_for_all(second)
    assert printed(second) == [number[2:] for number in NUMBERS]
    page = Page(second, PAGE)
    assert page.ask("hello")["ok"]
    assert second.agent.outbound.state()["address"] == nowhere
    assert second.agent.outbound.state()["state"] in ("connecting", "away")
    page.close()
    second.stop()
