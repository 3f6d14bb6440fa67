"""The durable memory of every print job: written before the first byte goes out."""

from .rules import State, canonical, digest
from .sealed import open_or_seal
from .store import Job, Journal

__all__ = ["Job", "Journal", "State", "canonical", "digest", "open_or_seal"]
