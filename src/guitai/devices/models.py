"""Tables of what is to be printed, and of the agents' signs of life."""

from django.db import models
from django.db.models import Q

from guitai.devices.rules import OPEN, SOURCES, Copy, JobKind, JobState
from guitai.kernel.fields import TenantForeignKey
from guitai.kernel.models import TenantModel


class PrintJob(TenantModel):
    """One slip for one register's printer. ``subject_id`` is the invoice, order or shift.

    ``doc`` (JSON blocks of ``twinvoice.paper``) and ``sha256`` are kept from the first rendering
    on, so that the same job is always the same paper. ``sent_at`` is when it first left for a
    printer: from then on something may be on paper. Empty again for what expired there unbegun and
    was given up.
    """

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="print_jobs")
    kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    copy = models.CharField(max_length=10, default=Copy.ORIGINAL.value)
    state = models.CharField(max_length=10, default=JobState.WAITING.value)
    detail = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    doc = models.JSONField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[k.value for k in JobKind]), name="printjob_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(copy__in=[c.value for c in Copy]), name="printjob_copy_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in JobState]), name="printjob_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_id", "register_id", "created_at"],
                condition=Q(state__in=sorted(s.value for s in OPEN)),
                name="printjob_open",
            ),
            models.Index(fields=["merchant_id", "subject_id"], name="printjob_subject"),
        ]


class AgentBeat(TenantModel):
    """The newest sign of life of the agent beside a register: one row a register.

    Everything in it was cut to size by ``rules.signs_of``. ``seen_at`` is the server's clock,
    ``told_at`` the agent's; ``source`` is the road it came by: the till page or the relay.
    ``page_at`` is when a till page last passed one on, which shows that page and agent are joined;
    ``gone_at`` when the relay's line to that agent closed, empty while nothing speaks against it.
    """

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="agent_beats")
    agent_id = models.CharField(max_length=64)
    version = models.CharField(max_length=20, blank=True, default="")
    code = models.CharField(max_length=40, blank=True, default="")
    message = models.CharField(max_length=200, blank=True, default="")
    paper = models.CharField(max_length=10, blank=True, default="unknown")
    printer = models.CharField(max_length=80, blank=True, default="")
    profile = models.CharField(max_length=40, blank=True, default="")
    queue_waiting = models.PositiveIntegerField(default=0)
    queue_uncertain = models.PositiveIntegerField(default=0)
    drift_ms = models.BigIntegerField(null=True)
    hops = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    source = models.CharField(max_length=10, default="page")
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    page_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "register_id"], name="agentbeat_one_row"
            ),
            models.CheckConstraint(
                condition=Q(source__in=list(SOURCES)), name="agentbeat_source_known"
            ),
        ]


class Agent(TenantModel):
    """The agent that joined for a register over the server's relay; its token as its SHA-256.

    ``agent_id`` is what the agent calls itself; nothing is decided by it.
    """

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="agents")
    name = models.CharField(max_length=60)
    agent_id = models.CharField(max_length=64)
    version = models.CharField(max_length=20, blank=True, default="")
    token_hash = models.BinaryField(max_length=32)
    joined_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "register_id"],
                condition=Q(removed_at__isnull=True),
                name="agent_one_a_register",
            ),
            models.UniqueConstraint(fields=["merchant_id", "token_hash"], name="agent_token_once"),
        ]


class JoinCode(TenantModel):
    """A short-lived code that lets an agent join for a register.

    ``handle`` is the part that finds the row, so that wrong guesses can be counted on it.
    """

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="join_codes")
    handle = models.CharField(max_length=3)
    code_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["handle"], name="joincode_handle")]
