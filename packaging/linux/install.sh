#!/usr/bin/env bash
# 安裝櫃台列印程式（Linux）。用法：./install.sh [--system] [來源網址]
#   --system  整台電腦共用（需要 root），否則只給執行的人使用
set -euo pipefail
system=()
if [ "${1:-}" = --system ]; then system=(--system); shift; fi
here=$(cd "$(dirname "$0")" && pwd)
source=${1:-$here}
python=${PYTHON:-python3}
if [ ${#system[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then echo "整台電腦共用的安裝需要 root：請以 sudo 執行。" >&2; exit 1; fi
  umask 022  # 服務以另一個使用者執行，必須讀得到安裝的檔案
  command=/usr/local/bin/guitai-agent
else
  command=$HOME/.local/bin/guitai-agent
fi

command -v "$python" > /dev/null || {
  echo "這台電腦沒有 Python。請執行這一行後再試：sudo apt install python3 python3-venv" >&2
  exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "需要 Python 3.11 以上；這裡是 $("$python" --version)。" >&2
  exit 1
}
# systemd 的 ProtectHome：服務讀不到這些資料夾裡的 Python（例：pyenv）。
case "${system[*]}:$("$python" -c 'import sys; print(sys._base_executable)')" in
  --system:/home/* | --system:/root/*)
    echo "整台電腦共用必須使用系統的 Python，例：sudo PYTHON=/usr/bin/python3 ./install.sh --system" >&2
    exit 1
    ;;
esac
# Debian 把 venv 要用的部分放在另一個套件。
"$python" -c 'import ensurepip, venv' 2> /dev/null || {
  echo "缺少 python3-venv。請執行這一行後再試：sudo apt install python3-venv" >&2
  exit 1
}
(cd "$here" && sha256sum --quiet --check SHA256SUMS) || {
  echo "檔案與檢查碼不符，請重新下載。" >&2
  exit 1
}

# 第一次安裝：先用暫時的環境執行更新程式，由它建立正式的環境。
temporary=$(mktemp -d) || {
  echo "無法建立暫存資料夾（原因在上面），沒有安裝。請確認 ${TMPDIR:-/tmp} 可以寫入、磁碟沒有滿，再安裝一次。" >&2
  exit 1
}
trap 'rm -rf "$temporary"' EXIT
# Python 不會說磁碟滿了：失敗時看暫存資料夾的磁碟剩下多少 MB。還缺的至少要 90 MB。
failed() {
  local free
  free=$("$python" -c 'import shutil, sys; print(shutil.disk_usage(sys.argv[1]).free >> 20)' "$temporary")
  if [ "$free" -lt 90 ]; then
    echo "磁碟空間不足：${TMPDIR:-/tmp} 所在的磁碟只剩 $free MB，沒有安裝。請空出 1 GB 以上後再安裝一次。" >&2
  else
    echo "$1" >&2
  fi
  exit 1
}
said=$("$python" -m venv "$temporary/venv" 2>&1) || {
  echo "$said" >&2
  failed "Python 無法建立暫時的環境（原因在上面），沒有安裝。請聯絡系統管理者。"
}
offline=()
if [ -d "$here/wheels" ]; then offline=(--no-index --find-links "$here/wheels"); fi
pip=("$temporary/venv/bin/python" -m pip install -q --disable-pip-version-check)
# 資料夾裡可能還有舊版的檔案：要裝的是 latest.json 寫的那一版。
version=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["version"])' "$here/latest.json")
{
  "${pip[@]}" "${offline[@]}" --require-hashes --only-binary :all: -r "$here/guitai_agent-$version.requirements.txt" &&
    "${pip[@]}" --no-deps --no-index "$here/guitai_agent-$version-py3-none-any.whl"
} || failed "無法安裝需要的套件（原因在上面），沒有安裝。請確認網路正常，再安裝一次。"
# 安裝成功後記下公鑰：以後只接受同一把金鑰簽章的更新。被拒絕時，原來的公鑰與版本都不動。
"$temporary/venv/bin/python" -m guitai_agent update --no-restart "${system[@]}" --key "$here/update.pub" --from "$source"

# 從這裡開始用裝好的指令，它啟動使用中的版本。
case ":$PATH:" in
  *":${command%/*}:"*) ;;
  *) echo "指令在 $command；重新登入後可以直接輸入 guitai-agent。" ;;
esac
"$command" install-service "${system[@]}" || {
  echo "列印程式已裝好，但沒有設定自動啟動（原因在上面）。可以先執行：$command run" >&2
  exit 1
}
echo "完成。請開啟 http://127.0.0.1:47120/ 選擇發票機並取得配對碼。"
