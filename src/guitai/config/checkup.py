"""``guitai doctor``: can this machine run the counter, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from guitai.config import embedded, home, processes

LOW_DISK = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    good: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def look() -> list[Finding]:
    return [*_python(), *_folder(), *_database(), *stored_secrets(), *_turnkey(), *_running()]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), f"{version}（需要 3.11 以上）")


def _folder() -> Iterator[Finding]:
    folder = home.folder()
    folder.mkdir(parents=True, exist_ok=True)
    writable = os.access(folder, os.W_OK)
    yield Finding("資料夾", writable, f"{folder}{'' if writable else '：無法寫入，請修正權限'}")
    free = shutil.disk_usage(folder).free
    yield Finding("磁碟空間", free > LOW_DISK, f"剩 {free // 1_000_000:,} MB")


def _database() -> Iterator[Finding]:
    if os.environ.get("DATABASE_URL"):
        yield from _answer("外部資料庫")
        return
    try:
        binaries = embedded.binaries_for(embedded.place(home.folder()).data)
        embedded.start(home.folder())
    except embedded.EmbeddedError as error:
        yield Finding("內嵌資料庫", False, str(error))
        return
    yield Finding("PostgreSQL 程式", True, f"{embedded.major_of(binaries)}（{binaries}）")
    yield from _answer("內嵌資料庫")


def _answer(name: str) -> Iterator[Finding]:
    import django

    django.setup()
    from django.db import connection
    from django.db.utils import Error

    try:
        with connection.cursor() as cursor:
            cursor.execute("show server_version")
            version = cursor.fetchone()[0]
    except Error as error:
        yield Finding(name, False, f"連不上：{error}；請檢查位址、密碼與資料庫是否啟動。")
        return
    yield Finding(name, int(version.split(".")[0]) >= 15, f"PostgreSQL {version}（需要 15 到 18）")


def stored_secrets() -> Iterator[Finding]:
    """Whether the key ring opens what is stored: it does not after a restore without its keys."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db.utils import Error

    from guitai.kernel import scope
    from guitai.tenancy.models import BusinessEntity

    try:
        with scope.across_merchants("does the key ring open the stored secrets"):
            count = sum(1 for _ in BusinessEntity.objects.exclude(qr_key="").only("qr_key")[:50])
    except ImproperlyConfigured:
        cure = "備份時的 secrets/ 資料夾或 GUITAI_SECRET_KEYS 沒有一起還原，請放回後再啟動。"
        yield Finding("金鑰", False, f"資料庫裡的金鑰打不開：{cure}")
    except Error:
        yield Finding("金鑰", True, "資料表還沒有建立，略過（guitai migrate）")
    else:
        yield Finding("金鑰", True, f"已試開 {count} 把")


def _turnkey() -> Iterator[Finding]:
    from django.conf import settings

    folder = Path(settings.GUITAI_TURNKEY_FOLDER)
    if not folder.exists():
        yield Finding("Turnkey 資料夾", True, f"{folder} 不存在；沒有使用 Turnkey 就不需要")
        return
    writable = os.access(folder, os.W_OK)
    yield Finding(
        "Turnkey 資料夾", writable, f"{folder}{'' if writable else '：無法寫入，請修正權限'}"
    )


def _running() -> Iterator[Finding]:
    pid = processes.running_pid()
    yield Finding("櫃台", True, f"執行中（{pid}）" if pid else "沒有在執行（guitai up 啟動）")
