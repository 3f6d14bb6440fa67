"""The decision tree over every row of printing.md §6 and every model."""

from dataclasses import dataclass, replace

import pytest

from guitai_agent.doctor.facts import Candidate, Clock, Facts, Queue
from guitai_agent.doctor.history import History, Past
from guitai_agent.doctor.rules import WAY, examine
from guitai_agent.journal.opening import JOURNAL_CODES
from guitai_agent.knowledge import drift_params, profiles, remedy

GREEN = Facts(chosen="usb:0d3a:0300:A1", candidates=(Candidate("usb:0d3a:0300:A1", "PP-8800"),))
ABSENT = replace(GREEN, link="down", code="NO_PRINTER", ready=False, candidates=())


@dataclass(frozen=True)
class Usb:
    """As the device manager shows it."""

    problem: int | None = None
    kind: str = "none"
    vendor: int | None = 0x0D3A
    product: int | None = 0x0300


def codes(facts):
    return [found.code for found in examine(facts).findings]


def states(facts):
    return {hop.hop: hop.state for hop in examine(facts).hops}


def up(code, **changes):
    return replace(GREEN, code=code, ready=code in ("OK", "PAPER_NEAR"), **changes)


def down(code, **changes):
    return replace(GREEN, link="down", code=code, ready=False, **changes)


def test_all_is_well():
    assert codes(GREEN) == ["OK"]
    assert states(GREEN) == dict.fromkeys(WAY, "ok")


@pytest.mark.parametrize("refusal", sorted(JOURNAL_CODES))
def test_a_journal_that_cannot_be_written_breaks_the_agent_and_hides_no_printer(refusal):
    assert codes(replace(GREEN, journal=refusal)) == [refusal.upper()]
    assert states(replace(GREEN, journal=refusal)) == dict.fromkeys(WAY, "ok") | {"agent": "error"}
    both = replace(down("PORT_BUSY"), journal=refusal)
    assert codes(both) == [refusal.upper(), "PORT_BUSY"]
    assert states(both)["port"] == "error"
    assert codes(replace(GREEN, journal=refusal, agent=False)) == [refusal.upper(), "AGENT_DOWN"]
    # To pair takes a code, and to show one takes the journal.
    assert codes(replace(GREEN, journal=refusal, paired=False)) == [refusal.upper()]


# (what was looked at, the one code told, the hop it breaks)
TREE = [
    (replace(ABSENT, plugged=(Usb(28),)), "DRV_MISSING", "driver"),
    (replace(ABSENT, plugged=(Usb(1),)), "DRV_MISSING", "driver"),
    (replace(ABSENT, plugged=(Usb(10),)), "DRV_MISSING", "driver"),
    (replace(ABSENT, plugged=(Usb(None, "none"),)), "DRV_MISSING", "driver"),
    (replace(ABSENT, plugged=(Usb(52),)), "DRV_SIGNATURE", "driver"),
    (replace(ABSENT, plugged=(Usb(22, "com"),)), "DRV_DISABLED", "driver"),
    (replace(ABSENT, plugged=(Usb(None, "printer_class"),)), "USB_WRONG_MODE", "driver"),
    (replace(ABSENT, plugged=(Usb(45, "com"),)), "USB_ABSENT", "port"),
    (replace(ABSENT, plugged=(Usb(None, "hid"),)), "USB_ABSENT", "port"),
    (replace(ABSENT, plugged=(Usb(None, "hid"), Usb(52))), "DRV_SIGNATURE", "driver"),
    (ABSENT, "USB_ABSENT", "port"),
    (replace(ABSENT, chosen=""), "USB_ABSENT", "port"),
    (replace(ABSENT, chosen="", ports=2), "NO_PRINTER", "port"),
    (replace(ABSENT, chosen="serial:COM3"), "NO_PRINTER", "port"),
    (replace(ABSENT, chosen="tcp:192.168.1.50:9100"), "NET_UNREACHABLE", "port"),
    (
        replace(ABSENT, chosen="tcp:192.168.1.50:9100", plugged=(Usb(28),)),
        "NET_UNREACHABLE",
        "port",
    ),
    (replace(ABSENT, candidates=(Candidate("x", "TM-T82III"),)), "PRN_OTHER", "port"),
    (
        replace(ABSENT, candidates=(Candidate("x", "TM-T82III"),), plugged=(Usb(28),)),
        "DRV_MISSING",
        "driver",
    ),
    (
        replace(ABSENT, chosen="usblp:0d3a:0300:A1", plugged=(Usb(None, "printer_class"),)),
        "USB_ABSENT",
        "port",
    ),
    (replace(ABSENT, candidates=GREEN.candidates), "NO_PRINTER", "port"),  # there, yet not opened
    (down("PORT_GONE", plugged=(Usb(10, "com"),)), "DRV_MISSING", "driver"),
    (down("PORT_GONE", plugged=(Usb(None, "com"),)), "PORT_GONE", "port"),
    (down("PORT_GONE", plugged=(Usb(28),), chosen="tcp:10.0.0.9:9100"), "PORT_GONE", "port"),
    (down("PORT_BUSY"), "PORT_BUSY", "port"),
    (down("PORT_DENIED"), "PORT_DENIED", "port"),
    (down("PORT_GONE"), "PORT_GONE", "port"),
    (down("PRN_SILENT"), "PRN_SILENT", "printer"),
    (down("FENCE_TIMEOUT"), "FENCE_TIMEOUT", "printer"),
    (down("LINK_STALLED"), "LINK_STALLED", "printer"),
    (down("COVER_OPEN"), "COVER_OPEN", "paper"),  # between breaking a job off and connecting again
    (up("PRN_OFFLINE"), "PRN_OFFLINE", "printer"),
    (up("PRN_FATAL"), "PRN_FATAL", "printer"),
    (up("CUTTER_ERR"), "CUTTER_ERR", "paper"),
    (up("COVER_OPEN"), "COVER_OPEN", "paper"),
    (up("PAPER_END"), "PAPER_END", "paper"),
    (up("OK", past=Past(blank=True)), "BLANK_SUSPECT", "paper"),
    (up("PAPER_NEAR_HALT"), "PAPER_NEAR_HALT", "paper"),
]


@pytest.mark.parametrize("facts, code, hop", TREE, ids=lambda value: str(value)[:40])
def test_only_the_root_cause_is_told_and_what_lies_behind_it_is_unknown(facts, code, hop):
    verdict = examine(facts)
    assert [found.code for found in verdict.findings] == [code]
    assert verdict.findings[0].severity == "error"
    seen = [(each.hop, each.state) for each in verdict.hops]
    broken = WAY.index(hop)
    assert seen[broken] == (hop, "error")
    assert all(state == "unknown" for _, state in seen[broken + 1 :])
    assert all(state in ("ok", "unknown") for _, state in seen[:broken])
    assert seen[0] == ("agent", "ok")


@pytest.mark.parametrize("facts, code, hop", TREE, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("model", ["", *profiles()])
def test_every_finding_has_steps_on_every_model(facts, code, hop, model):
    told = remedy(examine(facts).findings[0].code, model)
    assert told.steps
    assert told.hop == hop


@pytest.mark.parametrize(
    "facts, code, hop",
    [
        (up("PRN_HOT"), "PRN_HOT", "printer"),
        (up("PAPER_NEAR"), "PAPER_NEAR", "paper"),
        (up("OK", paired=False), "NOT_PAIRED", "agent"),
        (up("OK", past=Past(noisy=True)), "JAM_SUSPECT", "paper"),
        (up("OK", past=Past(covers=3)), "JAM_SUSPECT", "paper"),
        (up("OK", past=Past(cutters=2)), "JAM_SUSPECT", "paper"),
        (
            up("OK", chosen="", candidates=(Candidate("a", "A"), Candidate("b", "B"))),
            "PRN_SEVERAL",
            "port",
        ),
    ],
)
def test_a_warning_colours_its_hop_and_hides_nothing(facts, code, hop):
    assert codes(facts) == [code]
    assert states(facts) == {**dict.fromkeys(WAY, "ok"), hop: "warn"}


def test_the_driver_is_unknown_when_nothing_is_plugged_in():
    assert states(ABSENT)["driver"] == "unknown"
    assert states(down("PORT_BUSY"))["driver"] == "ok"
    assert states(replace(ABSENT, chosen="tcp:10.0.0.9:9100"))["driver"] == "ok"


def test_connecting_is_told_while_it_lasts():
    facts = replace(GREEN, link="connecting", code="NO_PRINTER", ready=False)
    assert codes(facts) == ["CONNECTING"]
    assert states(facts)["printer"] == "unknown"


def test_the_stopped_agent_does_not_hide_what_was_seen_directly():
    facts = replace(up("PAPER_END"), agent=False)
    assert codes(facts) == ["AGENT_DOWN", "PAPER_END"]
    assert states(facts) == {
        "agent": "error", "driver": "ok", "port": "ok", "printer": "ok", "paper": "error",
    }  # fmt: skip


def test_what_could_not_be_looked_at_is_unknown():
    facts = replace(GREEN, link="unseen", agent=False)
    assert codes(facts) == ["AGENT_DOWN"]
    assert list(states(facts).values()) == ["error", *["unknown"] * 4]


def test_jobs_stand_beside_the_way():
    facts = up("PAPER_END", queue=Queue(waiting=3, uncertain=1, stuck=2, reason="PAPER_END"))
    found = {each.code: each for each in examine(facts).findings}
    assert list(found) == ["PAPER_END", "JOB_UNCERTAIN", "JOB_WAITING"]
    assert found["JOB_WAITING"].params == {"count": 2, "reason": "PAPER_END"}
    assert found["JOB_UNCERTAIN"].params == {"count": 1}
    green = up("OK", queue=Queue(waiting=1, sending=1))  # a job on its way is no trouble
    assert codes(green) == ["OK"]
    late = {each.code: each for each in examine(up("OK", queue=Queue(expired=2))).findings}
    assert (list(late), late["JOB_EXPIRED"].params) == (["JOB_EXPIRED"], {"count": 2})
    uncertain = up("OK", queue=Queue(uncertain=1))
    assert codes(uncertain) == ["JOB_UNCERTAIN"]
    assert states(uncertain) == dict.fromkeys(WAY, "ok")


@pytest.mark.parametrize(
    "drift, same, code",
    [
        (119_000, True, None),
        (-120_000, False, None),  # midnight between two clocks that agree well enough
        (120_001, True, "CLOCK_DRIFT"),
        (-130_000, True, "CLOCK_DRIFT"),
        (130_000, False, "CLOCK_DATE"),
        (-86_400_000, False, "CLOCK_DATE"),
        (None, True, None),
    ],
)
def test_the_clock(drift, same, code):
    facts = up("OK", clock=Clock(drift, same, "page"))
    assert codes(facts) == [code or "OK"]
    assert states(facts) == dict.fromkeys(WAY, "ok")
    if code:
        assert examine(facts).findings[0].params == drift_params(drift)


@pytest.mark.parametrize("ask, code", [("readable", "TEST_PRINTED"), ("noise", "TEST_READABLE")])
def test_questions_leave_everything_green(ask, code):
    facts = up("OK", past=Past(ask=ask))
    assert codes(facts) == ["OK", code]
    assert all(found.severity == "ok" for found in examine(facts).findings)
    assert code not in codes(up("COVER_OPEN", past=Past(ask=ask)))


def test_suspicions_wait_until_the_printer_can_be_reached():
    assert codes(down("PORT_GONE", past=Past(blank=True, noisy=True))) == ["PORT_GONE"]
    assert codes(up("CUTTER_ERR", past=Past(cutters=2))) == ["CUTTER_ERR", "JAM_SUSPECT"]


# -- the past -----------------------------------------------------------------------------------


def toggle(history, now):
    history.saw(now, cover_open=True, cutter_error=False)
    history.saw(now + 1, cover_open=False, cutter_error=False)


def test_three_openings_in_two_minutes_look_like_a_jam():
    history = History()
    for now in (0, 20):
        toggle(history, now)
    assert not history.past(21).jam
    toggle(history, 40)
    assert history.past(41).jam
    assert not history.past(130).jam  # the first opening is too long ago


def test_an_open_cover_counts_once():
    history = History()
    for now in range(10):
        history.saw(now, cover_open=True, cutter_error=False)
    assert history.past(10).covers == 1


def test_two_cutter_errors_in_ten_minutes_look_like_a_jam():
    history = History()
    for now in (0, 300):
        history.saw(now, cover_open=False, cutter_error=True)
        history.saw(now + 1, cover_open=False, cutter_error=False)
    assert history.past(302).jam
    assert not history.past(601).jam


def test_a_test_slip_raises_two_questions_in_turn():
    history = History()
    history.test_printed(0)
    assert history.past(1).ask == "readable"
    history.answer(2, "readable", True)
    assert history.past(3).ask == "noise"
    history.answer(4, "noise", False)
    assert history.past(5) == Past()


def test_a_blank_slip_stays_suspect_until_somebody_can_read_one():
    history = History()
    history.test_printed(0)
    history.answer(1, "readable", False)
    assert history.past(2) == Past(blank=True)
    history.test_printed(3)  # the finding's own question is asked, not a second one
    assert history.past(4) == Past(blank=True)
    history.answer(5, "readable", True)
    assert history.past(6) == Past()


def test_noise_is_believed_until_it_is_denied():
    history = History()
    history.answer(0, "noise", True)
    assert history.past(9_999).jam
    history.answer(9_999, "noise", False)
    assert not history.past(9_999).jam


def test_a_question_is_forgotten_after_ten_minutes():
    history = History()
    history.test_printed(0)
    assert history.past(600).ask == "readable"
    assert history.past(601).ask == ""


def test_nobody_asked_that():
    with pytest.raises(ValueError):
        History().answer(0, "weather", True)
