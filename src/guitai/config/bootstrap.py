"""What is wired once when the applications are ready."""

from typing import Any


def ready(app: Any) -> None:
    """procrastinate calls this with its app; rooms register their jobs by being imported."""
