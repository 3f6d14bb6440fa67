"""The shape of everything that can go wrong.

Each room's ``errors.py`` holds subclasses: a stable code, an HTTP status, and one sentence that
tells the person what to do next (DESIGN §4). The sentence is Traditional Chinese and may name
``params`` in braces.
"""

from typing import Any, ClassVar


class GuitaiError(Exception):
    """Base of all refusals. ``field`` names the input at which the sentence belongs."""

    code: ClassVar[str] = "GT-ERROR"
    status: ClassVar[int] = 400
    sentence: ClassVar[str] = "無法完成這個動作，請再試一次。"

    def __init__(self, *, field: str = "", **params: Any) -> None:
        self.field = field
        self.params = params
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return self.sentence.format_map(_Lenient(self.params))

    def as_dict(self) -> dict[str, Any]:
        """The error as every endpoint answers it: ``{"error": {...}}``."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            body["field"] = self.field
        if self.params:
            body["params"] = {key: _plain(value) for key, value in self.params.items()}
        return {"error": body}


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"（{key}）"


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, bool, list, dict, type(None))) else str(value)


class NotAllowed(GuitaiError):
    code = "GT-NOT-ALLOWED"
    status = 403
    sentence = "您的身分沒有這項權限，請洽店長或網站擁有者。"


class NotSignedIn(GuitaiError):
    code = "GT-SIGN-IN"
    status = 401
    sentence = "請先登入。"


class NotFound(GuitaiError):
    code = "GT-NOT-FOUND"
    status = 404
    sentence = "找不到這筆資料。"


class BadInput(GuitaiError):
    code = "GT-BAD-INPUT"
    status = 422
    sentence = "輸入的內容有誤：{detail}"


class Conflict(GuitaiError):
    code = "GT-CONFLICT"
    status = 409
    sentence = "這筆資料剛被別人改過，請重新整理後再試。"


class NoTenantScope(RuntimeError):
    """A query ran without an open tenant scope: a bug, never a person's mistake."""
