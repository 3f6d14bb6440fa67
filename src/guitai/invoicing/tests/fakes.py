"""A centre held in memory: what it received, and what it is told to do wrong."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from guitai.invoicing.models import CentreAccount, Transmission
from guitai.invoicing.ports import Ability, Account, Answer, Parcel, Status
from guitai.invoicing.rules import Finding, Outcome
from guitai.invoicing.services.transmission import Engine, Pace
from guitai.invoicing.tests import shop as shops
from guitai.kernel import scope


class Killed(BaseException):
    """The worker is gone at this point: not an Exception, so nothing may swallow it."""


@dataclass
class FakeCentre:
    """Keeps one document a number, as every centre does; ``script`` may override an answer."""

    key: str = "mirle"
    name: str = "假中心"
    published: bool = False
    call_limit: timedelta = timedelta(0)
    abilities: frozenset[Ability] = frozenset(
        {Ability.UPLOAD_ISSUE, Ability.UPLOAD_VOID, Ability.KEYED_BY_NUMBER}
    )
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    script: Callable[[Parcel, Callable[[], Answer]], Answer] | None = None
    flying: dict[str, int] = field(default_factory=dict)
    overlaps: list[str] = field(default_factory=list)
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def upload_issue(self, account: Account, parcel: Parcel) -> Answer:
        return self._upload(parcel)

    def upload_void(self, account: Account, parcel: Parcel) -> Answer:
        return self._upload(parcel)

    def _upload(self, parcel: Parcel) -> Answer:
        number = parcel.document.number
        with self.lock:
            self.flying[number] = self.flying.get(number, 0) + 1
            if self.flying[number] > 1:
                self.overlaps.append(number)
        try:
            time.sleep(self.seconds)
            if self.script is not None:
                return self.script(parcel, lambda: self.accept(parcel))
            return self.accept(parcel)
        finally:
            with self.lock:
                self.flying[number] -= 1

    def accept(self, parcel: Parcel) -> Answer:
        key = (parcel.kind, parcel.document.number)
        with self.lock:
            self.calls.append(key)
            if parcel.kind == "F0501" and ("F0401", key[1]) not in self.kept:
                return Answer(Outcome.NOT_FOUND_ORIGINAL, message="查無原單據")
            if key in self.kept:
                same = self.kept[key] == parcel.document
                return Answer(Outcome.DUP_SAME if same else Outcome.DUP_CONFLICT)
            self.kept[key] = parcel.document
        return Answer(Outcome.OK)

    def query(self, account: Account, parcel: Parcel, now: Any) -> Status:
        there = self.kept.get((parcel.kind, parcel.document.number))
        if there is None:
            return Status(Finding.ABSENT)
        return Status(Finding.THERE if there == parcel.document else Finding.DIFFERENT)


def open_account(shop: Any, centre: str = "mirle", **values: Any) -> CentreAccount:
    with scope.tenant(shop.merchant):
        return CentreAccount.objects.create(
            centre=centre,
            entity_id=shop.entity,
            register_id=shop.register,
            seller_ban="12345675",
            **{
                "base_url": "https://centre.invalid/",
                "posid": "1",
                "channel_key": "00112233445566778899",
                **values,
            },
        )


def engine(centre: Any, *, now: Callable[[], Any], **pace: Any) -> Engine:
    """An engine whose centres are all ``centre`` (documents name only one of them)."""
    pace = {"quiet": timedelta(0), "threads": 4, **pace}
    return Engine(
        pace=Pace(**pace), open_centre=lambda key, journal: centre, now=now, jitter=lambda: 0.5
    )


class Moment:
    """A clock in the hand of the test."""

    def __init__(self) -> None:
        self.value = shops.at("2026-07-04 09:00")

    def __call__(self):
        return self.value

    def on(self, **later) -> None:
        self.value += timedelta(**later)


def sending(shop, kind="F0401", number="AB00000036"):
    with scope.tenant(shop.merchant):
        return Transmission.objects.get(kind=kind, number=number)


def states(shop):
    with scope.tenant(shop.merchant):
        return dict(Counter(Transmission.objects.values_list("state", flat=True)))
