"""The base of every tenant-owned table, and the audit trail."""

from django.db import models
from django.db.models.query import QuerySet

from guitai.kernel import clock, ids, scope


class TenantQuerySet(QuerySet):  # type: ignore[type-arg]  # django-stubs' generic is not a runtime one
    """Adds nothing; named so that rooms can subclass it."""


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Starts every read from the open tenant scope and raises where there is none."""

    def get_queryset(self) -> TenantQuerySet:
        merchant = scope.filter_of()
        found = super().get_queryset()
        return found if merchant is None else found.filter(merchant_id=merchant)


class TenantModel(models.Model):
    """``merchant_id`` leads the primary key and every other key (DESIGN §4 Keys)."""

    pk = models.CompositePrimaryKey("merchant_id", "id")
    merchant_id = models.UUIDField(default=scope.current, editable=False)
    id = models.UUIDField(default=ids.new_id, editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True


class AuditEntry(TenantModel):
    """Who changed what, when, from what to what, and why. Append-only by a trigger."""

    at = models.DateTimeField(default=clock.now)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=100)
    verb = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=64)
    subject_id = models.UUIDField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["merchant_id", "subject_kind", "subject_id"], name="audit_subject"
            ),
            models.Index(fields=["merchant_id", "-at"], name="audit_at"),
        ]
