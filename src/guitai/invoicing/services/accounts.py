"""Centre accounts: saving them, opening them for a call, pausing and resuming them."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q

from guitai.invoicing import ports, registry
from guitai.invoicing.errors import AccountNotFound, BadAccount, UnknownCentre
from guitai.invoicing.models import CentreAccount
from guitai.invoicing.rules import PAUSING, AccountState, Outcome
from guitai.invoicing.services import alarms
from guitai.invoicing.services.journal import BufferedJournal
from guitai.kernel import audit
from guitai.tenancy.models import BusinessEntity, Register

log = logging.getLogger(__name__)

SKEW_ALARM = timedelta(minutes=2)
SILENCE_ALARM = timedelta(minutes=90)


def opened(row: CentreAccount) -> ports.Account:
    """The account as providers see it: no database behind it."""
    return ports.Account(
        merchant_id=row.merchant_id,
        id=row.id,
        centre=row.centre,
        seller_ban=row.seller_ban,
        register_id=row.register_id,
        base_url=row.base_url,
        posid=row.posid,
        channel_key=row.channel_key,
        allow_plain_http=row.allow_plain_http,
        folder=settings.GUITAI_TURNKEY_FOLDER,
        options=row.options,
    )


def for_register(centre: str, register_id: UUID | None, seller_ban: str) -> CentreAccount:
    """The account a document of that register goes through: its own, else its entity's."""
    own = Q(register_id=register_id) if register_id else Q(pk__in=[])
    found = (
        CentreAccount.objects.filter(centre=centre, seller_ban=seller_ban)
        .filter(own | Q(register_id__isnull=True))
        .order_by("register_id")  # PostgreSQL sorts the entity's NULL last
        .first()
    )
    if found is None:
        raise AccountNotFound()
    return found


@transaction.atomic
def save(
    *,
    centre: str,
    entity_id: UUID,
    register_id: UUID | None,
    actor: audit.Actor,
    base_url: str = "",
    posid: str = "",
    channel_key: str | None = None,
    allow_plain_http: bool = False,
    options: dict[str, Any] | None = None,
) -> CentreAccount:
    """Creates or changes the account of one register (or a whole entity) at one centre.

    ``channel_key`` is write-only: ``None`` or empty keeps what is stored. Raises ``UnknownCentre``
    and ``BadAccount``. The audit row says that the key changed, never what it is.
    """
    if centre not in registry.CENTRES:
        raise UnknownCentre(centre=centre, field="centre")
    entity = BusinessEntity.objects.filter(id=entity_id).first()
    if entity is None:
        raise BadAccount(detail="找不到這個營業人", field="entity")
    _check_register(register_id, entity_id)
    row = (
        CentreAccount.objects.select_for_update()
        .filter(centre=centre, entity_id=entity_id, register_id=register_id)
        .first()
    ) or CentreAccount(centre=centre, entity_id=entity_id, register_id=register_id)
    row.seller_ban = entity.ban
    row.base_url, row.posid = base_url.strip(), posid.strip()
    row.allow_plain_http = allow_plain_http
    row.options = options or {}
    if channel_key:
        row.channel_key = channel_key.strip()
    faults = registry.open_centre(centre, BufferedJournal()).faults_of(opened(row))
    if faults:
        raise BadAccount(detail="；".join(faults))
    row.save()
    audit.record(
        actor,
        "centre_account.save",
        row,
        after={"centre": centre, "base_url": row.base_url, "key_changed": bool(channel_key)},
    )
    return row


def _check_register(register_id: UUID | None, entity_id: UUID) -> None:
    if register_id is None:
        return
    if not Register.objects.filter(id=register_id, store__entity_id=entity_id).exists():
        raise BadAccount(detail="這台收銀機不屬於這個營業人", field="register")


def pause(row: CentreAccount, *, outcome: Outcome, message: str, now: datetime) -> bool:
    """Stops all sending through the account until it is resumed; true if it was running."""
    changed = CentreAccount.objects.filter(
        merchant_id=row.merchant_id, id=row.id, state=AccountState.OK
    ).update(
        state=AccountState.PAUSED, problem_outcome=outcome, problem=message[:500], problem_at=now
    )
    if changed:
        alarms.raise_alarm(
            row.centre,
            kind="paused",
            key=str(row.id),
            sentence=f"{registry.name_of(row.centre)} 暫停上傳：{message or outcome}",
            now=now,
        )
        audit.record(
            audit.SYSTEM, "centre_account.pause", row, after={"outcome": outcome}, reason=message
        )
    return bool(changed)


@transaction.atomic
def resume(account_id: UUID, *, actor: audit.Actor, now: datetime) -> bool:
    """Lets the account send again; true if it was paused."""
    row = CentreAccount.objects.select_for_update().filter(id=account_id).first()
    if row is None:
        raise AccountNotFound()
    if row.state == AccountState.OK:
        return False
    CentreAccount.objects.filter(id=row.id).update(
        state=AccountState.OK, problem_outcome="", problem="", problem_at=None
    )
    alarms.close("paused", str(row.id), now=now)
    audit.record(actor, "centre_account.resume", row, before={"problem": row.problem})
    return True


def check(account_id: UUID, *, now: datetime) -> ports.TimeAnswer:
    """Connection test and clock check (providers.md §3.5), outside any transaction.

    Notes the difference of the clocks, raises an alarm above two minutes, pauses on a refusal of
    the account and resumes what only such a refusal had paused.
    """
    row = CentreAccount.objects.filter(id=account_id).first()
    if row is None:
        raise AccountNotFound()
    journal = BufferedJournal()
    centre = registry.open_centre(row.centre, journal)
    try:
        answer = centre.server_time(opened(row), now)
    finally:
        journal.write()
    if answer.outcome in PAUSING:
        pause(row, outcome=answer.outcome, message=answer.message, now=now)
    elif answer.outcome is Outcome.OK:
        _note_time(row, answer, now)
    else:
        _note_silence(row, answer, now)
    return answer


def check_all(*, now: datetime) -> int:
    """Checks every account of the open merchant; returns how many could be checked.

    An account whose secrets no key opens is told by an alarm, and does not hold up the others.
    """
    checked = 0
    for row in CentreAccount.objects.only("merchant_id", "id", "centre"):
        try:
            check(row.id, now=now)
        except ImproperlyConfigured as error:
            log.error("account %s: %s", row.id, error)
            sentence = (
                f"{registry.name_of(row.centre)} 的金鑰打不開，上傳已停止："
                "請把備份時的 secrets/ 資料夾或 GUITAI_SECRET_KEYS 放回後重新啟動。"
            )
            alarms.raise_alarm(
                row.centre, kind="secret", key=str(row.id), sentence=sentence, now=now
            )
            continue
        checked += 1
        alarms.close("secret", str(row.id), now=now)
    return checked


def _note_silence(row: CentreAccount, answer: ports.TimeAnswer, now: datetime) -> None:
    """Tells of a centre that has been out of reach for more than one hourly check.

    A folder is not a line that comes and goes: one that is missing is told at once.
    """
    has_line = ports.Ability.SERVER_TIME in registry.abilities_of(row.centre)
    if has_line and row.checked_at is not None and now - row.checked_at < SILENCE_ALARM:
        return
    sentence = f"連不上 {registry.name_of(row.centre)}：{answer.message or answer.outcome}"[:300]
    alarms.raise_alarm(row.centre, kind="unreachable", key=str(row.id), sentence=sentence, now=now)


def _note_time(row: CentreAccount, answer: ports.TimeAnswer, now: datetime) -> None:
    alarms.close("unreachable", str(row.id), now=now)
    offset = answer.moment - now if answer.moment else None
    CentreAccount.objects.filter(id=row.id).update(
        checked_at=now, clock_offset_seconds=int(offset.total_seconds()) if offset else None
    )
    if offset is not None and abs(offset) > SKEW_ALARM:
        seconds = int(abs(offset).total_seconds())
        alarms.raise_alarm(
            row.centre,
            kind="clock",
            key=str(row.id),
            sentence=f"伺服器時間與加值中心相差 {seconds} 秒，請校正時間，否則發票時間會不正確。",
            now=now,
        )
    else:
        alarms.close("clock", str(row.id), now=now)
    if row.state == AccountState.PAUSED and row.problem_outcome in PAUSING:
        resume(row.id, actor=audit.SYSTEM, now=now)
