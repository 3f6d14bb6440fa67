"""What an invoice looks like: the picture of its proof and its MIG XML, made from stored data."""

from guitai.invoicing import queries as invoicing
from guitai.invoicing.models import Invoice as StoredInvoice
from guitai.invoicing.rules import InvoiceState
from guitai.kernel.errors import Conflict, NotFound
from guitai.orders import queries as orders
from guitai.orders.models import Order
from guitai.payments.rules import METHOD_NAMES, Method
from guitai.tenancy.models import BusinessEntity
from twinvoice import jsonform, mig, paper, raster
from twinvoice.document import Invoice, Outgoing, Void
from twinvoice.faults import Fault

DOTS = 384
PREVIEW = "預覽・不得兌獎"


class NoPicture(Conflict):
    """There is no proof on paper for this invoice (mof.md §3.2, §3.8)."""

    code = "RPT-NO-PROOF"
    sentence = "這張發票沒有紙本證明聯：{detail}"


class NoDocument(NotFound):
    code = "RPT-NO-XML"
    sentence = "這張發票沒有 {message} 的 XML：{detail}"


def document_of(stored: StoredInvoice) -> Invoice | None:
    """The immutable document; ``None`` for a hand-written number."""
    if stored.document is None:
        return None
    document = jsonform.from_json(stored.document)
    assert isinstance(document, Invoice)  # the column holds nothing else
    return document


def why_no_proof(stored: StoredInvoice) -> str:
    """Why no proof may be printed, for a person; empty where one may."""
    if stored.manual:
        return "自行開立（手寫）的發票由店家自行交付。"
    if stored.state == InvoiceState.VOIDED:
        return "發票已作廢。"
    if stored.npoban:
        return f"已捐贈（捐贈碼 {stored.npoban}），不提供紙本。"
    if stored.carrier_type and not _is_company(stored):
        return "已存入載具，中獎前不印紙本。"
    return ""


def _is_company(stored: StoredInvoice) -> bool:
    document = document_of(stored)
    return document is not None and document.buyer.is_business


def proof_slip(stored: StoredInvoice) -> paper.Slip:
    """The proof as the printer would print it now, under a line that says it is a preview.

    Marked 補印 where the proof was printed before. Raises ``NoPicture``.
    """
    why = why_no_proof(stored)
    document = document_of(stored)
    if why or document is None:
        raise NoPicture(detail=why)
    try:
        slip = _proof(stored, document)
    except Fault as fault:
        raise NoPicture(detail=f"資料不完整（{fault.code}）。") from fault
    return (paper.Text(PREVIEW, bold=True, align="centre"), paper.Rule(), *slip)


def _proof(stored: StoredInvoice, document: Invoice) -> paper.Slip:
    key = BusinessEntity.objects.filter(ban=stored.seller_ban).first()
    if key is None or not key.qr_key:
        raise NoPicture(detail="尚未設定 QR Code 的 AES KEY，請到「營業人」填寫。")
    store = stored.register.store.name if stored.register else ""
    again = stored.printed_at is not None
    if not document.buyer.is_business:
        return paper.proof_copy(document, key.qr_key, store_name=store, reprint=again)
    order = Order.objects.filter(id=stored.order_id).first() if stored.order_id else None
    return paper.company_proof(
        document,
        key.qr_key,
        store_name=store,
        reprint=again,
        order_number=order.number if order else "",
        cashier=order.staff_name if order else "",
        tenders=_tenders(order) if order else (),
    )


def _tenders(order: Order) -> list[tuple[str, int]]:
    return [(METHOD_NAMES[Method(row.method)], row.amount) for row in orders.tenders(order.id)]


def proof_png(stored: StoredInvoice) -> bytes:
    """A PNG of 384 dots' width, one bit a dot. Raises ``NoPicture``."""
    return raster.png(raster.page(proof_slip(stored), DOTS))


def xml_of(stored: StoredInvoice, message: str) -> bytes:
    """MIG 4.1 of the invoice (``F0401``) or of its void (``F0501``). Raises ``NoDocument``."""
    document: Outgoing | None = document_of(stored) if message == "F0401" else _void(stored)
    if document is None:
        why = "自行開立的發票不上傳。" if stored.manual else "發票沒有作廢。"
        raise NoDocument(message=message, detail=why)
    return mig.write(document)


def _void(stored: StoredInvoice) -> Void | None:
    found = invoicing.void_of(stored.id)
    if found is None or stored.manual:
        return None
    document = jsonform.from_json(found.document)
    assert isinstance(document, Void)  # the column holds nothing else
    return document
