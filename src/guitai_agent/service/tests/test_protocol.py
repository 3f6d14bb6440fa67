"""docs/agent-protocol.md, sentence by sentence, over real sockets on loopback."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from guitai_agent.app import Agent, Options
from guitai_agent.datadir import DataDirBusy
from guitai_agent.errors import REASONS
from guitai_agent.service.pairing import CODE_SECONDS, MOST_PAIRINGS
from guitai_agent.tests.rig import QUICK, number_on, until
from guitai_agent.tests.running import OTHER, PAGE, Page, Running, job

# -- the door -----------------------------------------------------------------------------------


def test_hello_tells_any_origin_the_little_anybody_may_know(agent):
    reply = httpx.get(f"{agent.url}/hello", headers={"Origin": OTHER})
    assert reply.headers["access-control-allow-origin"] == OTHER
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json() == {
        "name": "guitai-agent", "version": "0.1.0", "protocol": [1], "paired": False,
    }  # fmt: skip


def test_hello_tells_a_paired_origin_who_we_are(agent, page):
    told = httpx.get(f"{agent.url}/hello", headers={"Origin": PAGE}).json()
    assert told["paired"] is True
    assert told["agent_id"] == agent.agent.desk.agent_id
    assert "agent_id" not in httpx.get(f"{agent.url}/hello", headers={"Origin": OTHER}).json()
    assert page.token not in str(told)


REBOUND = (
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1.nip.io:{port}",
    "0.0.0.0:{port}", "127.1:{port}", "",
)  # fmt: skip


@pytest.mark.parametrize("host", REBOUND)
@pytest.mark.parametrize("path", ["/hello", "/", "/v1"])
def test_a_rebound_name_is_refused_everywhere(agent, host, path):
    named = host.format(port=agent.port)
    reply = httpx.get(f"{agent.url}{path}", headers={"Host": named, "Origin": PAGE})
    assert reply.status_code == 403


@pytest.mark.parametrize("origin", [None, "null", "file://", "https://a b", "chrome-extension://x"])
def test_no_origin_no_socket(agent, origin):
    with pytest.raises(InvalidStatus) as caught:
        Page(agent, origin=origin)
    assert caught.value.response.status_code == 403


def test_localhost_and_ipv6_are_ours_too(agent):
    assert httpx.get(f"http://localhost:{agent.port}/hello").status_code == 200
    try:
        status = httpx.get(f"http://[::1]:{agent.port}/hello").status_code
    except httpx.ConnectError:
        pytest.skip("this machine has no IPv6 loopback")
    assert status == 200


def test_only_loopback_listens(agent):
    listening = [s.getsockname()[0] for server in agent.agent.door._servers for s in server.sockets]
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_own_page_is_served_and_cannot_be_framed_or_fetched_by_others(agent):
    reply = httpx.get(f"{agent.url}/")
    assert reply.status_code == 200
    assert agent.agent.page_token in reply.text
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "access-control-allow-origin" not in reply.headers
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert httpx.get(f"{agent.url}/", headers=foreign).status_code == 403
    for path in ("/agent.css", "/agent.js", "/agent.svg"):
        assert httpx.get(agent.url + path).status_code == 200
    for path in ("/../config.json", "/etc", "/web/index.html"):
        assert httpx.get(agent.url + path).status_code == 404
    assert httpx.post(f"{agent.url}/hello").status_code in (400, 405, 500)


# -- pairing and sign-in ------------------------------------------------------------------------


def test_a_stranger_may_say_hello_and_nothing_else(agent):
    stranger = Page(agent, OTHER)
    hello = stranger.ask("hello")
    assert hello["ok"]
    assert (hello["paired"], hello["authenticated"]) == (False, False)
    kinds = sorted(agent.agent.handler._verbs)
    assert len(kinds) >= 26
    for kind in kinds:
        if kind not in ("hello", "pair", "auth"):
            other = Page(agent, OTHER)
            assert other.error(kind, **job()) == "not_paired"
            other.close()
    assert stranger.error("auth", token="x" * 43) == "not_paired"
    assert stranger.error("pair", code="000000") == "code_expired"
    assert agent.agent.journal.latest(9) == []
    stranger.close()


def test_pairing_binds_the_token_to_its_origin(agent, page):
    again = Page(agent)
    assert again.error("print.list") == "not_authenticated"
    assert again.error("auth", token="wrong") == "bad_token"
    welcome = again.ask("auth", token=page.token)
    assert welcome["printer"]["online"] is True
    assert welcome["jobs"] == []
    again.close()
    thief = Page(agent, OTHER)
    thief.ask("pair", code=agent.code())
    thief.close()
    thief = Page(agent, OTHER)
    assert thief.error("auth", token=page.token) == "bad_token"
    thief.close()


def test_the_token_is_kept_only_as_a_hash(agent, page, tmp_path):
    stored = (tmp_path / "data" / "config.json").read_text("utf-8")
    assert page.token not in stored
    assert hashlib.sha256(page.token.encode()).hexdigest() in stored
    assert (tmp_path / "data" / "config.json").stat().st_mode & 0o077 == 0
    log = (tmp_path / "data" / "agent.log").read_text("utf-8")
    assert page.token not in log


def test_a_code_has_five_tries_and_works_once(agent):
    code = agent.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    stranger = Page(agent)
    for left in (4, 3, 2, 1, 0):
        reply = stranger.ask("pair", code=wrong)
        assert reply["error"]["code"] == "bad_code"
        assert reply["error"]["params"]["tries_left"] == left
    assert stranger.error("pair", code=code) == "too_many_tries"
    code = agent.code()
    assert stranger.ask("pair", code=code)["ok"]
    assert stranger.error("pair", code=code) == "code_expired"
    stranger.close()


def test_a_code_lives_two_minutes(agent):
    code = agent.code()
    desk = agent.agent.pairing
    assert CODE_SECONDS == 120
    desk._clock = lambda: time.time() + 121
    stranger = Page(agent)
    assert stranger.error("pair", code=code) == "code_expired"
    stranger.close()


def test_pairing_slip_is_printed_and_shown(agent, owner):
    opened = owner.ask("pairing.open")
    until(lambda: agent.pages)
    assert opened["code"][:3] in agent.pages[0].text
    assert opened["code"][3:] in agent.pages[0].text


def test_removing_a_pairing_shuts_the_page_out_at_once(agent, page, owner):
    (listed,) = owner.ask("pairing.list")["pairings"]
    assert (listed["origin"], listed["label"], listed["terminal"]) == (PAGE, "收銀機 1", "R1")
    assert owner.ask("pairing.remove", pairing_id=listed["pairing_id"])["ok"]
    assert page.error("print.list") == "not_paired"
    assert page.error("auth", token=page.token) == "not_paired"
    assert owner.error("pairing.remove", pairing_id="x") == "not_paired"


def test_pairings_have_a_limit(agent):
    desk = agent.agent.pairing
    for number in range(MOST_PAIRINGS):
        desk.preset(f"{number:032}", f"https://s{number}.example")
    stranger = Page(agent)
    assert stranger.error("pair", code=agent.code()) == "too_many_pairings"
    stranger.close()


def test_owner_manages_but_prints_no_documents(agent, page, owner):
    assert owner.error("print.submit", **job()) == "page_only"
    for kind in ("pairing.open", "pairing.list", "pairing.remove", "virtual.fault"):
        assert page.error(kind) == "not_allowed"
    guess = Page(agent, origin=agent.url)
    assert guess.error("auth", token="x" * 43) == "bad_token"
    assert guess.error("pair", code=agent.code()) == "not_allowed"
    guess.close()


# -- printing -----------------------------------------------------------------------------------


def test_submit_prints_once_and_a_replay_prints_nothing(agent, page):
    wanted = job()
    reply = page.ask("print.submit", **wanted)
    assert (reply["replay"], reply["job"]["state"]) == (False, "queued")
    done = page.event("job.state", state="done")
    assert done["bytes"] > 3000
    reply = page.ask("print.submit", **wanted)
    assert (reply["replay"], reply["job"]["state"]) == (True, "done")
    assert page.ask("print.get", job_id=wanted["job_id"])["job"]["state"] == "done"
    time.sleep(0.2)
    assert [number_on(receipt.page) for receipt in agent.pages] == ["12345678"]


def test_same_id_other_content_is_a_conflict(page):
    page.ask("print.submit", **job())
    assert page.error("print.submit", **job(copy="reprint")) == "conflict"
    assert page.error("print.submit", **job(doc=[{"block": "cut"}])) == "conflict"


def test_a_reprint_is_a_new_job(agent, page):
    page.ask("print.submit", **job())
    page.ask("print.submit", **job("0192-reprint-1", copy="reprint"))
    page.event("job.state", job_id="0192-reprint-1", state="done")
    assert len(agent.pages) == 2


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"sha256": "0" * 64}, "hash_mismatch"),
        ({"sha256": "0" * 63}, "malformed"),
        ({"job_id": "short"}, "malformed"),
        ({"job_id": "../../etc/passwd"}, "malformed"),
        ({"copy": "third"}, "malformed"),
        ({"expires": "tomorrow"}, "malformed"),
        ({"expires": "2026-11-21T10:00:00"}, "malformed"),
        ({"expires": "2020-01-01T00:00:00+08:00"}, "expired"),
        ({"doc": "text"}, "malformed"),
        ({"doc": None}, "malformed"),
    ],
)
def test_bad_submissions_are_refused_by_field(agent, page, changes, code):
    assert page.error("print.submit", **{**job(), **changes}) == code
    assert agent.agent.journal.latest(9) == []


@pytest.mark.parametrize(
    "doc",
    [
        [],
        [{"block": "image", "data": "x"}],
        [{"block": "text"}],
        [{"block": "text", "text": "a", "scale": 9}],
        [{"block": "feed", "dots": 10**9}],
        [{"block": "code39", "data": "lower case"}],
        [{"block": "code39", "data": "A" * 60}],
        [{"block": "qr_pair", "left": "x" * 3000, "right": "y"}],
        ["text"],
        [{"block": "cut"}] * 2001,
    ],
)
def test_documents_that_cannot_be_printed_are_refused_at_the_door(agent, page, doc):
    assert page.error("print.submit", **job(doc=doc)) == "bad_doc"
    assert agent.agent.journal.latest(9) == []


def test_emoji_and_control_characters_are_no_danger(agent, page):
    doc = [{"block": "text", "text": "蛋糕🍰\x00\x1b@\x10\x14\x01\x00\x01 堃"}, {"block": "cut"}]
    reply = page.ask("print.submit", **job(doc=doc))
    assert reply["missing"] == "🍰"
    page.event("job.state", state="done")
    assert agent.printer.drawer_opened == 0
    assert agent.printer.interpreter.unknown == []


def expired(page, owner, **changes):
    """Paper whose time ran out while the cover was open; it is closed again."""
    owner.ask("virtual.fault", fault="cover_open", on=True)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    told = page.ask("print.submit", **job(expires=soon, **changes))["job"]
    assert told["expires"][:19] == soon[:19]
    told = page.event("job.state", state="expired")
    owner.ask("virtual.fault", fault="cover_open", on=False)
    return told


def test_expired_paper_is_asked_about_and_printed_once_when_it_is_wanted(agent, page, owner):
    told = expired(page, owner)
    assert (told["reason"], told["message"]) == ("EXPIRED", REASONS["EXPIRED"])
    page.ask("print.submit", **job("0192-behind-it"))
    page.event("job.state", job_id="0192-behind-it", state="done")
    assert len(agent.pages) == 1
    fresh = Page(agent)
    assert fresh.ask("auth", token=page.token)["jobs"][0]["state"] == "expired"
    assert "JOB_EXPIRED" in {each["code"] for each in fresh.ask("health.get")["findings"]}
    for each in (page, fresh):
        assert each.ask("print.renew", job_id=told["job_id"])["job"]["copy"] == "original"
    page.event("job.state", job_id=told["job_id"], state="done")
    assert fresh.ask("print.renew", job_id=told["job_id"])["job"]["state"] == "done"
    fresh.close()
    assert len(agent.pages) == 2


def test_expired_paper_that_nobody_wants_is_taken_back(agent, page, owner):
    job_id = expired(page, owner)["job_id"]
    assert owner.error("print.renew", job_id=job_id) == "page_only"
    assert page.error("print.resolve", job_id=job_id, printed="yes") == "wrong_state"
    assert page.ask("print.cancel", job_id=job_id)["job"]["state"] == "cancelled"
    assert page.error("print.renew", job_id=job_id) == "wrong_state"


def test_waiting_is_told_and_can_be_cancelled(agent, page, owner):
    owner.ask("virtual.fault", fault="paper_end", on=True)
    assert page.event("printer.status", code="PAPER_END")["message"] == "紙張用完，請換紙。"
    page.ask("print.submit", **job())
    waiting = page.event("job.state", state="waiting")
    assert (waiting["reason"], waiting["message"]) == ("PAPER_END", "紙張用完，請換紙。")
    assert page.ask("print.cancel", job_id=waiting["job_id"])["job"]["state"] == "cancelled"
    assert page.error("print.resolve", job_id=waiting["job_id"], printed="yes") == "wrong_state"


@pytest.mark.parametrize("printed, state", [("yes", "done"), ("no", "cancelled")])
def test_uncertain_is_asked_and_answered_once(agent, page, printed, state):
    agent.printer.rate = 30_000
    agent.printer.plan_fault("cover_open", 800)
    wanted = job()
    page.ask("print.submit", **wanted)
    uncertain = page.event("job.state", state="uncertain")
    assert uncertain["reason"] == "COVER_OPEN"
    assert "已印好" in uncertain["message"]
    fresh = Page(agent)
    assert fresh.ask("auth", token=page.token)["jobs"][0]["state"] == "uncertain"
    fresh.close()
    assert page.error("print.cancel", job_id=wanted["job_id"]) == "wrong_state"
    assert page.error("print.resolve", job_id=wanted["job_id"], printed="maybe") == "malformed"
    for _ in range(2):
        reply = page.ask("print.resolve", job_id=wanted["job_id"], printed=printed)
        assert reply["job"]["state"] == state


def test_a_till_that_came_from_the_agent_has_the_jobs_of_its_server(agent, page):
    """The same till by another address: nothing is lost from sight, nothing is printed twice."""
    served = "http://127.0.0.1:47130"
    agent.agent.handler.server_of = lambda origin: PAGE if origin == served else origin
    here = Page(agent, served)
    here.ask("pair", code=agent.code())
    here.ask("print.submit", **job())
    page.event("job.state", state="done")
    here.event("job.state", state="done")
    assert page.ask("print.get", job_id=job()["job_id"])["job"]["state"] == "done"
    assert page.ask("print.submit", **job())["replay"]
    assert page.ask("print.list")["jobs"] == here.ask("print.list")["jobs"]
    here.close()
    assert len(agent.pages) == 1


def test_jobs_of_another_origin_are_not_shown(agent, page):
    page.ask("print.submit", **job())
    page.event("job.state", state="done")
    other = Page(agent, OTHER)
    other.ask("pair", code=agent.code())
    assert other.error("print.get", job_id=job()["job_id"]) == "unknown_job"
    assert other.error("print.cancel", job_id=job()["job_id"]) == "unknown_job"
    assert other.ask("print.list")["jobs"] == []
    assert other.error("print.submit", **job()) == "conflict"
    page.ask("print.submit", **job("0192-second-1"))
    page.event("job.state", job_id="0192-second-1", state="done")
    assert other.ask("print.list")["jobs"] == []
    assert [news for news in other.events if news["type"] == "job.state"] == []
    other.close()


# -- devices and the rest -----------------------------------------------------------------------


def test_printer_and_devices(agent, page):
    printer = page.ask("printer.get")["printer"]
    assert printer["device"]["dots"] == 384
    assert (printer["link"], printer["code"], printer["paper"]) == ("up", "OK", "ok")
    listed = page.ask("device.list")
    assert [device["id"] for device in listed["devices"]] == ["virtual"]
    assert "PP-8800" in listed["profiles"]
    assert page.ask("device.select", device_id="virtual", profile="PP-8800")["ok"]
    until(lambda: page.ask("printer.get")["printer"]["device"]["profile"] == "PP-8800")
    assert page.error("device.select", device_id="tcp:8.8.8.8:9100") == "unknown_device"
    assert page.error("device.select", device_id="serial:/dev/mem") == "unknown_device"
    assert page.error("device.select", device_id="virtual", profile="X") == "unknown_profile"
    assert page.ask("device.reset")["ok"]


def test_drawer_selftest_diagnosis_and_log(agent, page, owner):
    until(lambda: agent.agent.worker.report.online)
    assert page.ask("drawer.open")["ok"]
    until(lambda: agent.printer.drawer_opened == 1)
    assert owner.error("drawer.open") == "page_only"  # without a right, a reason and a record
    for what in ("test", "ruler"):
        started = page.ask("selftest.run", what=what)["job"]
        page.event("job.state", job_id=started["job_id"], state="done")
    assert page.error("selftest.run", what="dance") == "malformed"
    findings = [f["code"] for f in page.ask("diag.run")["findings"]]
    assert findings == ["OK", "TEST_PRINTED"]  # green, and a question no sensor answers
    owner.ask("virtual.fault", fault="cover_open", on=True)
    page.event("printer.status", code="COVER_OPEN")
    assert page.error("drawer.open") == "printer_offline"
    assert page.ask("diag.run")["findings"][0]["code"] == "COVER_OPEN"
    assert any("paired" in line for line in page.ask("log.tail", lines=500)["lines"])
    assert page.error("log.tail", lines=9999) == "malformed"
    assert owner.error("virtual.fault", fault="fire", on=True) == "malformed"


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "", "{", "null", "[]", '"text"', "NaN", '{"v":NaN}', "[" * 100_000, "\x00",
        '{"v":1,"id":"1","type":["x"]}', '{"v":1,"id":7,"type":"hello"}', '{"v":1,"type":"hello"}',
        b"\x00\x01", b'{"v":1,"id":"1","type":"hello"}',
    ],
)  # fmt: skip
def test_malformed_messages_get_an_error_and_the_connection_lives(page, raw):
    assert page.exchange(raw)["error"]["code"] == "malformed"
    assert page.ask("hello")["ok"]


def test_wrong_version_and_unknown_type(page):
    reply = page.exchange('{"v":2,"id":"a","type":"hello"}')
    assert reply["error"]["code"] == "unsupported_version"
    assert page.exchange('{"v":true,"id":"a","type":"hello"}')["ok"] is False
    assert page.error("print.everything") == "unknown_type"
    lone = page.exchange('{"v":1,"id":"\\ud800","type":"hello"}')
    assert (lone["error"]["code"], lone["id"]) == ("malformed", None)


def test_an_oversized_message_closes_with_1009(agent, page):
    page.socket.send("x" * (256 * 1024 + 1))
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            page.socket.recv(timeout=5)
    assert caught.value.rcvd.code == 1009
    assert httpx.get(f"{agent.url}/hello").status_code == 200


def test_a_flood_is_refused_then_hung_up_and_the_agent_stays_up(agent):
    stranger = Page(agent, OTHER)
    with pytest.raises(ConnectionClosed) as caught:
        for _ in range(2000):
            reply = stranger.ask("hello")
            assert reply["ok"] or reply["error"]["code"] == "rate_limited"
    assert caught.value.rcvd.code == 1008
    assert httpx.get(f"{agent.url}/hello").status_code == 200


def test_strangers_cannot_take_all_seats(agent, page):
    seats = [Page(agent, f"https://e{n // 8}.example") for n in range(16)]
    with pytest.raises(InvalidStatus) as caught:
        Page(agent, "https://one-more.example")
    assert caught.value.response.status_code == 503
    friend = Page(agent)
    assert friend.ask("auth", token=page.token)["ok"]
    for seat in [*seats, friend]:
        seat.close()


def test_a_fault_of_ours_is_told_and_logged_not_fatal(agent, page, monkeypatch):
    monkeypatch.setattr(agent.agent.desk, "diagnose", lambda: 1 / 0)
    reply = page.ask("diag.run")
    assert reply["error"]["code"] == "internal"
    reference = reply["error"]["params"]["ref"]
    assert any(reference in line for line in page.ask("log.tail")["lines"])


# -- the life of an agent -----------------------------------------------------------------------


def test_one_agent_a_folder(agent, tmp_path):
    with pytest.raises(DataDirBusy):
        Agent(Options(tmp_path / "data", "virtual", finder=list))


def test_next_port_is_taken_when_the_first_is_busy(agent, tmp_path):
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    agent.agent._options  # noqa: B018 - the first agent holds its port while the second starts
    second = Agent(
        Options(tmp_path / "two", "virtual", ports=(agent.port, free), timings=QUICK, finder=list)
    )

    async def run():
        port = await second.start()
        await second.stop()
        return port

    assert asyncio.run(run()) == free


def test_pairing_and_jobs_survive_a_restart(tmp_path):
    first = Running(tmp_path / "data")
    page = Page(first)
    token = page.ask("pair", code=first.code())["token"]
    first.printer.set_fault("cover_open", True)
    page.ask("print.submit", **job())
    page.event("job.state", state="waiting")
    page.close()
    first.stop()
    second = Running(tmp_path / "data")
    page = Page(second)
    page.ask("auth", token=token)
    until(lambda: page.ask("print.get", job_id=job()["job_id"])["job"]["state"] == "done")
    page.close()
    second.stop()


def test_receipts_are_written_as_pictures(agent, page, tmp_path):
    page.ask("print.submit", **job())
    page.event("job.state", state="done")
    until(lambda: (tmp_path / "data" / "receipts" / "0001.png").exists())
    assert "AB-12345678" in (tmp_path / "data" / "receipts" / "0001.txt").read_text("utf-8")
