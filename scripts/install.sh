#!/usr/bin/env bash
# Makes .venv from the lock file: with uv where it is present, else with venv and pip.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "需要 Python 3.11 以上；這裡是 $("$python" --version)。" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

if ! [ -x .venv/bin/python ]; then
  if command -v uv >/dev/null; then
    uv venv -q --python "$python" .venv
  elif ! "$python" -m venv .venv 2>/dev/null; then
    # Debian keeps venv in a package of its own.
    rm -rf .venv
    as_root apt-get update -q >/dev/null && as_root apt-get install -q -y python3-venv >/dev/null || {
      echo "建立虛擬環境需要 python3-venv：請先執行 sudo apt-get install python3-venv" >&2
      exit 1
    }
    "$python" -m venv .venv
  fi
fi

echo "安裝相依套件（第一次約一兩分鐘）…"
if command -v uv >/dev/null; then
  uv pip sync -q --python .venv/bin/python --require-hashes requirements.lock
  uv pip install -q --python .venv/bin/python --no-deps -e .
else
  .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
fi
