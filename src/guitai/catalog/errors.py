"""What can go wrong with products and their files. Codes are stable."""

from dataclasses import dataclass
from typing import ClassVar

from guitai.kernel.errors import BadInput, Conflict, GuitaiError


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field: a stable code and the sentence for the person."""

    code: str
    field: str
    sentence: str


class ProductRefused(GuitaiError):
    """A product with one or more faults; ``faults`` says each at its field."""

    code: ClassVar[str] = "CAT-PRODUCT"
    status: ClassVar[int] = 422
    sentence: ClassVar[str] = "{first}"

    def __init__(self, faults: list[FieldFault]) -> None:
        self.faults = faults
        super().__init__(
            field=faults[0].field,
            first=faults[0].sentence,
            faults=[{"code": f.code, "field": f.field, "message": f.sentence} for f in faults],
        )


class ProductChanged(Conflict):
    code = "CAT-CHANGED"
    sentence = "「{name}」剛被別人改過；畫面已換成最新內容，請確認後再存一次。"


class FileTooLarge(BadInput):
    code = "CAT-FILE-SIZE"
    sentence = "檔案有 {size} MB，上限是 {limit} MB；請分成幾個檔案匯入。"


class TooManyRows(BadInput):
    code = "CAT-FILE-ROWS"
    sentence = "檔案超過 {limit} 列；請分成幾個檔案匯入。"


class FileUnreadable(BadInput):
    code = "CAT-FILE"
    sentence = "無法讀取這個檔案：{detail}"


class HeaderWrong(BadInput):
    code = "CAT-FILE-HEADER"
    sentence = "第一列的標題有誤：{detail} 請下載範本，照範本的標題填寫。"


class ImportGone(Conflict):
    code = "CAT-IMPORT-GONE"
    sentence = "這次匯入已經完成或已被新的檔案取代，請重新上傳。"


class ImportHasFaults(GuitaiError):
    code = "CAT-IMPORT-FAULTS"
    status = 422
    sentence = "檔案裡有 {count} 個錯誤，一筆都沒有匯入；請修正後重新上傳。"
