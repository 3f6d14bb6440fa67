"""Tables of sales: orders and their lines, parked carts, shift summaries and closings."""

from django.db import models
from django.db.models import Q

from guitai.kernel import clock
from guitai.kernel.fields import TenantForeignKey
from guitai.kernel.models import TenantModel
from guitai.orders.rules import InvoiceChoiceKind, OrderState


class RegisterLedger(TenantModel):
    """One row a register: its serials. Its row lock orders the events of one register.

    ``day_serial`` counts the orders of ``day`` (Taipei); ``seq`` counts sales, late issues and
    cancellations for ever, so that a shift is a span of ``seq`` and no event falls between two.
    """

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="ledgers")
    day = models.DateField()
    day_serial = models.IntegerField(default=0)
    seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "register_id"], name="ledger_one_row")
        ]


class Order(TenantModel):
    """One completed sale; ``id`` is the key that the till made, which makes it idempotent.

    Amounts are whole TWD: ``gross`` before any discount, ``total`` what was paid. ``body_hash`` is
    the SHA-256 of the sale's canonical JSON, ``answer`` what was answered first. ``seq`` and the
    other ``…_seq`` are the register ledger's. ``invoice_number`` is the number on paper, ours or
    hand-written; ``invoice_manual`` says which (S3.16-17).
    """

    number = models.CharField(max_length=60)
    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="orders")
    # No foreign keys below: their checks would make every sale of a merchant lock the same few
    # rows of store, seller and product; those rows are never deleted.
    store_id = models.UUIDField()
    entity_id = models.UUIDField()
    session_id = models.UUIDField()
    staff_id = models.UUIDField()
    staff_name = models.CharField(max_length=60)
    state = models.CharField(max_length=10, default=OrderState.COMPLETED.value)
    seq = models.BigIntegerField()
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField()
    business_day = models.DateField()
    recognised_on = models.DateField()
    gross = models.BigIntegerField()
    line_discount = models.BigIntegerField(default=0)
    order_discount = models.BigIntegerField(default=0)
    total = models.BigIntegerField()
    change = models.BigIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True, default="")
    body_hash = models.BinaryField(max_length=32)
    answer = models.JSONField()
    invoice_kind = models.CharField(max_length=20)
    invoice_choice = models.JSONField(default=dict)
    invoice_id = models.UUIDField(null=True)
    invoice_number = models.CharField(max_length=10, blank=True, default="")
    invoice_period = models.CharField(max_length=5, blank=True, default="")
    invoice_manual = models.BooleanField(default=False)
    invoice_seq = models.BigIntegerField(null=True)
    invoice_voided = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=100, blank=True, default="")
    cancel_reason = models.CharField(max_length=20, blank=True, default="")
    cancel_register_id = models.UUIDField(null=True)
    cancel_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "register_id", "seq"], name="order_seq_once"
            ),
            # The register belongs to the key: codes may hold the sign that joins them.
            models.UniqueConstraint(
                fields=["merchant_id", "number", "register_id"], name="order_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in OrderState]), name="order_state_known"
            ),
            models.CheckConstraint(
                condition=Q(invoice_kind__in=[k.value for k in InvoiceChoiceKind]),
                name="order_invoice_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=0, line_discount__gte=0, order_discount__gte=0),
                name="order_amounts",
            ),
            models.CheckConstraint(
                condition=Q(invoice_manual=False) | Q(invoice_id__isnull=True),
                name="order_manual_or_ours",
            ),
            # A typed number is marked the moment it stands there (S3.17).
            models.CheckConstraint(
                condition=Q(invoice_number="") | Q(invoice_manual=True) | ~Q(invoice_id=None),
                name="order_number_is_ours_or_marked",
            ),
            models.CheckConstraint(
                condition=Q(state="cancelled", cancelled_at__isnull=False, cancel_seq__isnull=False)
                | Q(state="completed", cancelled_at__isnull=True, cancel_seq__isnull=True),
                name="order_cancelled_has_facts",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_id", "store_id", "-completed_at", "-id"], name="order_of_store"
            ),
            models.Index(
                fields=["merchant_id", "invoice_number"],
                condition=~Q(invoice_number=""),
                name="order_by_invoice",
            ),
            models.Index(
                fields=["merchant_id", "store_id", "-completed_at", "-id"],
                condition=Q(state="completed", invoice_number="") & ~Q(note=""),
                name="order_noted",
            ),
            models.Index(
                fields=["merchant_id", "cancel_register_id", "cancel_seq"],
                condition=Q(cancel_seq__isnull=False),
                name="order_cancels",
            ),
        ]


class OrderLine(TenantModel):
    """One line as sold. ``amount`` = quantity × unit price, whole TWD, before ``discount``."""

    order_id = models.UUIDField()
    order = TenantForeignKey("orders.Order", "order_id", related_name="lines")
    position = models.IntegerField()
    # No foreign key: its check would lock the row of every product sold (see Order).
    product_id = models.UUIDField(null=True)
    name = models.CharField(max_length=100)
    quantity = models.DecimalField(max_digits=13, decimal_places=3)
    unit_price = models.BigIntegerField()
    amount = models.BigIntegerField()
    discount = models.BigIntegerField(default=0)
    tax_type = models.CharField(max_length=1)
    price_override = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "order_id", "position"], name="orderline_position_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, unit_price__gte=0, discount__gte=0),
                name="orderline_amounts",
            ),
        ]


class ParkedCart(TenantModel):
    """A cart set aside at a register: at most 100, each for 24 hours (B.5.10)."""

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="parked_carts")
    label = models.CharField(max_length=60)
    cart = models.JSONField()
    parked_by = models.CharField(max_length=60, blank=True, default="")
    parked_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["merchant_id", "register_id", "expires_at"], name="parked_of_register"
            )
        ]


class ShiftFigures(TenantModel):
    """What a summary and a closing both say (B.11.4-5). Whole TWD.

    ``sales`` is gross of cancellations, which are subtracted as their own figure; ``cash_float``
    is what the drawer began with.
    """

    register_id = models.UUIDField()
    serial = models.CharField(max_length=60)
    business_day = models.DateField()
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    staff_id = models.UUIDField()
    staff_name = models.CharField(max_length=60)
    orders = models.IntegerField()
    sales = models.BigIntegerField()
    cancelled_orders = models.IntegerField()
    cancelled_amount = models.BigIntegerField()
    invoices = models.IntegerField()
    invoice_amount = models.BigIntegerField()
    voided_invoices = models.IntegerField()
    voided_amount = models.BigIntegerField()
    first_number = models.CharField(max_length=10, blank=True, default="")
    last_number = models.CharField(max_length=10, blank=True, default="")
    tenders = models.JSONField(default=list)
    cash_float = models.BigIntegerField()
    expected_cash = models.BigIntegerField()
    counted_cash = models.BigIntegerField()
    difference = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True, default="")
    taken_out = models.BigIntegerField()
    cash_left = models.BigIntegerField()

    class Meta:
        abstract = True


class ShiftClosing(ShiftFigures):
    """關帳: all summaries of one register since the last closing (B.11.1)."""

    register = TenantForeignKey("tenancy.Register", "register_id", related_name="closings")
    summaries = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "serial"], name="closing_serial_once"),
            models.UniqueConstraint(
                fields=["merchant_id", "register_id", "from_seq", "to_seq", "end_at"],
                name="closing_span_once",
            ),
        ]


class ShiftSummary(ShiftFigures):
    """小結: one register from the last summary to this one (B.11.1)."""

    register = TenantForeignKey("tenancy.Register", "register_id", related_name="summaries")
    closing_id = models.UUIDField(null=True)
    closing = TenantForeignKey("orders.ShiftClosing", "closing_id", related_name="parts", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "serial"], name="summary_serial_once"),
        ]
        indexes = [
            models.Index(fields=["merchant_id", "register_id", "-to_seq"], name="summary_newest")
        ]
