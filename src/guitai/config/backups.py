"""Backup, restore and major upgrade, with PostgreSQL's own programs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from guitai.config import embedded, home


def _address() -> tuple[str, dict[str, str]]:
    """The database's address without its password, and the environment that carries it."""
    given = os.environ.get("DATABASE_URL")
    parts = urlsplit(given or embedded.url(home.folder()))
    user = f"{parts.username}@" if parts.username else ""
    host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    bare = urlunsplit(parts._replace(netloc=f"{user}{host}"))
    return bare, {**os.environ, "PGPASSWORD": parts.password or ""}


def _program(name: str) -> str:
    if os.environ.get("DATABASE_URL"):
        found = shutil.which(name)
        if not found:
            raise embedded.EmbeddedError(f"找不到 {name}；請安裝 PostgreSQL 的用戶端程式。")
        return found
    embedded.start(home.folder())
    return str(embedded.programs(home.folder()) / name)


def _call(name: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, at the database."""
    program = _program(name)  # Starts the embedded one, which then has an address.
    address, environment = _address()
    _checked(name, [program, *arguments, "--dbname", address], environment)


def _run(name: str, *arguments: str) -> str:
    """One of PostgreSQL's programs, on files alone; what it printed."""
    return _checked(name, [_program(name), *arguments], dict(os.environ))


def _checked(name: str, command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise embedded.EmbeddedError(f"{name} 失敗：{done.stderr.strip()[-800:]}")
    return done.stdout


def _is_ours(file: Path) -> bool:
    """Whether that dump holds the tables of an installation, of whatever version."""
    return " TABLE DATA public django_migrations " in _run("pg_restore", "--list", str(file))


def dump(file: Path) -> None:
    """Writes the whole database into ``file``; a broken run leaves no half file behind.

    An empty database is refused: it is not the one that was meant.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.partial")
    try:
        _call("pg_dump", "--format=custom", "--no-owner", f"--file={scratch}")
        if not _is_ours(scratch):
            where = "DATABASE_URL" if os.environ.get("DATABASE_URL") else home.folder()
            raise embedded.EmbeddedError(
                f"{where} 的資料庫是空的，沒有備份；請確認 GUITAI_HOME 或 DATABASE_URL。"
            )
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)


ALONE = """DO $$ DECLARE patience int := 25; BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND backend_type = 'client backend') LOOP
    IF patience = 0 THEN
      RAISE EXCEPTION '還有程式連著這個資料庫；請先停止所有使用它的櫃台（guitai down），再還原。';
    END IF;
    patience := patience - 1;
    PERFORM pg_sleep(0.2), pg_stat_clear_snapshot();
  END LOOP;
END $$;"""
"""A till that goes on meanwhile would sell from the old numbers before they are paused. Whoever is
just leaving has five seconds."""
EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
OWED = "guitai: restored, books not taken up"
"""The schema's own comment: tables of any age have it, it comes and goes with a transaction, and a
dump carries it on."""
STATEMENTS = ".restoring-"
"""A folder of ours by that name, and nobody else's: what is left of a killed run is deleted."""


def restore(file: Path, *, outdated: bool = True) -> None:
    """Replaces the database's content by ``file`` in one transaction, or leaves it as it was.

    The whole schema goes first: a backup from before an update knows nothing of the tables that
    came since, and left behind they would stop the migrations that make them. The statements are
    written out before any is run, so that a damaged file replaces nothing. ``outdated``: sales may
    have been made since; the same transaction writes down that the books must be taken up
    (``take_up_books``), which every start does before anybody can sell. Refused while another
    program uses the database, and for a file that is no backup of ours.
    """
    if not _is_ours(file):
        raise embedded.EmbeddedError(f"{file} 不是櫃台的備份（guitai backup），沒有還原。")
    home.folder().mkdir(parents=True, exist_ok=True)
    for left in home.folder().glob(f"{STATEMENTS}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=home.folder(), prefix=STATEMENTS) as folder:
        statements = Path(folder) / "statements.sql"
        _run("pg_restore", "--no-owner", f"--file={statements}", str(file))
        once = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
        before = (f"--command={ALONE}", f"--command={EMPTY}")
        owed = (f"--command=COMMENT ON SCHEMA public IS '{OWED}';",) if outdated else ()
        _call("psql", *once, *before, f"--file={statements}", *owed)


def take_up_books() -> int | None:
    """What every merchant's restored books need before anybody sells; how many ranges were paused.

    ``None`` where the tables are not those of a backup, or somebody took them up already: two
    starts at once wait for each other. Invoice numbers: ``numbering.books_restored``; order
    numbers: ``orders.skip_lost_orders``. All of it happens, or none, and it stays owed.
    """
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [OWED])
        cursor.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        if cursor.fetchone()[0] != OWED:
            return None
        paused = _take_up_each()
        cursor.execute("COMMENT ON SCHEMA public IS NULL")
    return paused


def _take_up_each() -> int:
    from guitai.kernel import audit, clock, scope
    from guitai.numbering import services as numbering
    from guitai.orders import services as orders
    from guitai.tenancy import queries as tenancy

    paused = 0
    for merchant in tenancy.merchants():
        with scope.tenant(merchant.id):
            now = clock.now()
            paused += numbering.books_restored(audit.SYSTEM, now)
            orders.skip_lost_orders(now)
    return paused


def upgrade() -> str:
    """Dump with the old major, restore into a new cluster of the newest major; the old one stays.

    The old folder is kept as ``data.<major>`` until a person deletes it.
    """
    where = embedded.place(home.folder())
    if os.environ.get("DATABASE_URL"):
        raise embedded.EmbeddedError("DATABASE_URL 指向外部資料庫，請用它自己的升級方式。")
    if not where.data.exists():
        raise embedded.EmbeddedError("這裡還沒有資料庫。")
    old = (where.data / "PG_VERSION").read_text().strip()
    newest = embedded.major_of(embedded.binaries_for(where.data.with_name("none")))
    if old == newest:
        return f"資料庫已是 PostgreSQL {newest}，不需升級。"
    file = where.data.with_name(f"before-{newest}.dump")
    dump(file)
    embedded.stop(home.folder())
    where.data.rename(where.data.with_name(f"data.{old}"))
    embedded.start(home.folder())
    restore(file, outdated=False)
    return f"已從 PostgreSQL {old} 升級到 {newest}；舊資料保留在 data.{old}。"
