"""The till's REST, as the page uses it. docs/till-api.md."""

import json
from datetime import timedelta

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.devices.models import AgentBeat, PrintJob
from guitai.invoicing.models import Invoice
from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.orders.models import Order, ShiftClosing, ShiftSummary
from guitai.orders.tests.till import NOON, make_till, new_id
from guitai.tenancy.models import Binding, BindingCode, Staff
from guitai.tenancy.rules import hash_of
from guitai.tenancy.services.pins import hash_pin
from twinvoice import paper


@pytest.fixture
def till(db):
    return make_till()


@pytest.fixture
def page(till):
    return Page.of(till)


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def error(response):
    return response.status_code, response.json()["error"]["code"]


class TestSales:
    def test_a_sale_and_its_replay(self, till, page):
        body = sale_body(till)
        first = page.post("sales", body)
        assert first.status_code == 201
        answer = first.json()
        assert answer["invoice"]["number"] == "AB00000000"
        assert answer["order"]["change"] == 80
        again = page.post("sales", json.dumps(body, indent=1))
        assert (again.status_code, again.json()) == (201, {**answer, "replay": True})

    def test_another_body_under_the_same_key(self, till, page):
        body = sale_body(till)
        page.post("sales", body)
        assert error(page.post("sales", {**body, "note": "外帶"})) == (409, "ORD-REUSED")

    def test_a_bearer_token_needs_no_mark(self, till):
        page = Page(session=till.session.id, mark=False)
        response = page.send("POST", "sales", sale_body(till), Authorization=f"Bearer {till.token}")
        assert response.status_code == 201

    def test_nothing_to_pay_may_carry_an_empty_tender(self, till, page):
        tenders = [{"method": "cash", "amount": 0, "received": 0}]
        response = page.post("sales", sale_body(till, name="贈品", tenders=tenders))
        assert response.status_code == 201
        assert response.json()["order"]["notice"] == "總額 0 元的交易依規定不開立發票。"


BAD = [
    (b"", 400, "API-JSON"),
    (b"{", 400, "API-JSON"),
    (b"\xff\xfe", 400, "API-JSON"),
    (b"[]", 422, "API-BODY"),
    (b"null", 422, "API-BODY"),
    (b"[" * 100_000, 422, "API-BODY"),
    (b'{"id": "' + b"x" * 4_194_304 + b'"}', 413, "API-TOO-LARGE"),
]
CHANGES = [
    ({"total": 120.0}, "API-BODY", "total"),
    ({"total": "120"}, "API-BODY", "total"),
    ({"total": -1}, "API-BODY", "total"),
    ({"total": 10**12}, "API-BODY", "total"),
    ({"id": "1"}, "API-BODY", "id"),
    ({"lines": {}}, "API-BODY", "lines"),
    ({"lines": []}, "ORD-NO-LINES", "lines"),
    ({"surprise": 1}, "API-BODY", ""),
    ({"started_at": "2026-11-21T12:00:00"}, "API-BODY", "started_at"),
    ({"started_at": "0001-01-01T00:00:00+08:00"}, "ORD-DATE", "started_at"),
    ({"recognised_on": "9999-12-31"}, "ORD-DATE", "recognised_on"),
    ({"invoice": {"kind": "receipt"}}, "API-BODY", "invoice.kind"),
    ({"invoice": {"kind": "company", "ban": "12345678"}}, "ORD-BAN", "invoice.ban"),
    ({"invoice": {"kind": "company"}}, "ORD-CHOICE", "invoice.ban"),
    (
        {"invoice": {"kind": "mobile_barcode", "carrier": "/abc"}},
        "ORD-MOBILE-BARCODE",
        "invoice.carrier",
    ),
    (
        {"invoice": {"kind": "citizen_certificate", "carrier": "AB1"}},
        "ORD-CITIZEN",
        "invoice.carrier",
    ),
    ({"invoice": {"kind": "donation", "npoban": "12"}}, "ORD-DONATION", "invoice.npoban"),
    ({"invoice": {"kind": "self", "number": "A1"}}, "ORD-NUMBER", "invoice.number"),
    ({"invoice": {"kind": "paper", "print": False}}, "ORD-CHOICE", "invoice.print"),
    ({"invoice": {"kind": "paper", "ban": "04595257"}}, "ORD-CHOICE", "invoice.ban"),
    ({"note": "😀"}, "ORD-TEXT", "note"),
    ({"note": "長" * 201}, "ORD-TEXT-LONG", "note"),
    ({"tenders": []}, "PAY-SUM", "tenders"),
    ({"tenders": [{"method": "gold", "amount": 120}]}, "API-BODY", "tenders[0].method"),
    (
        {"tenders": [{"method": "card", "amount": 120, "received": 120}]},
        "PAY-TENDER",
        "tenders[0]",
    ),
    (
        {"tenders": [{"method": "cash", "amount": 120, "received": 119}]},
        "PAY-TENDER",
        "tenders[0]",
    ),
]
LINE_CHANGES = [
    ({"quantity": "0"}, "ORD-QUANTITY"),
    ({"quantity": "1.2345"}, "API-BODY"),
    ({"quantity": "1e3"}, "API-BODY"),
    ({"quantity": "-1"}, "API-BODY"),
    ({"quantity": 1}, "API-BODY"),
    ({"quantity": "NaN"}, "API-BODY"),
    ({"name": "拿鐵😀"}, "ORD-NAME"),
    ({"name": "拿\u0007鐵"}, "ORD-NAME"),
    ({"name": "  "}, "ORD-NAME-MISSING"),
    ({"name": "拿" * 101}, "ORD-TEXT-LONG"),
    ({"unit_price": 119.5}, "API-BODY"),
    ({"discount": 121}, "ORD-DISCOUNT"),
    ({"tax_type": "9"}, "API-BODY"),
    ({"product_id": "none"}, "API-BODY"),
]


class TestBadInput:
    def nothing_written(self, till):
        with till.shop.tenant():
            assert not Order.objects.exists()
            assert not Invoice.objects.exists()

    @pytest.mark.parametrize(("raw", "status", "code"), BAD, ids=range(len(BAD)))
    def test_broken_bodies(self, till, page, raw, status, code):
        assert error(page.send("POST", "sales", raw)) == (status, code)
        self.nothing_written(till)

    @pytest.mark.parametrize(("change", "code", "field"), CHANGES, ids=range(len(CHANGES)))
    def test_wrong_fields(self, till, page, change, code, field):
        response = page.post("sales", {**sale_body(till), **change})
        found = response.json()["error"]
        assert (found["code"], found.get("field", "")) == (code, field), found
        assert response.status_code in {409, 422}
        self.nothing_written(till)

    @pytest.mark.parametrize(("change", "code"), LINE_CHANGES, ids=range(len(LINE_CHANGES)))
    def test_wrong_lines(self, till, page, change, code):
        body = sale_body(till)
        body["lines"][0] |= change
        found = page.post("sales", body).json()["error"]
        assert found["code"] == code, found
        if code != "API-BODY" or "quantity" in change:
            assert found["field"].startswith("lines[")
        self.nothing_written(till)

    def test_a_lone_surrogate(self, till, page):
        body = json.dumps(sale_body(till, note="X")).replace('"X"', '"\\ud800"')
        assert error(page.send("POST", "sales", body))[1] in {"API-JSON", "ORD-TEXT"}
        self.nothing_written(till)

    def test_what_no_column_can_hold(self, till, page):
        body = json.dumps(sale_body(till, note="X")).replace('"X"', '"\\u0000"')
        assert error(page.send("POST", "sales", body)) == (422, "API-BODY")
        assert error(page.get("orders?search=%00")) == (422, "API-BODY")
        cart = '{"label": "x", "cart": {"a": "\\u0000"}}'
        assert error(page.send("PUT", f"parked/{new_id()}", cart)) == (422, "API-BODY")
        for number in ("1e999", "-1e999", "9" * 400):
            cart = '{"label": "x", "cart": {"a": ' + number + "}}"
            assert page.send("PUT", f"parked/{new_id()}", cart).status_code in {200, 400, 422}
        deep = '{"label": "x", "cart": {"a": ' + "[" * 20_000 + "]" * 20_000 + "}}"
        assert error(page.send("PUT", f"parked/{new_id()}", deep)) == (400, "API-JSON")
        assert page.get("parked").status_code == 200
        assert error(page.post("drawer", {"reason": "換\u0007錢"})) == (422, "ORD-TEXT")
        self.nothing_written(till)

    def test_only_a_sale_may_be_longer_than_a_mebibyte(self, till, page):
        cart = '{"label": "x", "cart": {"a": "' + "x" * 1_048_576 + '"}}'
        assert error(page.send("PUT", f"parked/{new_id()}", cart)) == (413, "API-TOO-LARGE")
        note = '{"note": "' + "x" * 1_048_576 + '"}'
        assert error(page.send("POST", "sales", note)) == (422, "API-BODY")
        self.nothing_written(till)

    def test_ten_thousand_lines(self, till, page):
        line = {"name": "茶", "quantity": "1", "unit_price": 1, "tax_type": "1"}
        body = sale_body(till, lines=[line] * 10_000, total=10_000)
        body["tenders"] = [{"method": "cash", "amount": 10_000}]
        assert error(page.post("sales", body)) == (422, "ORD-LINES")
        self.nothing_written(till)


class TestBinding:
    def code(self, till, text="ABCD2345"):
        with till.shop.tenant():
            Binding.objects.update(released_at=NOON)
            BindingCode.objects.create(
                register_id=till.register.id,
                code_hash=hash_of(text),
                expires_at=taipei(2026, 11, 21, 12, 10),
            )
        return {"ban": till.shop.entity.ban, "code": text, "device_name": "新電腦"}

    def test_the_token_comes_as_a_strict_cookie_only(self, till):
        page = Page()
        response = page.post("bind", self.code(till))
        assert response.status_code == 200, response.content
        cookie = response.cookies["guitai_till"]
        assert cookie["httponly"] and cookie["samesite"] == "Strict"
        assert cookie.value.split(".")[1] not in response.content.decode()
        assert page.get("state").json()["register"]["name"] == till.register.name

    def test_a_second_device_is_told_who_holds_it(self, till):
        body = self.code(till)
        with till.shop.tenant():
            Binding.objects.update(released_at=None)
        response = Page().post("bind", body)
        assert error(response) == (409, "BIND-TAKEN")
        assert response.json()["error"]["message"] == "此 POS 機目前由 [櫃台電腦] 使用中"

    def test_a_wrong_code(self, till):
        body = self.code(till)
        assert error(Page().post("bind", {**body, "code": "XXXX9999"})) == (422, "BIND-CODE")


class TestPage:
    def test_state_tells_all(self, till, page):
        found = page.get("state").json()
        assert found["register"]["auto_issue"] is True
        assert found["numbers"] == {
            "remaining": 100,
            "paused": 0,
            "period": "11512",
            "period_label": "115年11-12月",
        }
        assert found["session"]["id"] == str(till.session.id)
        assert "till.checkout" in found["session"]["permissions"]
        assert found["centre"]["key"] == "turnkey"

    def test_products_and_their_tag(self, till, page):
        response = page.get("products")
        names = [product["name"] for product in response.json()["products"]]
        assert "拿鐵" in names
        again = page.get("products", **{"If-None-Match": response["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.django_db(transaction=True)
    def test_sign_in_and_out(self, till):
        with till.shop.tenant():
            clerk = Staff.objects.get()
            clerk.pin_hash = hash_pin("2468")
            clerk.save(update_fields=["pin_hash"])
        page = Page(till.token)
        body = {"staff_id": str(clerk.id), "pin": "1111"}
        assert error(page.post("sign-in", body)) == (401, "PIN-WRONG")
        session = page.post("sign-in", {**body, "pin": "2468"}).json()["session"]
        page.headers["X-Guitai-Session"] = session["id"]
        assert page.get("parked").status_code == 200
        assert page.post("sign-out").json() == {"ok": True}
        assert error(page.get("parked")) == (401, "TILL-SESSION")

    @pytest.mark.parametrize(
        ("field", "good", "bad", "code"),
        [
            ("ban", "04595257", "12345678", "ORD-BAN"),
            ("mobile_barcode", "/TRM+O+P", "TRM+O+P", "ORD-MOBILE-BARCODE"),
            ("citizen_certificate", "AB12345678901234", "AB1", "ORD-CITIZEN"),
            ("npoban", "168001", "12", "ORD-DONATION"),
        ],
    )
    def test_check_one_field(self, page, field, good, bad, code):
        assert page.post("check", {field: good}).json() == {"ok": True}
        refused = page.post("check", {field: bad})
        assert error(refused) == (422, code)
        assert refused.json()["error"]["field"] == field
        assert error(page.post("check", {})) == (422, "API-CHECK")

    def test_the_agents_sign_of_life(self, till, page):
        page.post("agent", {"agent_id": "9f0c", "code": "OK"})
        page.post("agent", {"agent_id": "9f0c", "code": "PAPER_END"})
        with till.shop.tenant():
            assert AgentBeat.objects.get().code == "PAPER_END"

    def test_the_agents_health_is_passed_on_as_it_was_told(self, till, page):
        hop = {"hop": "paper", "state": "error", "code": "PAPER_END", "message": "紙張用完"}
        told = {
            "agent_id": "9f0c", "version": "0.1.0", "hops": [hop], "queue": {"waiting": 2},
            "findings": [{"code": "PAPER_END", "level": "error", "steps": ["換紙"]}],
            "printer": {"device": {"profile": "PP-8800"}}, "device": None, "time": "",
            "clock": {"drift_ms": 7}, "of_a_newer_agent": {"x": 1},
        }  # fmt: skip
        assert page.post("agent", told).json() == {"ok": True}
        with till.shop.tenant():
            row = AgentBeat.objects.get()
        assert (row.code, row.profile, row.queue_waiting) == ("PAPER_END", "PP-8800", 2)
        assert (row.drift_ms, row.source, row.register_id) == (7, "page", till.register.id)
        assert error(page.post("agent", {**told, "hops": [1]})) == (422, "API-BODY")

    def test_the_state_tells_which_agent_is_new_enough(self, page):
        told = page.get("state").json()["agent"]
        assert told == {"min_version": "0.1.0", "latest": "0.1.0", "download": "/agent/"}

    def test_addresses_and_methods_that_are_not(self, page):
        assert error(page.get("nowhere")) == (404, "API-NOT-FOUND")
        assert error(page.get("orders/1")) == (404, "API-NOT-FOUND")
        response = page.get("sales")
        assert error(response) == (405, "API-METHOD")
        assert response["Allow"] == "POST"


class TestOrders:
    def sell(self, till, page, **more):
        return page.post("sales", sale_body(till, **more)).json()

    def test_list_search_and_look(self, till, page):
        sold = self.sell(till, page)
        number = sold["invoice"]["number"]
        scan = f"11512{number}{sold['invoice']['random_code']}"
        for text in ("", number, f"{number[:2]}-{number[2:]}", sold["order"]["number"][-6:], scan):
            found = page.client.get(
                "/api/till/orders", {"search": text}, headers=page.headers
            ).json()
            assert [o["id"] for o in found["orders"]] == [sold["order"]["id"]], text
        assert page.get("orders?search=11410AB000000001234").json()["orders"] == []
        assert page.get("orders?day=2026-11-20").json()["orders"] == []
        assert error(page.get("orders?day=yesterday")) == (422, "API-BODY")
        assert error(page.get("orders?after=0")) == (422, "API-BODY")
        seen = page.get(f"orders/{sold['order']['id']}").json()["order"]
        assert seen["invoice"]["upload_text"] == "等待上傳"
        assert seen["lines"][0]["quantity"] == "1"
        assert seen["tenders"][0]["name"] == "現金"
        assert seen["print_jobs"][0]["kind"] == "proof"

    def test_the_left_qr_code_finds_it_too(self, till, page):
        from twinvoice import jsonform, proof

        sold = self.sell(till, page)
        with till.shop.tenant():
            document = jsonform.from_json(Invoice.objects.get().document)
        left, _ = proof.qr_pair(document, till.shop.entity.qr_key)
        found = page.client.get("/api/till/orders", {"search": left}, headers=page.headers).json()
        assert [o["id"] for o in found["orders"]] == [sold["order"]["id"]]

    def test_cancel_voids_inside_the_window(self, till, page):
        sold = self.sell(till, page)
        path = f"orders/{sold['order']['id']}/cancel"
        assert error(page.post(path, {"reason": " "})) == (422, "ORD-REASON")
        with clock.moved(taipei(2027, 1, 4, 23, 59, 59)):
            answer = page.post(path, {"reason": "客人退貨"}).json()
        assert answer["order"]["state"] == "cancelled"
        assert answer["order"]["invoice_voided"] is True
        assert answer["refund"] == {"cash": 120}
        assert error(page.post(path, {"reason": "再一次"})) == (409, "ORD-CANCELLED")
        with till.shop.tenant():
            assert Invoice.objects.get().state == "voided"
            assert PrintJob.objects.get().state == "cancelled"

    def test_after_the_window_an_allowance_is_needed(self, till, page):
        sold = self.sell(till, page)
        with clock.moved(taipei(2027, 1, 5)):
            response = page.post(f"orders/{sold['order']['id']}/cancel", {"reason": "退貨"})
        assert error(response) == (409, "INV-WINDOW")
        assert "折讓" in response.json()["error"]["message"]
        with till.shop.tenant():
            assert Order.objects.get().state == "completed"
            assert Invoice.objects.get().state == "issued"

    def test_issue_later_the_same_day_only(self, till, page):
        with till.shop.tenant():
            type(till.register).objects.update(auto_issue=False)
        sold = self.sell(till, page)
        path = f"orders/{sold['order']['id']}/issue"
        with clock.moved(taipei(2026, 11, 22, 0, 0)):
            assert error(page.post(path)) == (409, "ORD-LATE")
        answer = page.post(path).json()
        assert answer["invoice"]["number"] == "AB00000000"
        assert [job["kind"] for job in answer["print_jobs"]] == ["proof"]
        assert error(page.post(path)) == (409, "ORD-INVOICED")

    def test_issue_later_with_the_choice_made_later(self, till, page):
        sold = self.sell(till, page, invoice={"kind": "none_yet"})
        path = f"orders/{sold['order']['id']}/issue"
        assert error(page.post(path)) == (422, "ORD-CHOICE-NEEDED")
        answer = page.post(path, {"invoice": {"kind": "company", "ban": "10458575"}}).json()
        assert answer["invoice"]["number"] == "AB00000000"
        with till.shop.tenant():
            assert Invoice.objects.get().buyer_ban == "10458575"

    def test_a_number_typed_later_marks_the_order(self, till, page):
        """S3.16-17: the mark does not depend on what was chosen at checkout."""
        sold = self.sell(till, page, invoice={"kind": "none_yet"})
        path = f"orders/{sold['order']['id']}/manual-number"
        assert error(page.post(path, {"number": "AB00000007"})) == (409, "ORD-OWN-NUMBER")
        assert error(page.post(path, {"number": "11510ZZ123456781234"})) == (
            422,
            "ORD-NUMBER-PERIOD",
        )
        answer = page.post(path, {"number": "11512ZZ123456781234"}).json()
        assert answer["order"]["invoice_number"] == "ZZ12345678"
        assert answer["order"]["invoice_manual"] is True
        seen = page.get(f"orders/{sold['order']['id']}").json()["order"]
        assert seen["invoice"]["manual"] is True
        assert error(page.post(path, {"number": "ZZ12345679"})) == (409, "ORD-INVOICED")

    def test_reprint_is_marked_once_it_may_be_on_paper(self, till, page):
        sold = self.sell(till, page)
        path, job = f"orders/{sold['order']['id']}/reprint", sold["print_jobs"][0]["id"]
        same = page.post(path, {"what": "proof"}).json()["print_jobs"][0]
        assert (same["id"], same["copy"]) == (job, "original")
        page.post(f"print-jobs/{job}/state", {"state": "sent"})
        again = page.post(path, {"what": "proof"}).json()["print_jobs"][0]
        assert again["id"] != job
        assert again["copy"] == "reprint"
        doc = page.get(f"print-jobs/{again['id']}").json()["doc"]
        assert any("補印" in block.get("text", "") for block in doc)
        detail = page.post(path, {"what": "detail"}).json()["print_jobs"][0]
        assert detail["kind"] == "detail"

    @pytest.mark.parametrize("what", ["proof", "detail"])
    def test_a_double_click_prints_once_however_fast_the_printer_is(self, till, page, what):
        sold = self.sell(till, page)
        page.post(f"print-jobs/{sold['print_jobs'][0]['id']}/state", {"state": "done"})
        path = f"orders/{sold['order']['id']}/reprint"
        papers = []
        for seconds in (10, 10.3, 11.9, 12.1):
            with clock.moved(NOON + timedelta(seconds=seconds)):
                [job] = page.post(path, {"what": what}).json()["print_jobs"]
                page.post(f"print-jobs/{job['id']}/state", {"state": "done"})
            papers.append(job["id"])
        assert papers[0] == papers[1] == papers[2] != papers[3]

    def test_a_slip_that_went_wrong_may_be_asked_for_at_once(self, till, page):
        sold = self.sell(till, page)
        page.post(f"print-jobs/{sold['print_jobs'][0]['id']}/state", {"state": "done"})
        path = f"orders/{sold['order']['id']}/reprint"
        with clock.moved(NOON + timedelta(seconds=10)):
            [job] = page.post(path, {"what": "proof"}).json()["print_jobs"]
            state = f"print-jobs/{job['id']}/state"
            page.post(state, {"state": "uncertain", "detail": "PAPER_END"})
            page.post(state, {"state": "cancelled", "detail": "NOT_PRINTED"})
            [again] = page.post(path, {"what": "proof"}).json()["print_jobs"]
        assert again["id"] != job["id"]

    def test_a_carrier_has_no_proof_to_reprint(self, till, page):
        sold = self.sell(till, page, invoice={"kind": "mobile_barcode", "carrier": "/TRM+O+P"})
        path = f"orders/{sold['order']['id']}/reprint"
        assert error(page.post(path, {"what": "proof"})) == (409, "ORD-NOTHING-TO-PRINT")
        seen = page.get(f"orders/{sold['order']['id']}").json()["order"]
        assert seen["invoice"]["carrier"] == "/TR****P"


class TestPrinting:
    def test_a_job_is_the_same_paper_every_time(self, till, page):
        job = page.post("sales", sale_body(till)).json()["print_jobs"][0]["id"]
        slip = page.get(f"print-jobs/{job}").json()
        with till.shop.tenant():
            type(till.shop.store).objects.update(name="改名了")
        again = page.get(f"print-jobs/{job}").json()
        assert (again["doc"], again["sha256"]) == (slip["doc"], slip["sha256"])
        paper.from_json(slip["doc"])
        text = json.dumps(
            slip["doc"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
        import hashlib

        assert hashlib.sha256(text).hexdigest() == slip["sha256"]
        assert slip["expires"] == "2026-11-22T12:00:00+08:00" or slip["expires"].startswith(
            "2026-11-22T04:00:00"
        )

    def test_waiting_jobs_are_listed_until_something_became_of_them(self, till, page):
        job = page.post("sales", sale_body(till)).json()["print_jobs"][0]["id"]

        def listed():
            jobs = page.get("print-jobs?state=waiting").json()["jobs"]
            return [(found["id"], found["state"]) for found in jobs]

        assert listed() == [(job, "waiting")]
        with clock.moved(taipei(2026, 12, 21)):
            assert listed() == [(job, "waiting")]
        path = f"print-jobs/{job}/state"
        assert page.post(path, {"state": "sent"}).json()["job"]["state"] == "sent"
        assert page.post(path, {"state": "sent"}).status_code == 200
        assert listed() == [(job, "sent")]
        page.post(path, {"state": "uncertain", "detail": "PORT_GONE"})
        assert listed() == [(job, "uncertain")]
        page.post(path, {"state": "done"})
        assert listed() == []
        assert error(page.post(path, {"state": "sent"})) == (409, "PRINT-STATE")
        with till.shop.tenant():
            assert Invoice.objects.get().printed_at is not None

    def test_paper_that_expired_unbegun_is_asked_about_and_what_follows_is_the_original(
        self, till, page
    ):
        sold = page.post("sales", sale_body(till)).json()
        job = sold["print_jobs"][0]["id"]
        path, again = f"print-jobs/{job}/state", f"orders/{sold['order']['id']}/reprint"
        page.post(path, {"state": "sent", "detail": "agent-9f0c"})
        page.post(path, {"state": "expired", "detail": "EXPIRED"})
        [listed] = page.get("print-jobs?state=waiting").json()["jobs"]
        assert (listed["id"], listed["state"]) == (job, "expired")
        asked = page.post(again, {"what": "proof"}).json()["print_jobs"][0]
        assert (asked["id"], asked["copy"]) == (job, "original")  # the same paper, once
        page.post(path, {"state": "cancelled", "detail": "EXPIRED"})
        fresh = page.post(again, {"what": "proof"}).json()["print_jobs"][0]
        assert (fresh["id"] != job, fresh["copy"]) == (True, "original")

    def test_a_proof_without_the_aes_key_says_what_to_do(self, till, page):
        job = page.post("sales", sale_body(till)).json()["print_jobs"][0]["id"]
        with till.shop.tenant():
            type(till.shop.entity).objects.update(qr_key="")
        response = page.get(f"print-jobs/{job}")
        assert error(response) == (409, "ORD-NOTHING-TO-PRINT")
        assert "AES" in response.json()["error"]["message"]

    def test_every_kind_of_slip(self, till, page):
        with till.shop.tenant():
            type(till.register).objects.update(print_detail=True)
        company = {"kind": "company", "ban": "10458575"}
        jobs = page.post("sales", sale_body(till)).json()["print_jobs"]
        jobs += page.post("sales", sale_body(till, invoice=company)).json()["print_jobs"]
        jobs += page.post("sales", sale_body(till, invoice={"kind": "self"})).json()["print_jobs"]
        jobs += page.post("shift/summary", {"counted_cash": 360}).json()["print_jobs"]
        kinds = [job["kind"] for job in jobs]
        assert kinds == ["proof", "detail", "company_proof", "detail", "shift"]
        for job in jobs:
            assert paper.from_json(page.get(f"print-jobs/{job['id']}").json()["doc"])


class TestShift:
    def test_figures_summary_and_closing(self, till, page):
        kept = page.post("sales", sale_body(till)).json()
        gone = page.post("sales", sale_body(till)).json()
        card = {"tenders": [{"method": "card", "amount": 120, "reference": "4242"}]}
        page.post("sales", sale_body(till, **card))
        page.post(f"orders/{gone['order']['id']}/cancel", {"reason": "退貨"})
        seen = page.get("shift").json()
        assert (seen["orders"], seen["sales"], seen["net_sales"]) == (3, 360, 240)
        assert (seen["cancelled_orders"], seen["cancelled_amount"]) == (1, 120)
        assert (seen["voided_invoices"], seen["voided_amount"]) == (1, 120)
        assert (seen["first_number"], seen["last_number"]) == ("AB00000000", "AB00000002")
        assert seen["expected_cash"] == 120
        assert {t["method"]: t["amount"] for t in seen["tenders"]} == {"cash": 120, "card": 120}

        body = {"id": str(new_id()), "counted_cash": 110, "taken_out": 50}
        assert error(page.post("shift/close")) == (409, "SHIFT-EMPTY")
        assert error(page.post("shift/summary", body)) == (422, "SHIFT-REASON")
        body["reason"] = "找錯錢"
        assert error(page.post("shift/summary", {**body, "taken_out": 111})) == (
            422,
            "SHIFT-TAKEN",
        )
        done = page.post("shift/summary", body).json()
        assert (done["difference"], done["cash_left"]) == (-10, 60)
        assert page.post("shift/summary", body).json()["serial"] == done["serial"]

        empty = page.get("shift").json()
        assert (empty["orders"], empty["cash_float"], empty["expected_cash"]) == (0, 60, 60)
        page.post(f"orders/{kept['order']['id']}/cancel", {"reason": "退貨"})
        later = page.get("shift").json()
        assert (later["orders"], later["cancelled_amount"], later["expected_cash"]) == (0, 120, -60)

        closed = page.post("shift/summary", {"counted_cash": 0, "reason": "退款", "close": True})
        assert closed.json()["closing_serial"] == "S1-A01-261121-C01"
        page.post("shift/summary", {"counted_cash": 0})
        assert error(page.post("shift/close")) == (409, "SHIFT-CONFIRM")
        assert page.post("shift/close", {"confirm": True}).json()["serial"].endswith("C02")

    def test_two_closings_of_nothing_in_one_instant(self, till, page):
        body = {"counted_cash": 0, "close": True, "confirm": True}
        assert page.post("shift/summary", body).status_code == 200
        assert error(page.post("shift/summary", body)) == (409, "SHIFT-BUSY")
        with till.shop.tenant():
            assert (ShiftSummary.objects.count(), ShiftClosing.objects.count()) == (1, 1)
        with clock.moved(NOON + timedelta(microseconds=1)):
            assert page.post("shift/summary", body).status_code == 200
