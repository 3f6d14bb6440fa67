"""設備: what the pages say of the registers' devices, and to whom."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from guitai.backoffice import words_devices as words
from guitai.backoffice.forms.shop import PRINTER_PROFILES
from guitai.backoffice.tests.counter import open_counter
from guitai.backoffice.views.devices import shown_registers
from guitai.devices import services as devices
from guitai.devices.models import Agent, AgentBeat
from guitai.devices.rules import Copy, JobKind
from guitai.devices.services import agents
from guitai.kernel import clock, scope
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import new_id
from guitai.tenancy import queries as tenancy
from guitai.tenancy import services
from guitai.tenancy.models import Register, TillSession
from guitai_agent import knowledge

NOON = taipei(2026, 11, 21)
S = timedelta(seconds=1)
OK = [{"hop": name, "state": "ok", "code": "OK", "message": "就緒"} for name in
      ("agent", "driver", "port", "printer", "paper")]  # fmt: skip
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def beat(
    shop, register=None, *, at=NOON, hops=OK, findings=(), version="0.1.0", source="relay", **more
):
    said = {"hops": list(hops), "findings": list(findings), **more}
    with scope.tenant(shop.merchant_id):
        register = register or shop.register
        Register.objects.filter(id=register.id).update(printer_profile="PP-8800")
        devices.store_beat(
            register.id, agent_id="9f0c", version=version, health=said, source=source, now=at
        )


def with_state(hop, state, code, message):
    return [
        {"hop": hop, "state": state, "code": code, "message": message} if one["hop"] == hop else one
        for one in OK
    ]


def open_session(shop, at):
    with scope.tenant(shop.merchant_id):
        clerk = shop.people["clerk"]
        TillSession.objects.create(
            register_id=shop.register.id,
            staff_id=clerk.id,
            staff_name=clerk.name,
            permissions=[],
            opened_at=at,
        )


def text(answer):
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


def listed(desk, shop, role="owner", query="", **more):
    return text(desk(shop, role).get(reverse("desk:devices") + query, **more))


def one(desk, shop, role="owner"):
    return text(desk(shop, role).get(reverse("desk:device", args=[shop.register.id])))


def test_a_fault_is_named_with_its_cure_and_its_picture(desk, shop):
    broken = with_state("paper", "error", "PAPER_END", "紙張用完，請換紙。")
    beat(shop, hops=broken, findings=[{"code": "PAPER_END", "level": "error", "hop": "paper"}])
    page = listed(desk, shop)
    assert "有問題" in page
    assert knowledge.remedy("PAPER_END").message in page
    page = one(desk, shop)
    known = knowledge.remedy("PAPER_END", "PP-8800")
    for step in known.steps:
        assert step in page
    assert reverse("desk:device-picture", args=[known.picture]) in page


def test_a_code_that_only_the_agent_knows_keeps_its_words(desk, shop):
    told = {
        "code": "MOON_DUST",
        "level": "warn",
        "hop": "paper",
        "message": "紙槽有<script>alert(1)</script>灰塵",
        "steps": ["請擦<b>乾淨</b>"],
        "picture": "moon",
    }
    beat(shop, findings=[told])
    page = one(desk, shop)
    assert "MOON_DUST" in page
    assert "請擦&lt;b&gt;乾淨&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "moon.svg" not in page


def test_an_agent_that_fell_silent_at_work(desk, shop):
    beat(shop, at=NOON - 71 * S, findings=[{"code": "PAPER_END", "level": "error"}])
    open_session(shop, NOON - 3600 * S)
    page = one(desk, shop)
    assert "失去聯絡（最後 11:58）" in page
    assert knowledge.remedy("AGENT_SILENT").message in page
    # What it once told may be over by now.
    assert knowledge.remedy("PAPER_END").message not in page


HOPS_OF = {
    "silent": ["不明", "異常", "不明", "不明", "不明", "不明"],
    "away": ["不明", "注意", "不明", "不明", "不明", "不明"],
}


@pytest.mark.parametrize(
    ("opened", "stands", "tone"), [(True, "silent", "bad"), (False, "away", "warn")]
)
@pytest.mark.parametrize("hours", [71 / 3600, 23, 30])
def test_nothing_stays_green_behind_a_lost_agent(desk, shop, opened, stands, tone, hours):
    """With the clock moved on, at work and at rest: lost, and since when."""
    beat(shop, printer={"paper": "ok"})
    if opened:
        open_session(shop, NOON)
    assert row_of(shop)["standing"].state == "ok"
    with clock.moved(NOON + hours * 3600 * S):
        row = row_of(shop)
        assert (row["standing"].state, row["tone"]) == (stands, tone)
        assert [hop["state"] for hop in row["hops"]] == HOPS_OF[stands]
        assert row["state"] == (
            "失去聯絡（最後 12:00）" if hours < 12 else "失去聯絡（最後 11-21 12:00）"
        )
        assert row["paper"] == "不明（最後：足夠）"
        page = listed(desk, shop)
        assert row["state"] in page and "1 台有狀況" in page
        assert "都正常" not in one(desk, shop)


def test_an_agent_whose_line_closed_is_lost_at_once(shop):
    beat(shop)
    open_session(shop, NOON - 3600 * S)
    with scope.tenant(shop.merchant_id):
        devices.store_departure(shop.register.id, agent_id="9f0c", now=NOON + S)
    with clock.moved(NOON + 2 * S):
        row = row_of(shop)
        assert row["state"] == "失去聯絡（最後 12:00）"
        assert [hop["state"] for hop in row["hops"]] == HOPS_OF["silent"]
        beat(shop, at=NOON + 2 * S)
        assert row_of(shop)["state"] == "正常"


def test_a_page_that_knows_no_hops_does_not_make_the_way_good(desk, shop):
    beat(shop, hops=[], code="OK", source="page")
    row = row_of(shop)
    assert (row["state"], row["tone"]) == ("不明", "warn")
    page = one(desk, shop)
    assert "從列印程式到紙張都正常" not in page and "還不知道" in page


def row_of(shop):
    with scope.tenant(shop.merchant_id):
        (row,) = shown_registers([shop.register])
    return row


@pytest.mark.parametrize(("later", "state"), [(70, "正常"), (71, "不明")])
def test_a_page_that_passed_something_on_is_joined(shop, later, state):
    """The relay's report in between does not make it a stranger; a long silence does."""
    beat(shop, source="page")
    beat(shop, at=NOON + later * S)
    with scope.tenant(shop.merchant_id), clock.moved(NOON + later * S):
        (row,) = shown_registers([shop.register])
    assert row["hops"][0]["name"] == "收銀頁面"
    assert row["hops"][0]["state"] == state


def test_the_dashboard_leads_to_what_is_wrong(desk, shop):
    beat(shop)
    assert "從列印程式到紙張都正常" in text(desk(shop, "owner").get(reverse("desk:home")))
    beat(shop, at=NOON + S, hops=with_state("paper", "error", "PAPER_END", "紙張用完，請換紙。"))
    page = text(desk(shop, "owner").get(reverse("desk:home")))
    assert "紙張用完，請換紙。" in page
    assert reverse("desk:device", args=[shop.register.id]) in page
    for role in ("accountant", "clerk", "other_manager"):
        assert "紙張用完" not in text(desk(shop, role).get(reverse("desk:home")))


def test_more_registers_cost_no_more_reads(shop, django_assert_num_queries):
    with scope.tenant(shop.merchant_id):
        for code in range(10):
            services.add_register(
                shop.owner, store_id=shop.store.id, code=f"X{code}", name=f"加{code}"
            )
        registers = list(tenancy.registers())
        for few in (registers[:1], registers):
            with django_assert_num_queries(3):
                assert len(shown_registers(few)) == len(few)


def test_only_what_is_in_trouble(desk, shop):
    beat(shop)
    beat(shop, shop.other_register, hops=with_state("port", "error", "PORT_GONE", "中斷"))
    page = listed(desk, shop)
    assert "一號機" in page
    assert "1 台有狀況" in page
    page = listed(desk, shop, query="?show=trouble")
    assert reverse("desk:device", args=[shop.other_register.id]) in page
    assert reverse("desk:device", args=[shop.register.id]) not in page
    page = listed(desk, shop, query=f"?store={shop.store.id}")
    assert reverse("desk:device", args=[shop.other_register.id]) not in page


def test_a_manager_sees_his_own_store_alone(desk, shop):
    beat(shop, printer={"device": {"name": "中正店的發票機"}})
    beat(shop, shop.other_register, printer={"device": {"name": "信義店的發票機"}})
    page = listed(desk, shop, "store_manager")
    assert "中正店的發票機" in page
    assert "信義店的發票機" not in page
    answer = desk(shop, "other_manager").get(reverse("desk:device", args=[shop.register.id]))
    assert answer.status_code == 404
    # A filter for a store that is not his shows nothing of it.
    page = listed(desk, shop, "store_manager", query=f"?store={shop.other_store.id}")
    assert "信義店的發票機" not in page


def test_another_merchant_finds_nothing(desk, shop, outside):
    beat(shop, printer={"device": {"name": "別人看不到"}})
    answer = desk(outside, "owner").get(reverse("desk:device", args=[shop.register.id]))
    assert answer.status_code == 404
    assert "別人看不到" not in listed(desk, outside)


def test_the_live_part_comes_alone_and_only_when_it_changed(desk, shop):
    beat(shop)
    browser = desk(shop, "owner")
    for name in (reverse("desk:devices"), reverse("desk:device", args=[shop.register.id])):
        beat(shop, at=clock.now())
        page = text(browser.get(name))
        again = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
        assert browser.get(again, headers=HTMX).status_code == 204
        with clock.moved(NOON + 30 * S):
            assert browser.get(again, headers=HTMX).status_code == 204
        with clock.moved(NOON + 60 * S):
            beat(shop, at=NOON + 60 * S, hops=with_state("paper", "warn", "PAPER_NEAR", "紙捲將盡"))
            changed = browser.get(again, headers=HTMX)
            assert "紙捲將盡" in text(changed)
            assert "<html" not in text(changed)
            assert 'id="live"' in text(changed)
        with scope.tenant(shop.merchant_id):
            AgentBeat.objects.all().delete()


def test_slips_with_state_and_reason(desk, shop):
    beat(shop)
    with scope.tenant(shop.merchant_id):
        made = [
            devices.queue_print(shop.register.id, JobKind.PROOF, new_id(), Copy.ORIGINAL, NOON)
            for _ in range(4)
        ]
        devices.change_state(made[3], "expired", "EXPIRED", NOON)
        devices.change_state(made[0], "sent", "", NOON)
        devices.change_state(made[0], "uncertain", "LINK_STALLED", NOON)
        devices.change_state(made[2], "sent", "agent-9f0c", NOON)
        devices.change_state(made[1], "done", "CONFIRMED", NOON)
    page = one(desk, shop)
    assert "不確定有沒有印出" in page
    assert knowledge.remedy("LINK_STALLED").message in page
    assert "店員確認已印好。" in page
    assert "等太久，還沒有印" in page and "回答還要不要印" in page
    assert knowledge.remedy("JOB_EXPIRED").message in page
    assert "agent-9f0c" not in page
    assert knowledge.remedy("JOB_UNCERTAIN").message in page
    assert "最近結束的單據" in page


def test_what_stops_all_printing_is_named_before_a_doubtful_slip(desk, shop):
    broken = knowledge.remedy("JOURNAL_BROKEN").message
    with scope.tenant(shop.merchant_id):
        job = devices.queue_print(shop.register.id, JobKind.PROOF, new_id(), Copy.ORIGINAL, NOON)
        devices.change_state(job, "uncertain", "LINK_STALLED", NOON)
    finding = {"code": "JOURNAL_BROKEN", "level": "error", "hop": "agent", "message": broken}
    beat(shop, hops=with_state("agent", "error", "JOURNAL_BROKEN", broken), findings=[finding])
    page = one(desk, shop)
    assert page.index(broken) < page.index(knowledge.remedy("JOB_UNCERTAIN").message)


def test_a_slip_leads_to_the_sale_that_lacks_its_paper(desk, shop):
    beat(shop)
    order_id, _ = open_counter(shop).sell()
    page = one(desk, shop)
    link = reverse("desk:order", args=[order_id])
    assert f'<a href="{link}">AB00000000</a>' in page
    assert desk(shop, "store_manager").get(link).status_code == 200


@pytest.mark.parametrize(("version", "mark"), [("0.0.9", "太舊"), ("0.1.0", ""), ("9.0.0", "")])
def test_an_old_agent_is_marked(desk, shop, version, mark):
    beat(shop, version=version)
    page = one(desk, shop)
    assert (knowledge.remedy("AGENT_OLD").message in page) == bool(mark)
    assert ("太舊</span>" in page) == bool(mark)


def test_a_join_code_is_shown_once_and_its_agent_can_be_removed(desk, shop):
    browser = desk(shop, "store_manager")
    answer = browser.post(reverse("desk:device-agent-code", args=[shop.register.id]))
    assert answer.context["code"] in text(answer)
    agents.join(answer.context["plain"], agent_id="9f0c", name="櫃台<電腦>", version="0.1.0")
    page = one(desk, shop, "store_manager")
    assert "櫃台&lt;電腦&gt;" in page
    with scope.tenant(shop.merchant_id):
        joined = Agent.objects.get()
    browser.post(reverse("desk:device-agent-remove", args=[joined.id]))
    with scope.tenant(shop.merchant_id):
        assert Agent.objects.get().removed_at is not None
    assert "還沒有列印程式加入" in one(desk, shop)


def test_every_picture_is_an_image_and_nothing_else(desk, shop):
    browser = desk(shop, "owner")
    names = {remedy.picture for remedy in knowledge.remedies().values() if remedy.picture}
    assert names
    for name in names:
        answer = browser.get(reverse("desk:device-picture", args=[name]))
        assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert ElementTree.fromstring(answer.content).tag.endswith("svg")
    assert browser.get(reverse("desk:device-picture", args=["no-such"])).status_code == 404


def test_the_form_offers_every_printer_of_the_book():
    assert [name for name, _ in PRINTER_PROFILES] == ["", *knowledge.profiles()]


@pytest.mark.parametrize("told", [[], ["CLOCK_DATE"]])
def test_a_wrong_clock_is_said_of_the_agent_s_computer(desk, shop, told):
    """What the server sees by itself, and what an older agent says of this and every device."""
    date = {"code": "CLOCK_DATE", "level": "error", "hop": "clock", "message": "已停止開立發票。"}
    since = {"since": (NOON + timedelta(days=2, minutes=-5)).isoformat()}  # by that clock
    beat(
        shop,
        clock={"drift_ms": 2 * 86_400_000},
        hops=[{**hop, **since} for hop in OK],
        findings=[{**date, **since}] * len(told),
    )
    page = one(desk, shop)
    assert "11-21 11:55" in page
    assert "11-23" not in page
    assert "比伺服器快 2 天，等候列印的單據過期時間會不準。" in page
    assert "停止開立" not in page


@pytest.mark.parametrize(
    ("drift", "said"),
    [(None, ""), (0, "相同"), (999, "相同"), (-1500, "慢 1 秒"), (65_000, "快 1 分鐘"),
     (7_200_000, "快 2 小時"), (-200_000_000, "慢 2 天")],
)  # fmt: skip
def test_drift_in_words(drift, said):
    assert words.drift_words(drift) == said
