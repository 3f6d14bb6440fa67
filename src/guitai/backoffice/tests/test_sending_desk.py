"""上傳 and 加值中心設定 at the desk: counts, deadlines, decisions, accounts, Turnkey's folder."""

import os
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from guitai.backoffice.tests.counter import KEY, open_counter
from guitai.invoicing.models import CentreAccount, Transmission, TransmissionEvent
from guitai.invoicing.rules import Outcome, TransmissionState
from guitai.invoicing.services import accounts, alarms
from guitai.kernel import clock, ids, scope
from guitai.kernel.models import AuditEntry
from guitai.orders.tests.till import NOON
from guitai.reporting import turnkey

S = TransmissionState


@pytest.fixture(autouse=True)
def noon(settings, tmp_path):
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "turnkey")
    with clock.moved(NOON):
        yield


@pytest.fixture
def counter(shop):
    return open_counter(shop)


@pytest.fixture
def browser(desk, shop):
    return desk(shop, "accountant")


@pytest.fixture
def owner(desk, shop):
    return desk(shop, "owner")


def body(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:1500]
    return answer.content.decode()


def page(browser, **filters):
    return body(browser.get(reverse("desk:transmissions"), filters))


def rows_of(text):
    return text.split("<tbody>")[-1]


def stored(counter, transmission_id):
    with counter.tenant():
        return Transmission.objects.get(id=transmission_id)


# --- counts and lists


def test_every_state_is_counted_and_leads_to_its_documents(browser, counter):
    for state in (S.PARKED, S.REJECTED, S.WAITING, S.SENT):
        counter.put(counter.sell()[1], state)
    text = page(browser)
    for state in ("parked", "rejected", "waiting", "sent"):
        assert f"?state={state}&amp;centre=mirle" in text
        assert rows_of(page(browser, state=state, centre="mirle")).count("/transmissions/") >= 1
    assert "沒有符合的單據" in page(browser, state="in_doubt")
    assert "沒有符合的單據" in page(browser, state="nonsense")
    assert "AB00000001" in rows_of(page(browser, q="AB00000001"))
    assert "沒有符合的單據" in page(browser, q="ZZ00000001")


def test_the_centres_words_stand_beside_their_meaning_and_cure(browser, counter):
    counter.put(
        counter.sell()[1],
        S.REJECTED,
        outcome=Outcome.INVALID,
        provider_code="E0103",
        provider_message="總計不符",
    )
    counter.put(
        counter.sell()[1], S.PARKED, outcome=Outcome.DUP_CONFLICT, provider_message="內容不同"
    )
    text = page(browser)
    for words in ("總計不符", "發票明細加總與總金額不符", "內容要更正", "同號碼、但內容不同"):
        assert words in text


def test_a_batch_of_the_next_morning_is_no_trouble(browser, counter):
    counter.sell()
    assert "排定" in page(browser)
    assert "11-22 09:00" in page(browser)


@pytest.mark.parametrize(("hours", "shown"), [(35, ""), (37, "已逾 36 小時"), (49, "已逾 48 小時")])
def test_what_is_late_is_said_with_the_time_that_is_left(browser, counter, hours, shown):
    counter.sell()
    with clock.moved(NOON + timedelta(hours=hours)):
        text = page(browser)
        listed = {late: "AB00000000" in rows_of(page(browser, late=late)) for late in ("36", "48")}
    assert (shown in text) if shown else ("已逾" not in text)
    assert listed == {"36": hours > 36, "48": hours > 48}


def test_alarms_are_listed_with_their_document(browser, counter):
    sending = counter.sending(counter.sell()[1])
    with counter.tenant():
        alarms.raise_alarm(
            "mirle",
            kind="missing",
            key="x",
            sentence="彙總沒有這張",
            now=NOON,
            transmission_id=sending.id,
        )
    text = page(browser)
    assert "彙總沒有這張" in text
    assert reverse("desk:transmission", args=[sending.id]) in text


# --- decisions


def test_trying_now_is_ahead_of_the_batch_and_audited(browser, counter):
    sending = counter.sending(counter.sell()[1])
    assert sending.next_try_at > NOON
    browser.post(reverse("desk:transmission-now", args=[sending.id]))
    assert stored(counter, sending.id).next_try_at == NOON
    with counter.tenant():
        assert AuditEntry.objects.filter(verb="transmission.try_now").count() == 1


@pytest.mark.parametrize("state", [S.SENT, S.CONFIRMED, S.PARKED, S.REJECTED])
def test_what_is_not_waiting_cannot_be_hurried(browser, counter, state):
    sending = counter.put(counter.sell()[1], state)
    before = stored(counter, sending).next_try_at
    answer = browser.post(reverse("desk:transmission-now", args=[sending]), follow=True)
    assert "不能立即重試" in body(answer)
    assert stored(counter, sending).next_try_at == before


def test_a_document_in_doubt_rests_a_minute_before_it_is_asked_about(browser, counter):
    sending = counter.put(counter.sell()[1], S.IN_DOUBT, next_try_at=NOON + timedelta(minutes=5))
    with counter.tenant():
        TransmissionEvent.objects.create(
            transmission_id=sending,
            at=NOON - timedelta(seconds=20),
            attempt=1,
            before="in_flight",
            after="in_doubt",
        )
    address = reverse("desk:transmission-now", args=[sending])
    assert "請 1 分鐘後再試" in body(browser.post(address, follow=True))
    with clock.moved(NOON + timedelta(minutes=1)):
        browser.post(address)
    assert stored(counter, sending).next_try_at == NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("decision", "before", "after"),
    [
        ("again", S.PARKED, S.WAITING),
        ("again", S.REJECTED, S.WAITING),
        ("sent", S.PARKED, S.SENT),
        ("close", S.PARKED, S.REJECTED),
        ("hold", S.WAITING, S.PARKED),
    ],
)
def test_a_person_decides_with_a_reason(browser, counter, decision, before, after):
    sending = counter.put(counter.sell()[1], before)
    address = reverse("desk:transmission-decide", args=[sending, decision])
    refused = browser.post(address, {"reason": " "})
    assert refused.status_code == 422
    assert stored(counter, sending).state == before
    assert browser.post(address, {"reason": "已到加值中心查過"}).status_code == 302
    assert stored(counter, sending).state == after
    with counter.tenant():
        entry = AuditEntry.objects.get(subject_id=sending)
        event = TransmissionEvent.objects.get(transmission_id=sending)
    assert (entry.reason, entry.actor_name) == ("已到加值中心查過", "accountant")
    assert (event.before, event.after) == (before, after)
    assert "已到加值中心查過" in body(browser.get(reverse("desk:transmission", args=[sending])))


@pytest.mark.parametrize(("decision", "state"), [("sent", S.WAITING), ("again", S.SENT)])
def test_what_the_table_of_states_forbids_is_refused(browser, counter, decision, state):
    sending = counter.put(counter.sell()[1], state)
    address = reverse("desk:transmission-decide", args=[sending, decision])
    answer = browser.post(address, {"reason": "試試看"})
    assert answer.status_code == 422
    assert stored(counter, sending).state == state


def test_unknown_words_and_ids_are_not_there(browser, counter):
    sending = counter.sending(counter.sell()[1])
    assert browser.post(f"/desk/transmissions/{sending.id}/explode/").status_code == 404
    assert browser.post(reverse("desk:transmission-now", args=[uuid4()])).status_code == 404
    assert browser.post(reverse("desk:transmission-resume", args=[uuid4()])).status_code == 404


def test_a_paused_account_says_why_and_is_resumed(browser, counter):
    with counter.tenant():
        accounts.pause(counter.account, outcome=Outcome.AUTH, message="金鑰不符", now=NOON)
    text = page(browser)
    for words in ("已暫停上傳", "金鑰不符", "機號或通道金鑰不被接受", "恢復上傳"):
        assert words in text
    browser.post(reverse("desk:transmission-resume", args=[counter.account.id]))
    with counter.tenant():
        assert CentreAccount.objects.get().state == "ok"
    assert "已暫停上傳" not in page(browser)


# --- 加值中心設定


def edit_address(shop, centre="mirle", kind="register"):
    return reverse(
        "desk:centre",
        args=[centre, kind, shop.register.id if kind == "register" else shop.entity.id],
    )


def test_the_key_is_never_shown_and_kept_when_left_empty(owner, counter, shop):
    for address in (reverse("desk:centres"), edit_address(shop)):
        text = body(owner.get(address))
        assert KEY not in text
        assert "規格未公開" in text
    assert "已設定。要更換才填" in body(owner.get(edit_address(shop)))
    owner.post(edit_address(shop), {"base_url": "https://new.example/", "posid": "7"})
    with counter.tenant():
        row = CentreAccount.objects.get()
    assert (row.base_url, row.posid, row.channel_key) == ("https://new.example/", "7", KEY)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"base_url": "http://plain.example/", "posid": "1"}, "沒有加密"),
        ({"base_url": "ftp://x/", "posid": "1"}, "請填寫加值中心網址"),
        ({"base_url": "https://a.example/", "posid": "第一台"}, "機號"),
        ({"base_url": "https://a.example/", "posid": "1", "channel_key": "short"}, "通道金鑰"),
    ],
)
def test_a_wrong_account_is_refused_and_nothing_is_stored(owner, counter, shop, typed, words):
    text = body(owner.post(edit_address(shop), typed), 422)
    assert words in text
    assert "short" not in text
    with counter.tenant():
        assert CentreAccount.objects.get().base_url == "https://centre.example/"


def test_plain_http_is_possible_and_said_aloud(owner, counter, shop):
    typed = {"base_url": "http://plain.example/", "posid": "1", "allow_plain_http": "on"}
    assert owner.post(edit_address(shop), typed).status_code == 302
    assert "以明碼傳送" in body(owner.get(edit_address(shop)))
    assert "未加密" in body(owner.get(reverse("desk:centres")))


def test_options_of_the_account_survive_a_change(owner, counter, shop):
    with counter.tenant():
        CentreAccount.objects.update(options={"full_width_text": True})
    owner.post(edit_address(shop), {"base_url": "https://b.example/", "posid": "1"})
    with counter.tenant():
        assert CentreAccount.objects.get().options == {"full_width_text": True}


def test_the_connection_test_says_what_happened(owner, counter, shop):
    with counter.tenant():
        CentreAccount.objects.update(base_url="http://127.0.0.1:9/", allow_plain_http=True)
    answer = owner.post(reverse("desk:centre-test", args=[counter.account.id]), follow=True)
    assert "連線失敗" in body(answer)
    assert "連不上加值中心" in body(answer)


def test_an_entitys_account_is_the_owners_not_a_stores(desk, owner, counter, shop):
    typed = {"base_url": "https://all.example/", "posid": "9", "channel_key": KEY}
    manager = desk(shop, "store_manager")
    assert manager.post(edit_address(shop, kind="entity"), typed).status_code == 404
    assert owner.post(edit_address(shop, kind="entity"), typed).status_code == 302
    with counter.tenant():
        whole = CentreAccount.objects.get(register_id=None)
    assert manager.post(reverse("desk:centre-test", args=[whole.id])).status_code == 404
    assert "全部 POS 機" in body(manager.get(reverse("desk:centres")))


def test_the_first_step_leads_to_the_second(owner, shop, outside):
    address = reverse("desk:centre-new")
    chosen = {"centre": "mirle", "owner": f"register:{shop.register.id}"}
    assert owner.get(address, chosen).headers["Location"] == edit_address(shop)
    foreign = {"centre": "mirle", "owner": f"register:{outside.register.id}"}
    assert owner.get(address, foreign).status_code == 200


def test_a_turnkey_account_needs_only_the_folder(owner, counter, shop):
    assert owner.post(edit_address(shop, "turnkey"), {}).status_code == 302
    assert "找不到" in body(owner.get(reverse("desk:centres")))


# --- Turnkey's folder


def drop(root, place, name):
    folder = root / "UpCast" / "B2SSTORAGE" / "F0401" / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("<x/>")
    return folder / name


def test_the_folder_is_looked_at(counter, tmp_path, outside):
    root = tmp_path / "turnkey"
    sending = counter.sending(counter.sell()[1])
    with counter.tenant():
        assert turnkey.health("") == turnkey.FolderHealth(configured=False)
        assert not turnkey.health(str(root)).exists
        root.mkdir()
        assert turnkey.health(str(root)) == turnkey.FolderHealth(True, True, True)
        waiting = drop(root, "SRC", f"F0401_AB00000000_{sending.id}.xml")
        os.utime(waiting, (time.time() - 3600, time.time() - 3600))
        drop(root, "ERR/20261121/10", f"F0401_AB00000000_{sending.id}.xml")
        drop(root, "ERR/20261121/10", f"F0401_ZZ00000000_{ids.new_id()}.xml")
        drop(root, "ERR/20261121/10", "something else.xml")
        found = turnkey.health(str(root))
        assert (found.waiting, found.oldest_minutes, found.standing) == (1, 60, True)
        assert [one.number for one in found.refused] == ["AB00000000"]
    with scope.tenant(outside.merchant_id):
        assert turnkey.health(str(root)).refused == []


def test_the_page_shows_the_folder_and_what_it_refused(owner, counter, tmp_path):
    sending = counter.sending(counter.sell()[1])
    drop(tmp_path / "turnkey", "ERR/20261121/10", f"F0401_AB00000000_{sending.id}.xml")
    text = body(owner.get(reverse("desk:centres")))
    assert reverse("desk:transmission", args=[sending.id]) in text


# --- the dashboard


def test_the_dashboard_leads_to_what_is_wrong(browser, owner, counter):
    counter.put(counter.sell()[1], S.PARKED)
    text = body(browser.get(reverse("desk:home")))
    assert "尚未送達加值中心" in text
    assert "?state=parked" in text
    assert "本期剩餘發票號碼" in text
    assert "還沒有連接加值中心" in text


def test_the_dashboard_of_another_stores_manager_counts_nothing_of_ours(desk, shop, counter):
    counter.put(counter.sell()[1], S.PARKED)
    text = body(desk(shop, "other_manager").get(reverse("desk:home")))
    assert "沒有需要處理的" in text
    assert "?state=parked" not in text


def test_what_holds_a_waiting_document_back_is_said(browser, counter):
    _, invoice = counter.sell()
    browser.post(reverse("desk:invoice-void", args=[invoice]), {"reason": "退貨"})
    with clock.moved(NOON + timedelta(days=1)):
        assert "排在同一張發票的開立之後" in page(browser)
        with counter.tenant():
            accounts.pause(counter.account, outcome=Outcome.AUTH, message="金鑰不符", now=NOON)
        text = rows_of(page(browser))
    assert "加值中心帳號已暫停上傳" in text
    assert "立即上傳" not in text
