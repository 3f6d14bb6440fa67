"""What may be installed: ``latest.json``, its signature, and files that are what it says.

``latest.json`` of format 1::

    {"format": 1, "version": "0.1.1", "python": "3.11",
     "wheel": {"name": "guitai_agent-0.1.1-py3-none-any.whl", "size": 812345, "sha256": "…"},
     "requirements": {"name": "guitai_agent-0.1.1.requirements.txt", "size": 9000, "sha256": "…"}}

``latest.json.sig`` beside it holds the base64 of an Ed25519 signature over its bytes, and
``update.pub`` the key that an installer pins. Whom an update is believed: docs/decisions/0013.
"""

import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import BaseHandler, HTTPRedirectHandler, ProxyHandler, Request, build_opener

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .refusals import InstallRefused

FORMAT = 1
LATEST, SIGNATURE, PUBLIC_KEY = "latest.json", "latest.json.sig", "update.pub"
LONGEST_LATEST = 64 * 1024
LARGEST_FILE = 200 * 1024 * 1024
SECONDS = 20.0
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,119}")
VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Artifact:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    python: str
    wheel: Artifact
    requirements: Artifact


def numbers(version: str) -> tuple[int, ...]:
    """``"0.10.1"`` as numbers to compare; ``update_malformed`` for what is no version."""
    if not VERSION.fullmatch(version):
        raise InstallRefused("update_malformed", f"version {version[:40]!r}")
    given = [int(part) for part in version.split(".")]
    return tuple(given + [0] * (4 - len(given)))


def is_address(location: str) -> bool:
    """Whether a source is an address of the web, and no folder."""
    return urlsplit(location).scheme in ("http", "https")


class Source:
    """A folder or an address that holds ``latest.json`` and its files."""

    def __init__(self, location: str, *, signed: bool, joined: str = "") -> None:
        """``signed``: a public key is pinned, so that whatever way it came can be believed.

        Without one only three are: a folder that a person named, this computer itself, and https
        from ``joined``, the server that the agent belongs to. ``update_insecure`` for any other;
        ``update_address`` for an address of another kind (ftp), which is no folder.
        """
        self._remote = is_address(location)
        if not self._remote and "://" in location:
            raise InstallRefused("update_address", location)
        self.location = location if self._remote else str(Path(location).absolute())
        self._signed, self._origin = signed, _origin(location)
        self._loopback = urlsplit(location).hostname in LOOPBACK
        home = self._loopback or (self._origin[0] == "https" and self._origin == _origin(joined))
        if self._remote and not (signed or home):
            raise InstallRefused("update_insecure", location)

    @property
    def folder(self) -> Path | None:
        return None if self._remote else Path(self.location)

    def fetch(self, name: str, most: int) -> bytes:
        """The named file, at most ``most`` bytes and one more (to notice that it is longer).

        Raises ``update_unreachable``, and ``update_none`` for a server that has no package.
        """
        try:
            with self._open(name) as file:
                return file.read(most + 1)
        except HTTPError as error:
            nothing = name == LATEST and _is_absent(error)
            code = "update_none" if nothing else "update_unreachable"
            raise InstallRefused(code, f"{self.location}: {name}: {error}") from error
        except (OSError, URLError, ValueError) as error:
            raise InstallRefused(
                "update_unreachable", f"{self.location}: {name}: {error}"
            ) from error

    def _open(self, name: str) -> IO[bytes]:
        if not self._remote:
            return (Path(self.location) / name).open("rb")
        request = Request(f"{self.location.rstrip('/')}/{name}", headers={"Accept": "*/*"})
        handlers: list[BaseHandler] = [_SameSafety(self._origin, self._signed)]
        if self._loopback:  # what goes through a proxy does not come from this computer
            handlers.append(ProxyHandler({}))
        opener = build_opener(*handlers)
        opened: IO[bytes] = opener.open(request, timeout=SECONDS)
        return opened


class _SameSafety(HTTPRedirectHandler):
    """An address with TLS never leads to one without, and one that is believed for its own sake
    never to another."""

    def __init__(self, origin: tuple[str, str], signed: bool) -> None:
        self._origin, self._signed = origin, signed

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def] # its types are urllib's
        origin = _origin(newurl)
        if not self._signed and origin != self._origin:
            raise URLError("redirected to another address")
        if self._origin[0] == "https" and origin[0] != "https":
            raise URLError("redirected to an address without TLS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(address: str) -> tuple[str, str]:
    """Scheme and host with port, as far as they tell one server from another."""
    parts = urlsplit(address)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.scheme, parts.netloc.lower().removesuffix(usual)


def latest(source: Source, key: bytes | None) -> Release:
    """The release that the source offers, its signature proved when there is a key (32 bytes)."""
    raw = source.fetch(LATEST, LONGEST_LATEST)
    if key is not None:
        _prove(raw, _signature(source), key)
    return read(raw)


def read(raw: bytes) -> Release:
    """``latest.json`` as a release; ``update_format`` for one from the future."""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise InstallRefused("update_malformed", "not JSON") from None
    if not isinstance(told, dict) or type(told.get("format")) is not int:
        raise InstallRefused("update_malformed", "format")
    if told["format"] != FORMAT:
        raise InstallRefused("update_format", str(told["format"]))
    version, python = _text(told, "version"), _text(told, "python")
    numbers(version)
    if sys.version_info[:2] < numbers(python)[:2]:
        raise InstallRefused("update_python", python)
    return Release(version, python, _artifact(told, "wheel"), _artifact(told, "requirements"))


def download(source: Source, artifact: Artifact, folder: Path) -> Path:
    """The file, whole and exactly as announced, in ``folder``; else nothing is left there."""
    data = source.fetch(artifact.name, artifact.size)
    if len(data) != artifact.size:
        raise InstallRefused("update_size", artifact.name)
    if hashlib.sha256(data).hexdigest() != artifact.sha256:
        raise InstallRefused("update_hash", artifact.name)
    path = folder / artifact.name
    path.write_bytes(data)
    return path


def public_key(text: str) -> bytes:
    """The configured key, base64 of 32 bytes; ``update_key`` for anything else."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InstallRefused("update_key", text[:60]) from None
    if len(key) != 32:
        raise InstallRefused("update_key", text[:60])
    return key


def _is_absent(error: BaseException | None) -> bool:
    """Is the file not there, so that it helps nobody to ask again?"""
    if isinstance(error, HTTPError):
        return error.code in (404, 410)
    return isinstance(error, FileNotFoundError)


def _signature(source: Source) -> bytes:
    try:
        text = source.fetch(SIGNATURE, 1024)
    except InstallRefused as refused:
        if not _is_absent(refused.__cause__):
            raise
        raise InstallRefused("update_unsigned", refused.detail) from refused
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InstallRefused("update_signature", "not base64") from None


def _prove(raw: bytes, signature: bytes, key: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, raw)
    except InvalidSignature:
        raise InstallRefused("update_signature") from None


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value or len(value) > 120:
        raise InstallRefused("update_malformed", name)
    return value


def _artifact(told: Mapping[str, object], name: str) -> Artifact:
    row = told.get(name)
    if not isinstance(row, dict):
        raise InstallRefused("update_malformed", name)
    file, size, digest = _text(row, "name"), row.get("size"), _text(row, "sha256")
    fits = type(size) is int and 0 < size <= LARGEST_FILE
    if not (fits and NAME.fullmatch(file) and SHA256.fullmatch(digest)):
        raise InstallRefused("update_malformed", name)
    assert isinstance(size, int)
    return Artifact(file, size, digest)
