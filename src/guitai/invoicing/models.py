"""Tables of issued documents and of sending them. Decisions are in ``rules.py``."""

from django.db import models
from django.db.models import Q

from guitai.invoicing.rules import (
    AccountState,
    InvoiceState,
    Kind,
    TransmissionState,
)
from guitai.kernel import clock
from guitai.kernel.fields import EncryptedTextField, TenantForeignKey
from guitai.kernel.models import TenantModel

NUMBER = r"^[A-Z]{2}[0-9]{8}$"


class Invoice(TenantModel):
    """電子發票, immutable once issued (trigger): only ``state`` and the print facts move.

    ``document`` is the JSON form of ``twinvoice.document.Invoice``; the other columns repeat what
    lists filter by. ``manual`` is 自行開立: a hand-written number without a document, never sent.
    ``order_id`` and ``range_id`` are keys of other rooms' rows. Amounts are whole TWD.
    """

    order_id = models.UUIDField(null=True)
    register_id = models.UUIDField(null=True)
    register = TenantForeignKey(
        "tenancy.Register", "register_id", related_name="invoices", null=True
    )
    range_id = models.UUIDField(null=True)
    centre = models.CharField(max_length=20, default="none")
    seller_ban = models.CharField(max_length=8)
    period = models.CharField(max_length=5)
    number = models.CharField(max_length=10)
    issued_at = models.DateTimeField()
    issue_date = models.DateField()
    buyer_ban = models.CharField(max_length=10)
    carrier_type = models.CharField(max_length=6, default="")
    npoban = models.CharField(max_length=7, default="")
    total = models.BigIntegerField()
    tax = models.BigIntegerField()
    state = models.CharField(max_length=10, default=InvoiceState.ISSUED)
    manual = models.BooleanField(default=False)
    issued_by = models.CharField(max_length=100, default="")
    printed_at = models.DateTimeField(null=True)
    reprints = models.PositiveIntegerField(default=0)
    document = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "seller_ban", "period", "number"], name="invoice_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(InvoiceState)), name="invoice_state_known"
            ),
            models.CheckConstraint(condition=Q(number__regex=NUMBER), name="invoice_number_shape"),
            models.CheckConstraint(
                condition=Q(manual=True, document__isnull=True)
                | Q(manual=False, document__isnull=False),
                name="invoice_has_document",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_id", "-issued_at", "-id"], name="invoice_newest"),
            models.Index(fields=["merchant_id", "number"], name="invoice_by_number"),
            models.Index(fields=["merchant_id", "order_id"], name="invoice_by_order"),
            models.Index(
                fields=["merchant_id", "register_id", "-issued_at"], name="invoice_by_register"
            ),
        ]


class VoidDocument(TenantModel):
    """作廢 (F0501): one at most for an invoice, append-only (trigger)."""

    invoice_id = models.UUIDField()
    invoice = TenantForeignKey("invoicing.Invoice", "invoice_id", related_name="voids")
    voided_at = models.DateTimeField()
    reason = models.CharField(max_length=20)
    voided_by = models.CharField(max_length=100, default="")
    document = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "invoice_id"], name="void_once")
        ]


class CentreAccount(TenantModel):
    """How one register (or a whole business entity) reaches its centre.

    ``channel_key`` is write-only: forms show whether it is set, never what it is. ``options`` are
    the centre's own switches (``ports.CentreOption`` of the registry says which exist).
    """

    centre = models.CharField(max_length=20)
    entity_id = models.UUIDField()
    entity = TenantForeignKey("tenancy.BusinessEntity", "entity_id", related_name="centre_accounts")
    register_id = models.UUIDField(null=True)
    register = TenantForeignKey(
        "tenancy.Register", "register_id", related_name="centre_accounts", null=True
    )
    seller_ban = models.CharField(max_length=8)
    base_url = models.CharField(max_length=200, default="", blank=True)
    posid = models.CharField(max_length=20, default="", blank=True)
    channel_key = EncryptedTextField(default="", blank=True)
    allow_plain_http = models.BooleanField(default=False)
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, default=AccountState.OK)
    problem_outcome = models.CharField(max_length=20, default="", blank=True)
    problem = models.TextField(default="", blank=True)
    problem_at = models.DateTimeField(null=True)
    clock_offset_seconds = models.IntegerField(null=True)
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "centre", "register_id"],
                condition=Q(register_id__isnull=False),
                name="centre_account_register_once",
            ),
            models.UniqueConstraint(
                fields=["merchant_id", "centre", "entity_id"],
                condition=Q(register_id__isnull=True),
                name="centre_account_entity_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(AccountState)), name="centre_account_state_known"
            ),
        ]


class Transmission(TenantModel):
    """One document on its way to one centre; the states are those of ``rules.TRANSITIONS``.

    ``lane`` is ``<seller>/<period>/<number>``; inside a lane ``position`` orders issue before
    void. ``next_try_at`` is when it may be claimed next; ``due_at`` when its centre wanted it
    first. ``wire_at`` is the moment written into the message: that of the first sending, so that a
    second sending is the same bytes. ``doubted_at`` stays set once a sending was in doubt.
    """

    subject_kind = models.CharField(max_length=10)
    subject_id = models.UUIDField()
    lane = models.CharField(max_length=30)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=5)
    centre = models.CharField(max_length=20)
    register_id = models.UUIDField(null=True)
    seller_ban = models.CharField(max_length=8)
    issue_date = models.DateField()
    number = models.CharField(max_length=16)
    state = models.CharField(max_length=10, default=TransmissionState.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    asks = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=20, default="")
    provider_code = models.CharField(max_length=40, default="")
    provider_message = models.CharField(max_length=500, default="")
    claimed_by = models.BigIntegerField(null=True)
    claimed_at = models.DateTimeField(null=True)
    wire_at = models.DateTimeField(null=True)
    doubted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "lane", "position"], name="transmission_lane_position"
            ),
            # What the claim statement decides, held by the database too: one at a time in a lane.
            models.UniqueConstraint(
                fields=["merchant_id", "lane"],
                condition=Q(state__in=[TransmissionState.IN_FLIGHT, TransmissionState.IN_DOUBT]),
                name="transmission_one_in_lane",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(TransmissionState)), name="transmission_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=list(Kind)), name="transmission_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=TransmissionState.IN_FLIGHT) | Q(claimed_by__isnull=False),
                name="transmission_flight_has_claim",
            ),
        ]
        indexes = [
            # The worker claims over all merchants, so this one does not lead with the merchant.
            models.Index(
                fields=["next_try_at"],
                condition=Q(state=TransmissionState.WAITING),
                name="transmission_due",
            ),
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=[TransmissionState.IN_FLIGHT, TransmissionState.IN_DOUBT]),
                name="transmission_open",
            ),
            models.Index(
                fields=["merchant_id", "state", "next_try_at"],
                condition=~Q(state=TransmissionState.CONFIRMED),
                name="transmission_unsettled",
            ),
            # Result files of the installation's Turnkey name documents of all merchants.
            models.Index(
                fields=["number"], condition=Q(centre="turnkey"), name="transmission_turnkey"
            ),
            models.Index(fields=["merchant_id", "subject_id"], name="transmission_subject"),
            models.Index(fields=["merchant_id", "-created_at"], name="transmission_newest"),
        ]


class TransmissionEvent(TenantModel):
    """One change of state, append-only (trigger)."""

    transmission_id = models.UUIDField()
    at = models.DateTimeField()
    attempt = models.PositiveIntegerField()
    before = models.CharField(max_length=10)
    after = models.CharField(max_length=10)
    outcome = models.CharField(max_length=20, default="")
    provider_code = models.CharField(max_length=40, default="")
    provider_message = models.CharField(max_length=500, default="")
    actor = models.CharField(max_length=100, default="")
    note = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [
            models.Index(fields=["merchant_id", "transmission_id", "at"], name="event_of"),
        ]


class ExchangeRecord(TenantModel):
    """One request and its answer as bytes, secrets masked; written by the one door out."""

    transmission_id = models.UUIDField(null=True)
    centre = models.CharField(max_length=20)
    register_id = models.UUIDField(null=True)
    operation = models.CharField(max_length=20)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    method = models.CharField(max_length=8)
    url = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=200, default="")
    request = models.BinaryField()
    response = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["merchant_id", "transmission_id", "at"], name="exchange_of"),
            models.Index(fields=["merchant_id", "-at"], name="exchange_newest"),
        ]


class ResultRead(models.Model):
    """A result file of the installation's Turnkey folder that was read; no merchant owns it."""

    name = models.CharField(primary_key=True, max_length=300)
    read_at = models.DateTimeField()
    items = models.PositiveIntegerField()
    problem = models.CharField(max_length=200, default="")


class CentreAlarm(TenantModel):
    """Something about a centre that a person should see; open until ``closed_at``."""

    centre = models.CharField(max_length=20)
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=100)
    sentence = models.CharField(max_length=300)
    transmission_id = models.UUIDField(null=True)
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "kind", "key"],
                condition=Q(closed_at__isnull=True),
                name="centre_alarm_once",
            )
        ]
