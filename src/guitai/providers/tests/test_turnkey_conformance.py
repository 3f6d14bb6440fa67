"""The Turnkey adapter against the sandbox's Turnkey: through a folder, results as files."""

import datetime as dt
import shutil
from dataclasses import replace

import pytest

from guitai.invoicing.ports import Account
from guitai.invoicing.rules import Finding, Outcome
from guitai.kernel import ids
from guitai.providers import contract
from guitai.providers.centres.turnkey import TurnkeyCentre
from guitai.providers.centres.turnkey.folder import Folder, stem_of
from guitai.providers.contract import NOW, CentreContract, ListJournal

LONG_AGO = dt.date(2020, 1, 1)


class TurnkeyStage:
    at_once = False

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.journal = ListJournal()
        self.centre = TurnkeyCentre(self.journal)
        self.account = Account(
            ids.new_id(), ids.new_id(), "turnkey", "12345675", folder=str(sandbox.turnkey)
        )

    def track(self) -> str:
        return "CD"

    def fault(self, name, **params) -> None:
        if name in {"wrong_charset", "suspended"}:
            pytest.skip("a folder has no reply and no account")
        self.broken = pytest.MonkeyPatch()
        real = Folder.drop

        def drop(folder, *args):
            self.broken.undo()
            if name != "lose_request":
                real(folder, *args)
            raise OSError(name)

        self.broken.setattr(Folder, "drop", drop)

    def received(self):
        self.sandbox.ask("turnkey/run", {})
        return self.sandbox.documents("turnkey")

    def verdicts(self):
        return [
            (item.kind, item.number, item.finding)
            for name in self.centre.result_names(self.account.folder, LONG_AGO)
            for item in self.centre.read_result(self.account.folder, name).items
        ]


@pytest.fixture
def stage(sandbox):
    for part in ("UpCast", "Unpack", ".outgoing"):
        for file in (sandbox.turnkey / part).rglob("*.xml"):
            file.unlink()
    return TurnkeyStage(sandbox)


class TestTurnkey(CentreContract):
    """The contract; below what only a folder has."""

    def test_a_confirmed_document_is_told_by_the_process_result(self, stage):
        one = contract.parcel(contract.invoice("CD"))
        assert self.send(stage, one) is Outcome.OK
        stage.received()
        assert stage.verdicts() == [(one.kind, "CD00000036", Finding.CONFIRMED)]

    def test_the_daily_summary_names_its_day(self, stage):
        self.send(stage, contract.parcel(contract.invoice("CD")))
        stage.received()
        stage.sandbox.ask("turnkey/summary", {"date": "2026-07-04"})
        names = stage.centre.result_names(stage.account.folder, LONG_AGO)
        files = [stage.centre.read_result(stage.account.folder, name) for name in names]
        days = {day for one in files for day in one.days}
        assert days == {dt.date(2026, 7, 4)}

    def test_a_file_that_turnkey_refuses_is_a_refusal(self, stage):
        one = contract.parcel(contract.invoice("CD"))
        stem = stem_of(one.kind, "CD00000036", one.transmission_id)
        Folder(stage.account.folder).drop(one.kind, stem, b"<Invoice/>")
        stage.received()
        assert stage.centre.query(stage.account, one, NOW).finding is Finding.REJECTED
        assert stage.verdicts() == [(one.kind, "CD00000036", Finding.REJECTED)]

    def test_a_missing_folder_is_never_made_up(self, stage, tmp_path):
        account = replace(stage.account, folder=str(tmp_path / "unmounted"))
        one = contract.parcel(contract.invoice("CD"))
        assert stage.centre.upload_issue(account, one).outcome is Outcome.TEMPORARY
        assert stage.centre.query(account, one, NOW).finding is Finding.UNKNOWN
        assert not (tmp_path / "unmounted").exists()

    def test_an_old_absence_proves_nothing(self, stage):
        one = contract.parcel(contract.invoice("CD"))
        later = NOW + dt.timedelta(days=3)
        assert stage.centre.query(stage.account, one, NOW).finding is Finding.ABSENT
        assert stage.centre.query(stage.account, one, later).finding is Finding.DIFFERENT

    def test_nothing_lies_half_written_where_turnkey_looks(self, stage, monkeypatch):
        one = contract.parcel(contract.invoice("CD"))
        monkeypatch.setattr("os.fsync", _full_disk)
        assert self.send(stage, one) is Outcome.IN_DOUBT
        source = Folder(stage.account.folder).upcast("F0401") / "SRC"
        assert list(source.iterdir()) == []
        monkeypatch.undo()
        assert self.settle_doubt(stage, one) is Outcome.OK
        assert len(self.issued(stage)) == 1

    def test_a_result_outside_of_the_folder_is_never_read(self, stage, tmp_path):
        shutil.copy(__file__, tmp_path / "x.xml")
        with pytest.raises(ValueError, match="outside"):
            Folder(stage.account.folder).read(f"../../{tmp_path.name}/x.xml")


def _full_disk(handle):
    raise OSError(28, "No space left on device")
