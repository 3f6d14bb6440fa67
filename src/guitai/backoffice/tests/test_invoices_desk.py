"""發票 and 訂單 at the desk: search, filters, pages, detail, proof, XML, void, files."""

import io

import openpyxl
import pytest
import zxingcpp
from django.urls import reverse
from PIL import Image

from guitai.backoffice.tests.counter import CARRIER, LATER, PERIOD, open_counter
from guitai.invoicing.models import ExchangeRecord, Invoice, Transmission, VoidDocument
from guitai.invoicing.rules import TransmissionState
from guitai.kernel import clock, ids
from guitai.kernel.models import AuditEntry
from guitai.kernel.testing import taipei
from guitai.orders.rules import InvoiceChoiceKind as K
from guitai.orders.tests.till import NOON
from twinvoice import mig


@pytest.fixture(autouse=True)
def noon():
    with clock.moved(NOON):
        yield


@pytest.fixture
def counter(shop):
    return open_counter(shop)


@pytest.fixture
def browser(desk, shop):
    return desk(shop, "accountant")


@pytest.fixture
def sold(counter):
    """One invoice of each kind: key → (order id, invoice id), numbers AB00000000 and on."""
    return {
        "paper": counter.sell(),
        "company": counter.sell(K.COMPANY, ban="22099131", buyer_name="大買家"),
        "mobile": counter.sell(K.MOBILE_BARCODE, carrier=CARRIER),
        "donation": counter.sell(K.DONATION, npoban="168001"),
    }


def body(answer):
    assert answer.status_code == 200, answer.content.decode()[:1500]
    return answer.content.decode()


def listed(browser, **filters):
    """The invoice numbers that the list shows."""
    text = body(browser.get(reverse("desk:invoices"), filters))
    return {f"AB0000000{n}" for n in range(9) if f"AB0000000{n}</a>" in text}


ALL = {"AB00000000", "AB00000001", "AB00000002", "AB00000003"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ALL),
        ({"q": "AB00000001"}, {"AB00000001"}),
        ({"q": "ab-00000001"}, {"AB00000001"}),
        ({"q": "AB00000"}, ALL),
        ({"q": "00000002"}, {"AB00000002"}),
        ({"q": "22099131"}, {"AB00000001"}),
        ({"q": CARRIER}, {"AB00000002"}),
        ({"q": CARRIER.lower()}, {"AB00000002"}),
        ({"q": "沒有這張"}, set()),
        ({"q": "a\x00b"}, set()),
        ({"kind": "paper"}, {"AB00000000"}),
        ({"kind": "company"}, {"AB00000001"}),
        ({"kind": "mobile"}, {"AB00000002"}),
        ({"kind": "donation"}, {"AB00000003"}),
        ({"kind": "citizen"}, set()),
        ({"kind": "nonsense"}, set()),
        ({"period": PERIOD}, ALL),
        ({"period": "11510"}, set()),
        ({"period": "nonsense"}, set()),
        ({"day": "2026-11-21"}, ALL),
        ({"day": "2026-11-20"}, set()),
        ({"day": "nonsense"}, ALL),
        ({"state": "issued"}, ALL),
        ({"state": "voided"}, set()),
        ({"state": "nonsense"}, set()),
        ({"upload": "waiting"}, ALL),
        ({"upload": "parked"}, set()),
        ({"register": "nonsense"}, ALL),
        ({"after": "nonsense"}, ALL),
        ({"after": "9" * 60 + ".00"}, ALL),
        ({"q": "AB00000", "kind": "company", "period": PERIOD}, {"AB00000001"}),
    ],
)
def test_each_filter_finds_exactly_its_invoices(browser, sold, filters, expected):
    assert listed(browser, **filters) == expected


def test_an_order_number_and_a_scanned_code_find_their_invoice(browser, sold, counter):
    with counter.tenant():
        from guitai.orders.models import Order

        number = Order.objects.get(id=sold["mobile"][0]).number
        code = Invoice.objects.get(id=sold["paper"][1]).document["random_code"]
    assert listed(browser, q=number) == {"AB00000002"}
    assert listed(browser, q=f"{PERIOD}AB00000000{code}") == {"AB00000000"}
    assert listed(browser, q=f"11410AB00000000{code}") == set()


def test_carriers_are_masked_everywhere_on_screen(browser, sold, counter):
    with counter.tenant():
        ExchangeRecord.objects.create(
            transmission_id=counter.sending(sold["mobile"][1]).id,
            centre="mirle",
            operation="C0401",
            at=NOON,
            milliseconds=12,
            method="POST",
            url="https://centre.example/",
            status=200,
            request=f"<A26>{CARRIER}</A26><B2>拿鐵</B2>".encode(),
            response="<MESSAGE>成功</MESSAGE>".encode("cp950"),
        )
    pages = [
        browser.get(reverse("desk:invoices")),
        browser.get(reverse("desk:invoice", args=[sold["mobile"][1]])),
        browser.get(reverse("desk:transmission", args=[counter.sending(sold["mobile"][1]).id])),
        browser.get(reverse("desk:invoice-export", args=["csv"])),
    ]
    for answer in pages:
        assert CARRIER not in answer.content.decode("utf-8-sig")
        assert "/T****+P" in answer.content.decode("utf-8-sig") or answer is pages[2]
    detail = pages[1].content.decode()
    assert "成功" in detail  # Big5 is read
    assert "&lt;A26&gt;/T****+P" in detail


def test_pages_follow_each_other_without_a_gap_or_a_repeat(browser, counter, shop):
    with counter.tenant():
        _, first = counter.sell()
        template = Invoice.objects.get(id=first)
        for serial in range(1, 121):
            # Many at the same moment: the id decides.
            template.id, template.number = ids.new_id(), f"AB{serial:08d}"
            template.order_id = ids.new_id()
            template.issued_at = taipei(2026, 11, 20, 10, serial // 40)
            template.save(force_insert=True)
    seen, address = [], reverse("desk:invoices")
    while address:
        text = body(browser.get(address))
        rows = text.split("<tbody>")[-1]
        found = [part[:10] for part in rows.split('/">')[1:] if part.startswith("AB")]
        seen += found
        more = text.split('rel="next" href="')
        address = reverse("desk:invoices") + more[1].split('"')[0] if len(more) > 1 else ""
    assert len(seen) == 121
    assert len(set(seen)) == 121


def test_the_days_figures_lead_to_their_invoices(browser, sold, shop, counter):
    browser.post(reverse("desk:invoice-void", args=[sold["paper"][1]]), {"reason": "打錯"})
    text = body(browser.get(reverse("desk:invoices"), {"day": "2026-11-21"}))
    assert "各 POS 機張數與金額" in text
    assert f"?day=2026-11-21&amp;register={shop.register.id}" in text
    assert f"?day=2026-11-21&amp;state=voided&amp;register={shop.register.id}" in text
    assert listed(browser, day="2026-11-21", state="voided") == {"AB00000000"}


def test_a_part_of_the_page_is_enough_for_htmx(browser, sold):
    text = body(browser.get(reverse("desk:invoices"), {"q": "AB"}, headers={"HX-Request": "true"}))
    assert "<html" not in text
    assert "<table" in text


# --- the proof


def picture(browser, invoice):
    answer = browser.get(reverse("desk:invoice-proof", args=[invoice]))
    assert answer.headers["Content-Type"] == "image/png"
    assert "no-store" in answer.headers["Cache-Control"]
    return Image.open(io.BytesIO(answer.content))


def test_the_picture_of_the_proof_holds_the_codes_of_the_invoice(browser, sold):
    for key, number in (("paper", "AB00000000"), ("company", "AB00000001")):
        codes = zxingcpp.read_barcodes(picture(browser, sold[key][1]).convert("L"))
        texts = [code.text for code in codes]
        assert any(text.startswith(f"{PERIOD}{number}") for text in texts)
        assert any(text.startswith(number) for text in texts)


def test_a_printed_proof_is_shown_as_a_reprint(browser, sold, counter):
    before = picture(browser, sold["paper"][1]).height
    with counter.tenant():
        Invoice.objects.filter(id=sold["paper"][1]).update(printed_at=NOON)
        from guitai.reporting import papers
        from twinvoice import paper

        slip = papers.proof_slip(Invoice.objects.get(id=sold["paper"][1]))
    words = paper.as_text(slip)
    assert "補印" in words
    assert "預覽" in words.splitlines()[0]
    assert picture(browser, sold["paper"][1]).height >= before


@pytest.mark.parametrize(("key", "why"), [("mobile", "已存入載具"), ("donation", "已捐贈")])
def test_what_has_no_proof_says_why(browser, sold, key, why):
    answer = browser.get(reverse("desk:invoice-proof", args=[sold[key][1]]))
    assert answer.status_code == 409
    assert why in answer.content.decode()
    assert why in body(browser.get(reverse("desk:invoice", args=[sold[key][1]])))


def test_the_xml_reads_back_as_the_invoice_and_its_void(browser, sold):
    address = reverse("desk:invoice-xml", args=[sold["company"][1], "F0401"])
    document = mig.read(browser.get(address).content)
    assert (document.number, document.buyer.ban) == ("AB00000001", "22099131")
    missing = reverse("desk:invoice-xml", args=[sold["company"][1], "F0501"])
    assert browser.get(missing).status_code == 404
    browser.post(reverse("desk:invoice-void", args=[sold["company"][1]]), {"reason": "退貨"})
    assert mig.read(browser.get(missing).content).reason == "退貨"


# --- void


def test_a_void_is_written_once_and_queued(browser, sold, counter):
    address = reverse("desk:invoice-void", args=[sold["paper"][1]])
    assert browser.post(address, {"reason": "打錯金額"}).status_code == 302
    again = browser.post(address, {"reason": "打錯金額"})
    assert again.status_code == 422
    with counter.tenant():
        assert VoidDocument.objects.get().voided_by == "accountant"
        assert Transmission.objects.filter(kind="F0501").count() == 1
        entry = AuditEntry.objects.get(verb="invoice.void")
    assert (entry.actor_name, entry.reason) == ("accountant", "打錯金額")
    text = body(browser.get(reverse("desk:invoice", args=[sold["paper"][1]])))
    assert "已作廢" in text
    assert "發票已作廢。" in text


@pytest.mark.parametrize("reason", ["", "   ", "長" * 21])
def test_a_void_needs_a_reason_that_the_law_takes(browser, sold, counter, reason):
    answer = browser.post(reverse("desk:invoice-void", args=[sold["paper"][1]]), {"reason": reason})
    assert answer.status_code == 422
    assert "作廢原因需要 1 到 20 個字" in answer.content.decode()
    with counter.tenant():
        assert not VoidDocument.objects.exists()


def test_after_the_window_the_page_says_why_and_what_instead(browser, sold, counter):
    address = reverse("desk:invoice-void", args=[sold["paper"][1]])
    with clock.moved(taipei(2027, 1, 4, 23, 59, 59)):
        assert "作廢這張發票" in body(browser.get(reverse("desk:invoice", args=[sold["paper"][1]])))
    with clock.moved(LATER):
        shown = body(browser.get(reverse("desk:invoice", args=[sold["paper"][1]])))
        assert "已過作廢期限（2027-01-04 23:59），請改開折讓單" in shown
        assert "作廢這張發票" not in shown
        refused = browser.post(address, {"reason": "太晚"})
    assert refused.status_code == 422
    assert "請改開折讓單" in refused.content.decode()
    with counter.tenant():
        assert not VoidDocument.objects.exists()


def test_who_may_only_look_is_offered_no_void(desk, shop, sold):
    text = body(desk(shop, "store_manager").get(reverse("desk:invoice", args=[sold["paper"][1]])))
    assert "作廢這張發票" not in text


# --- files


def test_the_files_hold_the_filters_rows_and_no_formula(browser, sold, counter):
    with counter.tenant():
        from guitai.tenancy.models import Register

        Register.objects.filter(id=counter.till.register.id).update(name="=1+1")
    address = reverse("desk:invoice-export", args=["csv"])
    text = browser.get(address, {"kind": "company"}).content.decode("utf-8-sig")
    assert "AB00000001" in text
    assert "AB00000000" not in text
    assert "'=1+1" in text
    sheet = browser.get(reverse("desk:invoice-export", args=["xlsx"])).content
    book = openpyxl.load_workbook(io.BytesIO(sheet))
    assert book.sheetnames[0] == "發票"
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert {row[0] for row in rows[1:]} == ALL
    assert "=1+1" in {row[4] for row in rows[1:]}
    assert all(cell.data_type != "f" for row in book.worksheets[0] for cell in row)


def test_a_file_that_would_be_cut_is_refused(browser, sold, monkeypatch):
    from guitai.reporting import exports

    monkeypatch.setitem(exports.LIMITS, "csv", 2)
    answer = browser.get(reverse("desk:invoice-export", args=["csv"]))
    assert answer.status_code == 422
    assert "RPT-TOO-MUCH" in answer.content.decode()


# --- orders


def orders_listed(browser, **filters):
    text = body(browser.get(reverse("desk:orders"), filters))
    return {f"AB0000000{n}" for n in range(9) if f"AB0000000{n}<" in text}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ALL),
        ({"q": "AB00000002"}, {"AB00000002"}),
        ({"q": "A01-1-261121"}, ALL),
        ({"q": "261121-0003"}, {"AB00000002"}),
        ({"q": "nothing"}, set()),
        ({"state": "cancelled"}, set()),
        ({"state": "completed"}, ALL),
        ({"invoice": "company"}, {"AB00000001"}),
        ({"day": "2026-11-21"}, ALL),
        ({"day": "2026-11-20"}, set()),
        ({"store": "nonsense"}, ALL),
    ],
)
def test_each_filter_finds_exactly_its_orders(browser, sold, filters, expected):
    assert orders_listed(browser, **filters) == expected


def test_an_order_shows_lines_payment_and_invoice(browser, sold):
    text = body(browser.get(reverse("desk:order", args=[sold["paper"][0]])))
    for word in ("拿鐵", "麵包", "現金", "找零", "AB00000000", "190"):
        assert word in text


def test_an_order_that_was_never_invoiced_says_so(browser, counter):
    order, _ = counter.sell(K.NONE_YET)
    assert "還沒有開立發票" in body(browser.get(reverse("desk:order", args=[order])))
    with clock.moved(taipei(2026, 11, 22)):
        text = body(browser.get(reverse("desk:order", args=[order])))
        assert "已不能補開電子發票" in text
        assert "未開立，已不能補開" in body(browser.get(reverse("desk:orders")))


def test_a_cancelled_order_shows_who_and_why(browser, sold, counter):
    from guitai.orders import services

    with counter.tenant():
        services.cancel_order(counter.till.clerk, sold["paper"][0], "客人不要", NOON)
    text = body(browser.get(reverse("desk:order", args=[sold["paper"][0]])))
    assert "客人不要" in text
    assert "已一併作廢" in text
    assert orders_listed(browser, state="cancelled") == {"AB00000000"}


def test_a_hand_written_number_is_listed_and_never_sent(browser, counter):
    counter.sell(K.SELF, number="ZZ12345678")
    assert "ZZ12345678" in body(browser.get(reverse("desk:invoices"), {"kind": "manual"}))
    assert "ZZ12345678" in body(browser.get(reverse("desk:invoices"), {"period": PERIOD}))
    with counter.tenant():
        invoice = Invoice.objects.get(number="ZZ12345678")
    text = body(browser.get(reverse("desk:invoice", args=[invoice.id])))
    assert "手寫發票不會上傳" in text
    xml = browser.get(reverse("desk:invoice-xml", args=[invoice.id, "F0401"]))
    assert xml.status_code == 404


def test_states_of_sending_are_filters_of_the_list(browser, sold, counter):
    counter.put(sold["paper"][1], TransmissionState.PARKED)
    counter.put(sold["company"][1], TransmissionState.REJECTED)
    assert listed(browser, upload="parked") == {"AB00000000"}
    assert listed(browser, upload="rejected") == {"AB00000001"}
    browser.post(reverse("desk:invoice-void", args=[sold["paper"][1]]), {"reason": "退貨"})
    assert listed(browser, upload="waiting") == {"AB00000000", "AB00000002", "AB00000003"}
