"""The embedded database: starts, refuses, is adopted, survives, is backed up and restored."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest

from guitai.config import backups, embedded, home

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user must reach it
        yield from _cluster_in(folder, monkeypatch)


def _cluster_in(folder, monkeypatch):
    monkeypatch.setenv("GUITAI_HOME", folder)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    children = []

    def start():
        child = embedded.start(home.folder())
        if child is not None:
            children.append(child)
        return child

    yield start
    embedded.stop(home.folder())
    for child in children:
        child.wait(30)


def connect():
    return psycopg.connect(embedded.url(home.folder()), autocommit=True)


def test_a_second_start_adopts_the_running_server(cluster):
    assert cluster() is not None
    pid = embedded.postmaster_pid(home.folder())
    assert cluster() is None
    assert embedded.postmaster_pid(home.folder()) == pid


def test_a_wrong_password_is_refused(cluster):
    cluster()
    right = home.secret("database_password")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(embedded.url(home.folder()).replace(right, "wrong"))


def test_it_never_runs_as_root(cluster):
    cluster()
    pid = embedded.postmaster_pid(home.folder())
    assert os.geteuid() != 0 or Path(f"/proc/{pid}").stat().st_uid != 0


def test_kill_9_under_writers_loses_no_acknowledged_row(cluster):
    cluster()
    with connect() as connection:
        connection.execute("create table kept (id int primary key)")
    acknowledged, stop = [], threading.Event()

    def write(first):
        value = first
        while not stop.is_set():
            try:
                with connect() as connection:
                    while not stop.is_set():
                        connection.execute("insert into kept values (%s)", [value])
                        acknowledged.append(value)
                        value += 4
            except psycopg.Error:
                value += 4
                time.sleep(0.05)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            time.sleep(0.4)
            os.kill(embedded.postmaster_pid(home.folder()), signal.SIGKILL)
            cluster()
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    with connect() as connection:
        kept = {row[0] for row in connection.execute("select id from kept")}
    assert len(acknowledged) > 50
    assert set(acknowledged) <= kept


def an_installation():
    """The table by which a database is known to be one of ours."""
    with connect() as connection:
        connection.execute("create table django_migrations (id int)")


def test_a_backup_brings_everything_back(cluster, tmp_path):
    cluster()
    an_installation()
    with connect() as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('發票')")
    backups.dump(tmp_path / "kept.dump")
    with connect() as connection:
        connection.execute("drop table kept")
        connection.execute("create table came_with_an_update (word text)")
    backups.restore(tmp_path / "kept.dump")
    with connect() as connection:
        assert connection.execute("select word from kept").fetchall() == [("發票",)]
        # Left behind, it would stop the migration that makes it.
        assert connection.execute("select to_regclass('came_with_an_update')").fetchone() == (None,)


OWED = "select obj_description('public'::regnamespace, 'pg_namespace')"


def test_restored_books_are_owed_in_the_same_transaction(cluster, tmp_path):
    cluster()
    an_installation()
    backups.dump(tmp_path / "of-the-day.dump")
    backups.restore(tmp_path / "of-the-day.dump", outdated=False)  # a new major of the database
    with connect() as connection:
        assert connection.execute(OWED).fetchone() != (backups.OWED,)
    backups.restore(tmp_path / "of-the-day.dump")
    with connect() as connection:
        assert connection.execute(OWED).fetchone() == (backups.OWED,)
    backups.dump(tmp_path / "owed.dump")
    backups.restore(tmp_path / "owed.dump", outdated=False)
    with connect() as connection:  # what nobody has taken up is owed under a new major as well
        assert connection.execute(OWED).fetchone() == (backups.OWED,)


def test_only_our_own_backups_are_made_and_restored(cluster, tmp_path):
    cluster()
    with pytest.raises(embedded.EmbeddedError, match="資料庫是空的，沒有備份"):
        backups.dump(tmp_path / "empty.dump")
    assert list(tmp_path.iterdir()) == []
    an_installation()
    backups.dump(tmp_path / "whole.dump")
    (home.folder() / ".restoring-killed").mkdir()
    mine = home.folder() / "restore-20261121" / "whole.dump"
    mine.parent.mkdir()
    mine.write_bytes((tmp_path / "whole.dump").read_bytes())
    backups.restore(mine)
    assert mine.exists()
    assert not list(home.folder().glob(".restoring-*"))
    with connect() as connection:
        connection.execute("drop table django_migrations")
        connection.execute("create table somebody_elses (word text)")
    foreign = tmp_path / "foreign.dump"
    backups._call("pg_dump", "--format=custom", f"--file={foreign}")
    with pytest.raises(embedded.EmbeddedError, match="不是櫃台的備份"):
        backups.restore(foreign)
    with connect() as connection:
        assert connection.execute("select count(*) from somebody_elses").fetchone() == (0,)


def test_nothing_is_restored_under_a_program_that_goes_on(cluster, tmp_path):
    cluster()
    an_installation()
    backups.dump(tmp_path / "whole.dump")
    with connect() as connection:
        connection.execute("create table kept (word text)")
    with connect() as till:
        till.execute("select 1")
        with pytest.raises(embedded.EmbeddedError, match="還有程式連著這個資料庫"):
            backups.restore(tmp_path / "whole.dump")
        assert till.execute("select count(*) from kept").fetchone() == (0,)


def test_a_broken_backup_changes_nothing(cluster, tmp_path):
    cluster()
    an_installation()
    with connect() as connection:
        connection.execute("create table kept (word text)")
    backups.dump(tmp_path / "whole.dump")
    with connect() as connection:
        connection.execute("insert into kept values ('發票')")
    half = (tmp_path / "whole.dump").read_bytes()[:-200]
    for broken in (b"PGDMP but not really", half):
        (tmp_path / "broken.dump").write_bytes(broken)
        with pytest.raises(embedded.EmbeddedError, match="pg_restore"):
            backups.restore(tmp_path / "broken.dump")
    with connect() as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1,)


def test_secrets_are_made_once_even_by_two_at_once(tmp_path):
    ask = "from guitai.config import home; print(home.secret('probe'))"
    environment = {**os.environ, "GUITAI_HOME": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", ask], env=environment, stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    said = {run.communicate()[0] for run in runs}
    assert len(said) == 1
    assert (tmp_path / "secrets" / "probe").stat().st_mode & 0o077 == 0
