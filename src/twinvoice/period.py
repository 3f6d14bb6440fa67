"""The two-month invoice period (期別) and dates in the calendar of the Republic of China.

Source: mof.md §4, §6, §8.1, §10.2, §14.1; spellings in mof-vectors.md §4 and §8. The library has no
clock: whoever asks for the period of "now" brings a date that is already one of Asia/Taipei.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from twinvoice.faults import Fault

_ROC_EPOCH = 1911
_TILDE = r"[~～∼〜\-–—至]"
_CODE5 = re.compile(r"([0-9]{3})([0-9]{2})")
_CODE7 = re.compile(r"([0-9]{3})([0-9]{2})([0-9]{2})")
_LABEL = re.compile(rf"([0-9]{{1,3}}) ?年 ?([0-9]{{1,2}}) ?{_TILDE} ?([0-9]{{1,2}}) ?月(?:期|份)?")
_SLASH_SHORT = re.compile(rf"([0-9]{{2,3}})/([0-9]{{1,2}}) *{_TILDE} *([0-9]{{1,2}})")
_SLASH_LONG = re.compile(rf"([0-9]{{2,3}})/([0-9]{{1,2}}) *{_TILDE} *([0-9]{{2,3}})/([0-9]{{1,2}})")
_ROC_DATE = re.compile(r"([0-9]{3})([0-9]{2})([0-9]{2})")
_ROC_DATE_PARTED = re.compile(
    r"([0-9]{2,3})(?:/|-|\.| ?年 ?)([0-9]{1,2})(?:/|-|\.| ?月 ?)([0-9]{1,2})(?: ?日)?"
)


def _refuse_period(text: object) -> Fault:
    return Fault("TWI-PERIOD", "YearMonth", {"value": text})


def roc_year(date: dt.date) -> int:
    """ROC year of a Gregorian date: 2026 → 115. Raises ``TWI-PERIOD`` before 1912."""
    year = date.year - _ROC_EPOCH
    if not 1 <= year <= 999:
        raise _refuse_period(date.isoformat())
    return year


def roc_date7(date: dt.date) -> str:
    """``yyyMMdd``, seven digits: 2010-01-01 → ``0990101`` (mof.md §10.2)."""
    return f"{roc_year(date):03d}{date.month:02d}{date.day:02d}"


def parse_roc_date(text: str) -> dt.date:
    """``1150910``, ``115/09/10``, ``115-9-10``, ``115年09月10日`` → 2026-09-10.

    Raises ``Fault("TWI-ROC-DATE")`` for another shape, the year 0 (there is none before ROC 1) or
    a day that is not in the calendar.
    """
    trimmed = text.strip()
    match = _ROC_DATE.fullmatch(trimmed) or _ROC_DATE_PARTED.fullmatch(trimmed)
    if match is None or int(match[1]) == 0:
        raise Fault("TWI-ROC-DATE", "", {"value": text})
    year, month, day = (int(part) for part in match.groups())
    try:
        return dt.date(year + _ROC_EPOCH, month, day)
    except ValueError as error:
        raise Fault("TWI-ROC-DATE", "", {"value": text}) from error


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Two months, odd and even, of one ROC year. Ordered by time.

    ``year`` is the ROC year (115), ``month`` the even month (10 stands for 09-10).
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.year <= 999 or self.month not in (2, 4, 6, 8, 10, 12):
            raise _refuse_period(f"{self.year}/{self.month}")

    @classmethod
    def of(cls, date: dt.date) -> "Period":
        """The period in which a business date (Asia/Taipei) falls."""
        return cls(roc_year(date), date.month + date.month % 2)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read any spelling of mof-vectors.md §4 and §8; raises ``Fault("TWI-PERIOD")``.

        ``11510`` · ``1150910`` · ``115年09-10月`` · ``110/01 ~ 110/02`` · ``115/07~115/08`` ·
        ``115/07-08``. An odd month alone, months that are not one period, or two years are refused.
        """
        trimmed = text.strip() if isinstance(text, str) else ""
        for shape, build in _SPELLINGS:
            if match := shape.fullmatch(trimmed):
                parts = build(*(int(part) for part in match.groups()))
                if parts is not None:
                    return cls(*parts)
        raise _refuse_period(text)

    @property
    def code(self) -> str:
        """Five digits with the even month, as MIG and Code 39 want it: ``11510``."""
        return f"{self.year:03d}{self.month:02d}"

    @property
    def code7(self) -> str:
        """Seven digits with both months, as the self-check form wants it: ``1150910``."""
        return f"{self.year:03d}{self.month - 1:02d}{self.month:02d}"

    @property
    def label(self) -> str:
        """As printed on the proof copy: ``115年09-10月``."""
        return f"{self.year}年{self.month - 1:02d}-{self.month:02d}月"

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year + _ROC_EPOCH, self.month - 1, 1)

    @property
    def last_day(self) -> dt.date:
        return self._day_after(1, 1) - dt.timedelta(days=1)

    def __contains__(self, date: dt.date) -> bool:
        return self.first_day <= date <= self.last_day

    def next(self) -> "Period":
        return Period.of(self.last_day + dt.timedelta(days=1))

    def previous(self) -> "Period":
        return Period.of(self.first_day - dt.timedelta(days=1))

    def _day_after(self, months: int, day: int) -> dt.date:
        """The given day of the month that lies ``months`` after the even month."""
        index = (self.year + _ROC_EPOCH) * 12 + self.month - 1 + months
        return dt.date(index // 12, index % 12 + 1, day)

    @property
    def void_deadline(self) -> dt.date:
        """Last day on which a till cancels by a void, later by an allowance (product.md B.7.2)."""
        return self._day_after(1, 4)

    @property
    def blank_report_deadline(self) -> dt.date:
        """Last day for E0401 and E0402: the 10th of the month after (mof.md §6)."""
        return self._day_after(1, 10)

    @property
    def filing_deadline(self) -> dt.date:
        """Last day for the VAT return, and by law for a void: the 15th (mof.md §5.1, §6)."""
        return self._day_after(1, 15)

    @property
    def draw_date(self) -> dt.date:
        """The lottery is drawn on the 25th of the month after (mof.md §8.1)."""
        return self._day_after(1, 25)

    @property
    def claim_begin(self) -> dt.date:
        """Prizes are paid from the 6th of the second month after (mof.md §8.1)."""
        return self._day_after(2, 6)

    @property
    def claim_end(self) -> dt.date:
        """… for three months; the published end may move to the next working day."""
        return self._day_after(5, 5)


def _parts(year: int, first: int, last: int) -> tuple[int, int] | None:
    return (year, last) if first + 1 == last and last % 2 == 0 else None


def _parts_long(year: int, first: int, last_year: int, last: int) -> tuple[int, int] | None:
    return _parts(year, first, last) if year == last_year else None


_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[..., tuple[int, int] | None]], ...] = (
    (_CODE5, lambda year, month: (year, month)),
    (_CODE7, _parts),
    (_LABEL, _parts),
    (_SLASH_SHORT, _parts),
    (_SLASH_LONG, _parts_long),
)
