"""Tables of invoice numbers: what was allotted, and who issues from which part of it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from guitai.kernel import clock
from guitai.kernel.fields import TenantForeignKey
from guitai.kernel.models import TenantModel
from guitai.numbering.rules import LAST, Owner, RangeState, Source


def _numbers() -> Func:
    return Func(F("begin_no"), F("end_no"), Value("[]"), function="int8range")


def _never_overlap(name: str) -> ExclusionConstraint:
    """Numbers of one seller in one period exist once, whichever provider brought them."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            ("merchant_id", RangeOperators.EQUAL),
            ("ban", RangeOperators.EQUAL),
            ("period", RangeOperators.EQUAL),
            ("track", RangeOperators.EQUAL),
            (_numbers(), RangeOperators.OVERLAPS),
        ],
    )


def _shape(prefix: str) -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(condition=Q(ban__regex=r"^\d{8}$"), name=f"{prefix}_ban_digits"),
        models.CheckConstraint(
            condition=Q(period__regex=r"^\d{3}(02|04|06|08|10|12)$"), name=f"{prefix}_period_code"
        ),
        models.CheckConstraint(
            condition=Q(track__regex="^[A-Z]{2}$"), name=f"{prefix}_track_letters"
        ),
        models.CheckConstraint(
            condition=Q(begin_no__gte=0, end_no__lte=LAST) & Q(begin_no__lte=F("end_no")),
            name=f"{prefix}_span",
        ),
        models.CheckConstraint(
            condition=Q(invoice_type__in=["07", "08"]), name=f"{prefix}_invoice_type"
        ),
    ]


class Allocation(TenantModel):
    """What the platform (or a centre for it) allotted to one seller: one row of its file.

    ``period`` is five digits with the even month; ``begin_no`` and ``end_no`` are inclusive.
    Every number of an allocation lies in exactly one ``Range``.
    """

    entity_id = models.UUIDField()
    entity = TenantForeignKey("tenancy.BusinessEntity", "entity_id", related_name="allocations")
    ban = models.CharField(max_length=8)
    invoice_type = models.CharField(max_length=2, default="07")
    period = models.CharField(max_length=5)
    track = models.CharField(max_length=2)
    begin_no = models.IntegerField()
    end_no = models.IntegerField()
    source = models.CharField(max_length=10)
    centre = models.CharField(max_length=20, blank=True, default="")
    file_name = models.CharField(max_length=200, blank=True, default="")
    imported_by = models.CharField(max_length=100, blank=True, default="")
    imported_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            _never_overlap("allocation_never_overlaps"),
            models.CheckConstraint(
                condition=Q(source__in=[s.value for s in Source]), name="allocation_source_known"
            ),
            *_shape("allocation"),
        ]


class RestoredBooks(TenantModel):
    """The books were restored from a backup at that moment (``services.books_restored``)."""

    restored_at = models.DateTimeField()


class Range(TenantModel):
    """A part of an allocation with exactly one owner; ``next_no`` is the next number to issue.

    ``owner_id`` is the register's id, the seller's id for its web channel, empty for stock.
    ``centre`` is set where the numbers must be uploaded through the centre that handed them out;
    else the register's own centre counts. ``next_no`` = ``end_no`` + 1 means used up. ``next_no``
    and ``last_issued_at`` are in no index, so that taking a number stays a HOT update.
    """

    allocation_id = models.UUIDField()
    allocation = TenantForeignKey("numbering.Allocation", "allocation_id", related_name="ranges")
    entity_id = models.UUIDField()
    entity = TenantForeignKey("tenancy.BusinessEntity", "entity_id", related_name="number_ranges")
    ban = models.CharField(max_length=8)
    invoice_type = models.CharField(max_length=2, default="07")
    period = models.CharField(max_length=5)
    track = models.CharField(max_length=2)
    begin_no = models.IntegerField()
    end_no = models.IntegerField()
    next_no = models.IntegerField()
    owner_kind = models.CharField(max_length=10, default=Owner.STOCK.value)
    owner_id = models.UUIDField(null=True)
    register_id = models.UUIDField(null=True)
    register = TenantForeignKey(
        "tenancy.Register", "register_id", related_name="number_ranges", null=True
    )
    centre = models.CharField(max_length=20, blank=True, default="")
    state = models.CharField(max_length=10, default=RangeState.ACTIVE.value)
    last_issued_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            _never_overlap("range_never_overlaps"),
            *_shape("range"),
            models.CheckConstraint(
                condition=Q(next_no__gte=F("begin_no"), next_no__lte=F("end_no") + 1),
                name="range_next_inside",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in RangeState]), name="range_state_known"
            ),
            models.CheckConstraint(
                condition=Q(owner_kind="register", register_id__isnull=False)
                & Q(owner_id=F("register_id"))
                | Q(owner_kind="web", register_id__isnull=True) & Q(owner_id=F("entity_id"))
                | Q(owner_kind="stock", register_id__isnull=True, owner_id__isnull=True)
                & Q(next_no=F("begin_no")),
                name="range_one_owner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_id", "owner_id", "period", "track", "begin_no"],
                name="range_of_owner",
            ),
        ]
