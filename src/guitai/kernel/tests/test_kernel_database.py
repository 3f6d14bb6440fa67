"""Scope, keys, secrets, audit, refusals, jobs: what the database has to keep."""

import json
import threading
from uuid import uuid4

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from guitai.kernel import audit, deferral, fields, ids, scope
from guitai.kernel.constraints import refused_as
from guitai.kernel.errors import Conflict, NoTenantScope, NotFound
from guitai.kernel.models import AuditEntry
from guitai.kernel.sqlerrors import refusals
from guitai.tenancy.models import BusinessEntity, Store

pytestmark = pytest.mark.django_db
WHO = audit.Actor(kind="person", name="王大業", id=uuid4())


def entity(ban="12345675"):
    return BusinessEntity.objects.create(ban=ban, name="甲", address="乙")


def test_without_a_scope_nothing_is_read_or_written():
    for attempt in (
        lambda: list(BusinessEntity.objects.all()),
        lambda: BusinessEntity.objects.count(),
        lambda: BusinessEntity.objects.filter(id=uuid4()).update(name="x"),
        lambda: BusinessEntity.objects.all().delete(),
        entity,
    ):
        with pytest.raises(NoTenantScope):
            attempt()


def test_a_scope_shows_and_changes_its_own_merchant_only():
    ours, theirs = ids.new_id(), ids.new_id()
    with scope.tenant(ours):
        mine = entity()
    with scope.tenant(theirs):
        other = entity()
        assert list(BusinessEntity.objects.values_list("id", flat=True)) == [other.id]
        assert BusinessEntity.objects.filter(id=mine.id).update(name="偷") == 0
        assert BusinessEntity.objects.filter(id=mine.id).delete()[0] == 0
    with scope.tenant(ours):
        assert BusinessEntity.objects.get().name == "甲"
    with scope.across_merchants("the test counts both"):
        assert BusinessEntity.objects.count() == 2


def test_reading_across_merchants_needs_a_reason_and_cannot_write():
    with pytest.raises(ValueError, match="why"), scope.across_merchants(""):
        pass
    with scope.across_merchants("the test tries to write"), pytest.raises(NoTenantScope):
        entity()


def test_scopes_nest_and_close():
    first, second = ids.new_id(), ids.new_id()
    with scope.tenant(first):
        with scope.tenant(second):
            assert scope.current() == second
        assert scope.current() == first
    with pytest.raises(NoTenantScope):
        scope.current()


def test_a_scope_does_not_leak_into_another_thread():
    seen = []

    def look():
        try:
            seen.append(scope.current())
        except NoTenantScope:
            seen.append(None)

    with scope.tenant(ids.new_id()):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [None]


def constraints_of(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint"
            " where conrelid = %s::regclass",
            [table],
        )
        return dict(cursor.fetchall())


def test_the_merchant_leads_every_key_in_the_database():
    found = constraints_of("tenancy_store")
    assert found["tenancy_store_pkey"] == "PRIMARY KEY (merchant_id, id)"
    assert found["tenancy_store_entity_ref"].startswith(
        "FOREIGN KEY (merchant_id, entity_id) REFERENCES tenancy_businessentity(merchant_id, id)"
    )
    assert found["store_code_once"] == "UNIQUE (merchant_id, code)"


def test_a_reference_into_another_merchant_is_refused_by_the_database():
    with scope.tenant(ids.new_id()):
        theirs = entity()
    with scope.tenant(ids.new_id()), pytest.raises(IntegrityError), transaction.atomic():
        Store.objects.create(entity_id=theirs.id, code="A", name="偷")


def test_what_is_referred_to_cannot_be_deleted():
    with scope.tenant(ids.new_id()):
        mine = entity()
        Store.objects.create(entity_id=mine.id, code="A", name="甲店")
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "delete from tenancy_businessentity where merchant_id = %s and id = %s",
                [scope.current(), mine.id],
            )


def test_a_reference_is_followed_inside_the_merchant():
    with scope.tenant(ids.new_id()):
        mine = entity()
        Store.objects.create(entity_id=mine.id, code="A", name="甲店")
        assert Store.objects.select_related("entity").get().entity.ban == "12345675"
        assert mine.stores.count() == 1
        assert Store.objects.filter(entity__ban="12345675").count() == 1


def stored_key(row):
    with connection.cursor() as cursor:
        cursor.execute(
            "select qr_key from tenancy_businessentity where merchant_id = %s and id = %s",
            [row.merchant_id, row.id],
        )
        return cursor.fetchone()[0]


def test_a_secret_is_sealed_in_the_table_and_open_in_the_object():
    with scope.tenant(ids.new_id()):
        mine = entity()
        assert stored_key(mine) == ""
        mine.qr_key = "FE05F029154F6AA67A78B338ED2F6601"
        mine.save()
        assert "FE05F029" not in stored_key(mine)
        assert BusinessEntity.objects.get().qr_key == "FE05F029154F6AA67A78B338ED2F6601"


def test_a_key_ring_turns_and_a_lost_key_is_told(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.GUITAI_SECRET_KEYS = [old]
    sealed = fields.seal("秘密")
    settings.GUITAI_SECRET_KEYS = [new, old]
    assert fields.unseal(sealed) == "秘密"
    settings.GUITAI_SECRET_KEYS = [new]
    with pytest.raises(ImproperlyConfigured, match="none of the keys"):
        fields.unseal(sealed)
    settings.GUITAI_SECRET_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="empty"):
        fields.seal("x")


def test_the_audit_trail_can_only_grow():
    with scope.tenant(ids.new_id()):
        mine = entity()
        entry = audit.record(WHO, "entity.add", mine, after={"ban": "12345675"}, reason="開業")
        assert (entry.subject_kind, entry.subject_id) == ("tenancy.businessentity", mine.id)
        assert (entry.actor_name, entry.actor_id) == ("王大業", WHO.id)
        for change in (
            lambda: AuditEntry.objects.update(reason="改寫"),
            lambda: AuditEntry.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                change()
        assert AuditEntry.objects.get().reason == "開業"


def test_the_databases_own_audit_row_is_the_same_kind_of_row():
    merchant, subject = ids.new_id(), ids.new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "select public.kernel_record_audit(%s, %s, now(), 'register', null, '一號機',"
            " 'order.complete', 'orders.order', %s, '{\"total\": 5}'::jsonb)",
            [merchant, ids.new_id(), subject],
        )
    with scope.tenant(merchant):
        entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject_id, entry.after) == ("order.complete", subject, {"total": 5})


def raised(code, message, detail):
    with connection.cursor() as cursor:
        cursor.execute(
            f"do $$ begin raise exception using errcode = '{code}', message = '{message}',"
            f" detail = '{detail}'; end $$"
        )


def test_a_refusal_of_the_database_becomes_the_error_of_its_code():
    with pytest.raises(NotFound) as caught, refusals(), transaction.atomic():
        raised("GT000", "GT-NOT-FOUND", '{"field": "sku", "name": "甲"}')
    assert (caught.value.field, caught.value.params) == ("sku", {"name": "甲"})


def test_every_other_error_of_the_database_goes_on_unchanged():
    with pytest.raises(InternalError), refusals(), transaction.atomic():
        raised("XX000", "GT-NOT-FOUND", "{}")
    with pytest.raises(ZeroDivisionError), refusals():
        raise ZeroDivisionError


def test_an_unknown_code_is_a_bug_and_says_so():
    with pytest.raises(KeyError, match="GT-UNHEARD-OF"), refusals(), transaction.atomic():
        raised("GT000", "GT-UNHEARD-OF", "{}")


def test_a_named_constraint_is_a_refusal_and_keeps_the_transaction_usable():
    with scope.tenant(ids.new_id()):
        entity()
        with pytest.raises(Conflict), refused_as({"entity_ban_once": Conflict(field="ban")}):
            entity()
        with pytest.raises(IntegrityError), refused_as({"another_constraint": Conflict()}):
            entity()
        assert BusinessEntity.objects.count() == 1


def waiting_jobs(name):
    with connection.cursor() as cursor:
        cursor.execute(
            "select args::text from procrastinate_jobs where task_name = %s and status = 'todo'",
            [name],
        )
        return [json.loads(row[0]) for row in cursor.fetchall()]


def test_a_job_is_deferred_by_name_in_the_callers_transaction():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deferral.defer("guitai.test.news", number=1)
        raise ZeroDivisionError
    assert waiting_jobs("guitai.test.news") == []
    with transaction.atomic():
        assert deferral.defer("guitai.test.news", number=2)
    assert waiting_jobs("guitai.test.news") == [{"number": 2}]


def test_once_keeps_a_single_waiting_job_and_spoils_no_transaction():
    with transaction.atomic():
        assert deferral.defer("guitai.test.once", once="k", number=1)
        assert deferral.defer("guitai.test.once", once="k", number=2) is None
        assert deferral.defer("guitai.test.once", once="other", number=3)
    assert waiting_jobs("guitai.test.once") == [{"number": 1}, {"number": 3}]


def test_a_function_is_called_prepared_and_its_refusal_spoils_no_transaction():
    from guitai.kernel import sqlcall

    with transaction.atomic():
        for number in range(3):
            assert sqlcall.one("select %s::int + 1", [number]) == (number + 1,)
        with pytest.raises(psycopg.errors.DivisionByZero):
            sqlcall.one("select 1 / %s::int", [0])
        assert sqlcall.one("select %s::int + 1", [9]) == (10,)
        prepared = sqlcall.one(
            "select count(*) from pg_prepared_statements where statement = %s",
            ["select $1::int + 1"],
        )
    assert prepared == (1,)
