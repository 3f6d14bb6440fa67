"""Real processes: a page prints over the relay, the relay is killed, and nothing is doubled.

docs/agent-protocol.md §10, docs/flows/printing.md.
"""

import subprocess
import sys
import time

import pytest
import zxingcpp
from PIL import Image

from guitai.config import demo_shop
from guitai.config.till_client import Printer, Till, sale_of
from tests.crash.relay_page import entered
from tests.house import ROOT, House, house_folder

pytestmark = pytest.mark.crash


def agent_command(house, *words):
    done = subprocess.run(
        [sys.executable, "-m", "guitai_agent", *words, "--data", str(house.folder / "agent")],
        cwd=ROOT,
        env=house.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sold(till):
    """A proof to print: the job, and the invoice's number."""
    products = till.call("GET", "products")["products"][:3]
    answer = till.sell(sale_of(products, {"kind": "paper"}), patience=20)
    job_id = next(job["id"] for job in answer["print_jobs"] if job["kind"] == "proof")
    return till.call("GET", f"print-jobs/{job_id}"), answer["invoice"]["number"]


def papers(house):
    """What the virtual printer put out: the texts of all barcodes of each slip."""
    return [barcodes(path) for path in demo_shop.receipts(house.folder / "receipts")]


def barcodes(path):
    with Image.open(path) as image:
        found = zxingcpp.read_barcodes(image.convert("L"))
    return [code.bytes.decode("utf-8") for code in found]


def proofs_of(house, number):
    plain = number.replace("-", "")
    return [p for p in papers(house) if sum(plain in text for text in p) >= 2]


def test_a_proof_is_printed_once_whatever_happens_to_the_relay():
    with house_folder() as folder, House(folder) as house:
        seeded = house.run("seed_demo", sandbox=house.sandbox)
        till = Till(house.base)
        till.bind(seeded["ban"], seeded["code"], "平板")
        till.sign_in(seeded["clerk"], demo_shop.CLERK_PIN)

        code = till.call("POST", "agent-code")
        assert code["server"] == house.base
        told = agent_command(house, "join", "--server", house.base, "--code", code["code"])
        assert house.base in told
        assert (house.folder / "agent" / "relay.json").stat().st_mode & 0o777 == 0o600

        page = entered(till)
        first, number = sold(till)
        assert page.submit(first)["ok"]
        assert page.finish(first["job_id"]) == "done"
        assert len(proofs_of(house, number)) == 1
        assert {event["type"] for event in page.events} >= {"job.state"}

        # The relay dies under a job that was just handed over.
        second, other = sold(till)
        assert page.submit(second)["ok"]
        assert house.kill("relay")
        killed = time.monotonic()
        page = entered(till)
        assert time.monotonic() - killed < 20
        again = page.submit(second)
        assert (again["ok"], again["replay"]) == (True, True)
        assert page.finish(second["job_id"]) == "done"
        assert len(proofs_of(house, other)) == 1

        # The same job over loopback is the same job: the page's origin is one.
        token = (house.folder / "agent-token").read_text().strip()
        with Printer(house.agent_port, house.base, token) as printer:
            fields = {key: second[key] for key in ("job_id", "doc", "sha256", "copy", "expires")}
            assert printer.ask("print.submit", **fields)["replay"] is True
        assert len(proofs_of(house, other)) == 1

        # The agent dies; the page hears of it and finds the next one.
        assert house.kill("agent")
        page.socket.close()
        third, last = sold(till)
        page = entered(till)
        page.submit(third)
        assert page.finish(third["job_id"]) == "done"
        assert len(proofs_of(house, last)) == 1
        page.socket.close()

        house.wait_until(lambda: house.run("beats"), 10, "the agent's beat")
        (beat,) = house.run("beats")
        assert (beat["source"], beat["version"] != "") == ("relay", True)
        assert beat["hops"]

        assert "尚未連到伺服器" in agent_command(house, "leave")
        with pytest.raises(Exception, match="AGENT-NONE"):
            till.call("POST", "relay-ticket", {})
