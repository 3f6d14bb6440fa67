"""The home folder: what one installation keeps beside the database.

``GUITAI_HOME`` names it (default ``./var`` in a checkout, else ``~/.local/share/guitai``). It
holds the embedded database, the secrets made at first start, and the Turnkey and journal folders.
"""

import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet


class BadAddress(ValueError):
    """``DATABASE_URL`` is no address of a PostgreSQL database; the text is for the operator."""


def folder() -> Path:
    named = os.environ.get("GUITAI_HOME")
    if named:
        return Path(named).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").exists():
        return checkout / "var"
    return Path.home() / ".local" / "share" / "guitai"


def secret(name: str) -> str:
    """The secret of that name: from ``GUITAI_<NAME>``, else from a file made at first use."""
    from_environment = os.environ.get(f"GUITAI_{name.upper()}")
    if from_environment:
        return from_environment
    path = folder() / "secrets" / name
    if not path.exists():
        _create(path, _fresh(name))
    return path.read_text(encoding="utf-8").strip()


def _fresh(name: str) -> str:
    if name == "secret_keys":
        return Fernet.generate_key().decode()
    return secrets.token_urlsafe(48)


def _create(path: Path, text: str) -> None:
    """Writes once, even when two processes start together: the loser keeps the winner's text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.touch(mode=0o600)
    scratch.write_text(text, encoding="utf-8")
    try:
        os.link(scratch, path)
    except FileExistsError:
        return
    finally:
        scratch.unlink()
