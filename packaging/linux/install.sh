#!/usr/bin/env bash
# 安裝櫃台列印程式（Linux，使用者層級）。用法：./install.sh [來源網址或資料夾]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=${1:-$here}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "需要 Python 3.11 以上；這裡是 $("$python" --version)。" >&2
  exit 1
}
(cd "$here" && sha256sum --quiet --check SHA256SUMS) || {
  echo "檔案與檢查碼不符，請重新下載。" >&2
  exit 1
}

# 第一次安裝：先用暫時的環境執行更新程式，由它建立正式的環境。
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
"$python" -m venv "$temporary/venv"
offline=()
if [ -d "$here/wheels" ]; then offline=(--no-index --find-links "$here/wheels"); fi
pip=("$temporary/venv/bin/python" -m pip install -q --disable-pip-version-check)
"${pip[@]}" "${offline[@]}" --require-hashes --only-binary :all: -r "$here"/guitai_agent-*.requirements.txt
"${pip[@]}" --no-deps --no-index "$here"/guitai_agent-*.whl
agent=("$temporary/venv/bin/python" -m guitai_agent)
"${agent[@]}" update --no-restart --from "$source"
root=${XDG_DATA_HOME:-$HOME/.local/share}/guitai-agent
"$python" "$root/launch.py" install-service
echo "完成。請開啟 http://127.0.0.1:47120/ 選擇發票機並取得配對碼。"
