"""Keys: UUIDv7, made by the application, so that rows of one merchant lie in time order."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    return compat.uuid7()


def first_of(seconds: float) -> UUID:
    """The smallest key that could have been made at that moment (epoch seconds)."""
    return UUID(int=int(seconds * 1000) << 80)
