"""Signs of life: bounded, trusted in nothing, and never put back by an older one."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai.devices import queries, rules, services
from guitai.devices.models import AgentBeat
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import OTHER_BAN, make_shop

NOON = taipei(2026, 11, 21)
SECOND = timedelta(seconds=1)


def hop(name, state="ok", code="OK", message="就緒"):
    return {"hop": name, "state": state, "code": code, "message": message, "since": ""}


def health(*hops, **more):
    return {
        "hops": list(hops),
        "findings": [],
        "printer": {
            "paper": "near",
            "device": {"name": "Posiflex PP-8800", "profile": "PP-8800"},
        },
        "queue": {"waiting": 2, "sending": 1, "uncertain": 1},
        "device": None,
        "clock": {"drift_ms": -1500, "source": "server"},
        "version": "0.1.0",
        "agent_id": "9f0c",
        **more,
    }


@pytest.fixture
def shop(db):
    made = make_shop()
    with made.tenant():
        yield made


def keep(shop, said, *, at=NOON, agent_id="9f0c", source="relay"):
    return services.store_beat(
        shop.register.id, agent_id=agent_id, version="", health=said, source=source, now=at
    )


def test_a_report_is_kept_with_its_worst_hop(shop):
    assert keep(shop, health(hop("agent"), hop("paper", "error", "PAPER_END", "紙張用完")))
    row = queries.beat(shop.register.id)
    assert (row.code, row.message, row.paper) == ("PAPER_END", "紙張用完", "near")
    assert (row.printer, row.profile) == ("Posiflex PP-8800", "PP-8800")
    assert (row.queue_waiting, row.queue_uncertain, row.drift_ms) == (3, 1, -1500)
    assert (row.version, row.agent_id, row.source) == ("0.1.0", "9f0c", "relay")
    assert [one["hop"] for one in row.hops] == ["agent", "paper"]


def test_one_row_a_register_and_the_newest_stays(shop):
    keep(shop, health(hop("paper", "error", "PAPER_END")), at=NOON)
    assert keep(shop, health(hop("paper")), at=NOON + SECOND)
    assert not keep(shop, health(hop("paper", "error", "COVER_OPEN")), at=NOON)
    assert AgentBeat.objects.count() == 1
    row = queries.beat(shop.register.id)
    assert (row.code, row.seen_at) == ("OK", NOON + SECOND)


def told(moment, code="OK"):
    return health(hop("paper", "error", code), time=moment.isoformat())


def test_a_report_that_was_overtaken_on_another_road_changes_nothing(shop):
    keep(shop, told(NOON, "COVER_OPEN"), at=NOON)
    assert not keep(shop, told(NOON - SECOND, "PAPER_END"), at=NOON + SECOND, source="page")
    assert queries.beat(shop.register.id).code == "COVER_OPEN"


def test_an_agent_whose_clock_was_set_back_is_still_heard(shop):
    keep(shop, told(NOON + timedelta(hours=1)), at=NOON)
    assert keep(shop, told(NOON, "PAPER_END"), at=NOON + SECOND)
    assert queries.beat(shop.register.id).code == "PAPER_END"


def test_another_agent_at_the_register_is_measured_by_our_clock_alone(shop):
    keep(shop, told(NOON), at=NOON)
    assert keep(shop, told(NOON - SECOND, "PAPER_END"), at=NOON + SECOND, agent_id="other")
    assert queries.beat(shop.register.id).agent_id == "other"


def test_other_merchants_rows_are_out_of_reach(shop):
    keep(shop, health(hop("paper")))
    other = make_shop(name="別家", ban=OTHER_BAN)
    with other.tenant():
        assert queries.beat(shop.register.id) is None
        keep(other, health(hop("paper", "error", "PAPER_END")))
    assert queries.beat(shop.register.id).code == "OK"


def test_too_much_and_too_long_is_cut(shop):
    finding = {
        "code": "SOMETHING_NEW",
        "level": "fatal",
        "hop": "moon",
        "message": "<b>壞了</b>" + "長" * 5000,
        "steps": ["做" * 5000] * 50,
        "picture": "../../etc/passwd",
        "fix": {"name": "rm"},
        "params": {"x": "y" * 100_000},
    }
    said = health(
        *[hop("paper", "error", "X" * 100, "寫" * 5000)] * 1000,
        findings=[finding] * 1000,
        queue={"waiting": 10**30, "uncertain": -5, "sending": True},
        clock={"drift_ms": 10**40},
        version="9" * 400,
        printer={"paper": "sand", "device": {"name": "機" * 900, "profile": 7}},
        secret="must not be kept",
    )
    keep(shop, said, agent_id="a" * 900)
    row = queries.beat(shop.register.id)
    assert len(row.findings) == rules.MOST_FINDINGS
    one = row.findings[0]
    assert (one["code"], one["level"], one["hop"], one["picture"]) == (
        "SOMETHING_NEW", "warn", "", "",
    )  # fmt: skip
    assert len(one["message"]) == 200
    assert (len(one["steps"]), len(one["steps"][0])) == (rules.MOST_STEPS, 200)
    assert set(one) == {"code", "level", "hop", "message", "steps", "picture", "since"}
    assert len(row.hops) == 1
    assert (row.queue_waiting, row.queue_uncertain) == (rules.MOST_JOBS, 0)
    assert row.drift_ms == rules.MOST_DRIFT_MS
    assert (row.paper, row.profile, len(row.printer), len(row.agent_id)) == ("unknown", "", 80, 64)
    assert len(json.dumps([row.hops, row.findings], ensure_ascii=False)) < 80_000


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["hops", "findings", "printer", "device", "queue", "clock", "hop", "state",
                         "code", "steps", "time", "drift_ms", "waiting", "message", "since"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_like)
@settings(max_examples=100)
def test_no_shape_is_too_strange(said):
    signs = rules.signs_of(said)
    assert len(signs.message) <= 200
    text = json.dumps([signs.hops, signs.findings], ensure_ascii=False)
    text.encode()
    assert "\x00" not in text


@pytest.mark.parametrize(
    "strange", ["\x00", "\ud800", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00", "now"]
)
def test_strange_texts_and_moments_do_no_harm(shop, strange):
    said = health(hop("paper", "error", "PAPER_END", strange), time=strange, version=strange)
    assert keep(shop, said)
    assert queries.beat(shop.register.id).told_at is None


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.0.9", "0.1.0", True),
        ("0.10.0", "0.9.9", False),
        ("", "0.1.0", True),
        ("新版", "0.1.0", True),
        ("1.0", "0.1.0", False),
        ("0.1.0.dev1", "0.1.0", False),
    ],
)
def test_versions_are_numbers_not_words(version, than, older):
    assert rules.is_older(version, than) is older


def went(shop, at, *, agent_id="9f0c"):
    return services.store_departure(shop.register.id, agent_id=agent_id, now=at)


def gone_at(shop):
    return queries.beat(shop.register.id).gone_at


def test_a_departure_is_kept_until_the_agent_is_heard_again(shop):
    keep(shop, told(NOON))
    assert went(shop, NOON + SECOND)
    assert gone_at(shop) == NOON + SECOND
    assert not went(shop, NOON + 2 * SECOND)
    assert gone_at(shop) == NOON + SECOND
    back = NOON - timedelta(hours=1)  # its clock was set back
    assert keep(shop, told(back), at=NOON + 3 * SECOND)
    assert gone_at(shop) is None


def test_what_was_heard_before_it_went_does_not_bring_it_back(shop):
    keep(shop, told(NOON))
    went(shop, NOON + 2 * SECOND)
    assert not keep(shop, told(NOON + SECOND), at=NOON + SECOND)
    # A till page that has not noticed says its last word again, however late.
    for late in (3 * SECOND, timedelta(minutes=10)):
        assert not keep(shop, told(NOON), at=NOON + late, source="page")
    assert gone_at(shop) == NOON + 2 * SECOND
    # The same page has the agent's newest word: they still speak with each other.
    assert keep(shop, told(NOON + 5 * SECOND), at=NOON + 6 * SECOND, source="page")
    assert gone_at(shop) is None


def test_a_departure_that_is_told_late_changes_nothing(shop):
    keep(shop, told(NOON + SECOND), at=NOON + SECOND)
    assert not went(shop, NOON)
    assert gone_at(shop) is None


def test_only_the_agent_that_reported_can_go(shop):
    assert not went(shop, NOON)
    keep(shop, told(NOON))
    assert not went(shop, NOON + SECOND, agent_id="other")
    other = make_shop(name="別家", ban=OTHER_BAN)
    with other.tenant():
        assert not went(shop, NOON + SECOND)
    assert gone_at(shop) is None
    went(shop, NOON + SECOND)
    assert keep(shop, told(NOON), at=NOON + 2 * SECOND, agent_id="other", source="page")
    assert gone_at(shop) is None
