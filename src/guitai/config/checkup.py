"""``guitai doctor``: can this machine run the counter, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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
    return [*_python(), *_folder(), *_database(), *_running()]


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


def _running() -> Iterator[Finding]:
    pid = processes.running_pid()
    yield Finding("櫃台", True, f"執行中（{pid}）" if pid else "沒有在執行（guitai up 啟動）")
