"""Two fields that all rooms share: the tenant's foreign key and the secret text."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint


class TenantForeignKey(models.ForeignObject):
    """A reference inside one merchant: ``(merchant_id, <column>) → (merchant_id, id)``.

    Declared beside its column, so that the column can be indexed and set on its own::

        store_id = models.UUIDField()
        store = TenantForeignKey("tenancy.Store", "store_id", related_name="registers")

    The database constraint is added to the model's ``Meta.constraints`` by itself.
    """

    def __init__(self, to: Any, column: str = "", on_delete: Any = models.RESTRICT, **kwargs: Any):
        self.tenant_column = column
        kwargs.setdefault("from_fields", ["merchant_id", column])
        kwargs.setdefault("to_fields", ["merchant_id", "id"])
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        kwargs["column"] = self.tenant_column
        return name, path, args, kwargs

    def contribute_to_class(
        self, cls: Any, name: str, private_only: bool = False, **kwargs: Any
    ) -> None:
        super().contribute_to_class(cls, name, private_only, **kwargs)
        if cls._meta.abstract or cls.__module__ == "__fake__":
            return
        constraint = TenantReference(
            name=f"{cls._meta.db_table}_{name}_ref", column=self.tenant_column, to=_label(cls, self)
        )
        cls._meta.constraints = [*cls._meta.constraints, constraint]
        cls._meta.original_attrs["constraints"] = cls._meta.constraints


def _label(cls: Any, field: models.ForeignObject) -> str:
    target = field.remote_field.model
    if not isinstance(target, str):
        return str(target._meta.label)
    if target == "self":
        return f"{cls._meta.app_label}.{cls._meta.object_name}"
    return target


class TenantReference(BaseConstraint):
    """``FOREIGN KEY (merchant_id, column) REFERENCES to (merchant_id, id)`` in the database."""

    def __init__(self, *, name: str, column: str, to: str) -> None:
        super().__init__(name=name)
        self.column = column
        self.to = to

    def _sql(self, model: Any, quote: Any) -> str:
        app_label, model_name = self.to.split(".")
        # The label's table follows Django's own naming; a model with db_table would not.
        table = f"{app_label}_{model_name.lower()}"
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY (merchant_id, {quote(self.column)}) "
            f"REFERENCES {quote(table)} (merchant_id, id) ON DELETE RESTRICT"
        )

    def constraint_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        # Deferred, because the other table of the same migration may not exist yet.
        assert schema_editor is not None
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return None

    def create_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        assert schema_editor is not None
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self._sql(model, schema_editor.quote_name)}"

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        assert schema_editor is not None
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database validates; a second look from here would only be a race."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, "column": self.column, "to": self.to}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TenantReference) and (self.name, self.column, self.to) == (
            other.name,
            other.column,
            other.to,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.column, self.to))


@lru_cache(maxsize=4)
def _key_ring(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("GUITAI_SECRET_KEYS is empty: no key to encrypt with")
    return MultiFernet([Fernet(key) for key in keys])


def seal(text: str) -> str:
    """Encrypts with the newest key of the ring."""
    return _key_ring(tuple(settings.GUITAI_SECRET_KEYS)).encrypt(text.encode()).decode()


def unseal(token: str) -> str:
    try:
        return _key_ring(tuple(settings.GUITAI_SECRET_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured("a stored secret opens with none of the keys") from error


class EncryptedTextField(models.TextField):
    """Text that is encrypted at rest. Empty stays empty, so that "not set" can be seen."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return seal(prepared) if prepared else prepared

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return unseal(value) if value else value
