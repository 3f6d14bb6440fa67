"""Turnkey behind the port: a document is handed over by letting a file appear."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from guitai.invoicing.ports import (
    Ability,
    Account,
    Answer,
    CentreRange,
    Journal,
    Parcel,
    RangesAnswer,
    ResultFile,
    Status,
    TimeAnswer,
    Which,
)
from guitai.invoicing.rules import Finding, Outcome
from guitai.providers.centres.turnkey import results
from guitai.providers.centres.turnkey.folder import Folder, Place, stem_of
from twinvoice import mig
from twinvoice.document import Invoice, Void
from twinvoice.faults import Fault

CLEANED_AFTER = timedelta(days=2)
"""Turnkey's clean-up may have removed a file older than this: its absence proves nothing."""
NOT_HERE = RangesAnswer(Outcome.NOT_OPEN, (), "CANNOT", "Turnkey 不提供取號，請匯入配號檔")


class TurnkeyCentre:
    """``SENT`` means that the file is in Turnkey's hands; only the platform's result confirms."""

    key = "turnkey"
    name = "財政部 Turnkey"
    published = True
    call_limit = timedelta(0)
    abilities = frozenset(
        {
            Ability.UPLOAD_ISSUE,
            Ability.UPLOAD_VOID,
            Ability.QUERY_STATUS,
            Ability.KEYED_BY_NUMBER,
            Ability.READ_RESULTS,
        }
    )

    def __init__(self, journal: Journal) -> None:
        """``journal`` stays empty: nothing goes over a wire, the files are their own record."""

    def upload_issue(self, account: Account, parcel: Parcel) -> Answer:
        """Drops the F0401, unless a file of this transmission was dropped before."""
        return self._upload(account, parcel)

    def upload_void(self, account: Account, parcel: Parcel) -> Answer:
        """Drops the F0501."""
        return self._upload(account, parcel)

    def _upload(self, account: Account, parcel: Parcel) -> Answer:
        assert isinstance(parcel.document, Invoice | Void)
        try:
            data = mig.write(parcel.document)
        except Fault as fault:
            return Answer(Outcome.INVALID, fault.code, str(fault))
        folder = Folder(account.folder)
        if not folder.root.is_dir():  # an unmounted share must not be made up as an empty folder
            return Answer(Outcome.TEMPORARY, "FOLDER", f"找不到 Turnkey 資料夾 {folder.root}")
        stem = stem_of(parcel.kind, parcel.document.number, parcel.transmission_id)
        try:
            found = folder.find(parcel.kind, stem)
            if found is not None:
                same = found[1].read_bytes() == data
                return Answer(Outcome.DUP_SAME if same else Outcome.DUP_CONFLICT, found[0])
            folder.drop(parcel.kind, stem, data)
        except OSError as error:
            # Whether the rename happened can be seen afterwards, so this is asked, not repeated.
            return Answer(Outcome.IN_DOUBT, "FOLDER", f"{type(error).__name__}: {error}"[:200])
        return Answer(Outcome.OK, Place.WAITING)

    def query(self, account: Account, parcel: Parcel, now: datetime) -> Status:
        """Looks for the file by its name: there, refused by Turnkey, or never dropped."""
        assert isinstance(parcel.document, Invoice | Void)
        folder = Folder(account.folder)
        stem = stem_of(parcel.kind, parcel.document.number, parcel.transmission_id)
        try:
            found = folder.find(parcel.kind, stem)
            reachable = folder.root.is_dir()
        except OSError as error:
            return Status(Finding.UNKNOWN, "FOLDER", str(error)[:200])
        if found is not None:
            place, path = found
            finding = Finding.REJECTED if place is Place.REFUSED else Finding.THERE
            return Status(finding, place, path.name)
        if not reachable:
            return Status(Finding.UNKNOWN, "FOLDER", f"找不到資料夾 {folder.root}")
        if now - parcel.wire_at > CLEANED_AFTER:
            return Status(Finding.DIFFERENT, "CLEANED", "檔案可能已被 Turnkey 清除，無法確認")
        return Status(Finding.ABSENT)

    def result_names(self, folder: str, since: date) -> Sequence[str]:
        """ProcessResults, SummaryResults and refused uploads, oldest first."""
        return Folder(folder).result_names(since)

    def read_result(self, folder: str, name: str) -> ResultFile:
        """One of them."""
        if "/ERR/" in f"/{name}":
            return results.refused_here(name)
        return results.read(name, Folder(folder).read(name))

    def take_numbers(self, account: Account, which: Which, now: datetime) -> RangesAnswer:
        """Turnkey hands out no numbers on request: they come as E0501 or as the platform's CSV."""
        return NOT_HERE

    def list_ranges(self, account: Account, which: Which, now: datetime) -> RangesAnswer:
        return NOT_HERE

    def import_range(
        self, account: Account, which: Which, numbers: CentreRange, now: datetime
    ) -> RangesAnswer:
        return NOT_HERE

    def report_cursor(
        self, account: Account, numbers: CentreRange, next_number: str, now: datetime
    ) -> Answer:
        return Answer(NOT_HERE.outcome, NOT_HERE.code, NOT_HERE.message)

    def server_time(self, account: Account, now: datetime) -> TimeAnswer:
        """A folder has no clock; the connection test is whether it can be written."""
        folder = Folder(account.folder).root
        if folder.is_dir():
            return TimeAnswer(Outcome.OK)
        return TimeAnswer(Outcome.TEMPORARY, None, "FOLDER", f"找不到 Turnkey 資料夾 {folder}")

    def faults_of(self, account: Account) -> Sequence[str]:
        """The folder is the operator's setting; the account itself needs nothing."""
        return [] if account.folder else ["系統沒有設定 Turnkey 資料夾（GUITAI_TURNKEY）"]
