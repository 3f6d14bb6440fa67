"""Tables of the people and places that sell."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from guitai.kernel import clock, ids
from guitai.kernel.fields import EncryptedTextField, TenantForeignKey
from guitai.kernel.models import TenantModel
from guitai.tenancy.rules import ROLE_NAMES, Role


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **extra: object) -> "Account":
        account = self.model(email=self.normalize_email(email).lower(), **extra)
        account.set_password(password)
        account.save()
        return account

    def create_superuser(self, email: str, password: str, **extra: object) -> "Account":
        return self.create_user(email, password, is_operator=True, **extra)


class Account(AbstractBaseUser, PermissionsMixin):  # type: ignore[misc]  # two Metas, as Django has it
    """A person who can sign in. Belongs to no merchant: ``Staff`` ties it to merchants."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=60, blank=True)
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = AccountManager()

    @property
    def is_staff(self) -> bool:
        return self.is_operator


class Merchant(models.Model):
    """The tenant. Its ``id`` is every other table's ``merchant_id``."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=clock.now)
    suspended_at = models.DateTimeField(null=True, blank=True)


class BusinessEntity(TenantModel):
    """營業人: who issues. ``qr_key`` is the 32-hex AES key of the invoice's QR code.

    ``member_carrier_type`` is the class of member carriers that the platform issued to this seller
    or its centre (mof.md §7.1); empty where it has none, then no member carrier is offered.
    """

    ban = models.CharField(max_length=8)
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=100)
    person_in_charge = models.CharField(max_length=30, blank=True, default="")
    telephone = models.CharField(max_length=26, blank=True, default="")
    email = models.CharField(max_length=400, blank=True, default="")
    head_ban = models.CharField(max_length=8, blank=True, default="")
    qr_key = EncryptedTextField(blank=True, default="")
    member_carrier_type = models.CharField(max_length=6, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "ban"], name="entity_ban_once"),
            models.CheckConstraint(condition=Q(ban__regex=r"^\d{8}$"), name="entity_ban_digits"),
            models.CheckConstraint(
                condition=Q(member_carrier_type__regex=r"^([0-9A-Z]{2}\d{4})?$"),
                name="entity_carrier_type_shape",
            ),
        ]


class Store(TenantModel):
    """門市."""

    entity_id = models.UUIDField()
    entity = TenantForeignKey("tenancy.BusinessEntity", "entity_id", related_name="stores")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=100, blank=True, default="")
    telephone = models.CharField(max_length=26, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "code"], name="store_code_once")
        ]


class Register(TenantModel):
    """POS 機: its invoice settings are its own (S0.10, B.6)."""

    store_id = models.UUIDField()
    store = TenantForeignKey("tenancy.Store", "store_id", related_name="registers")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    centre = models.CharField(max_length=20, default="none")
    printer_profile = models.CharField(max_length=40, blank=True, default="")
    auto_issue = models.BooleanField(default=True)
    auto_print = models.BooleanField(default=True)
    print_detail = models.BooleanField(default=False)
    default_float = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "store_id", "code"], name="register_code_once"
            )
        ]


class Binding(TenantModel):
    """The one device that holds a register (B.15). The token is stored as its SHA-256."""

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="bindings")
    device_name = models.CharField(max_length=60)
    token_hash = models.BinaryField(max_length=32)
    bound_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "register_id"],
                condition=Q(released_at__isnull=True),
                name="binding_one_device",
            ),
            models.UniqueConstraint(
                fields=["merchant_id", "token_hash"], name="binding_token_once"
            ),
        ]


class BindingCode(TenantModel):
    """A short-lived code, made at the desk, that lets a device take a register."""

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="binding_codes")
    code_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "code_hash"], name="binding_code_once")
        ]


class Staff(TenantModel):
    """A person at a merchant. ``account_id`` is empty for who only types a PIN at the till."""

    account_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=20, choices=[(r.value, ROLE_NAMES[r]) for r in Role])
    store_id = models.UUIDField(null=True, blank=True)
    store = TenantForeignKey("tenancy.Store", "store_id", related_name="staff", null=True)
    pin_hash = EncryptedTextField(blank=True, default="")
    pin_failures = models.PositiveSmallIntegerField(default=0)
    pin_locked_until = models.DateTimeField(null=True, blank=True)
    extra_permissions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    suspended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "store_id"],
                condition=Q(role="store_manager", suspended_at__isnull=True),
                name="staff_one_manager_a_store",
            ),
            models.UniqueConstraint(
                fields=["merchant_id"],
                condition=Q(role="owner", suspended_at__isnull=True),
                name="staff_one_owner",
            ),
            models.UniqueConstraint(
                fields=["merchant_id", "account_id"],
                condition=Q(account_id__isnull=False),
                name="staff_account_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[r.value for r in Role]), name="staff_role_known"
            ),
            models.CheckConstraint(
                condition=~Q(role__in=["store_manager", "clerk", "eticket_clerk"])
                | Q(store_id__isnull=False),
                name="staff_store_roles_have_a_store",
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="staff_account")]


class TillSession(TenantModel):
    """A clerk signed in at a register. Rights are a snapshot of that moment (B.14.4)."""

    register_id = models.UUIDField()
    register = TenantForeignKey("tenancy.Register", "register_id", related_name="till_sessions")
    staff_id = models.UUIDField()
    staff = TenantForeignKey("tenancy.Staff", "staff_id", related_name="till_sessions")
    staff_name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=40))
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "register_id"],
                condition=Q(closed_at__isnull=True),
                name="till_session_one_open",
            )
        ]
