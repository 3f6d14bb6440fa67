# 安裝櫃台列印程式（Windows 10 以上，使用者層級，不需系統管理者）。
#   安裝：  powershell -ExecutionPolicy Bypass -File install.ps1 [-Source https://…/agent]
#   移除：  powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall
# 需要 Python 3.11 以上（python.org 的安裝程式，勾選 py launcher）。本檔為 UTF-8（含 BOM），Windows PowerShell 5.1 才讀得懂中文。
param(
    [string]$Source = $PSScriptRoot,
    [switch]$Uninstall
)
$ErrorActionPreference = 'Stop'
$Root = Join-Path $env:LOCALAPPDATA 'Guitai\app'
$Menu = Join-Path $env:APPDATA 'Microsoft\Windows\Start Menu\Programs\櫃台列印程式'

function Invoke-Checked {
    # PowerShell does not stop by itself when a program fails.
    param([string]$Program, [string[]]$Arguments)
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $Arguments ($LASTEXITCODE)" }
}

function Test-Sums {
    foreach ($Line in Get-Content -Encoding UTF8 (Join-Path $PSScriptRoot 'SHA256SUMS')) {
        $Sum, $Name = $Line -split '  ', 2
        $Found = (Get-FileHash -Algorithm SHA256 (Join-Path $PSScriptRoot $Name)).Hash
        if ($Found -ne $Sum) { throw "檔案與檢查碼不符，請重新下載：$Name" }
    }
}

function Install-First {
    # A passing environment runs the updater, which makes the lasting one.
    $Temporary = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    try {
        Invoke-Checked 'py' @('-3', '-m', 'venv', $Temporary)
        $Python = Join-Path $Temporary 'Scripts\python.exe'
        # Older files may lie beside it: latest.json says which version is meant.
        $Latest = Get-Content -Raw -Encoding UTF8 (Join-Path $PSScriptRoot 'latest.json') | ConvertFrom-Json
        $Name = "guitai_agent-$($Latest.version)"
        $Needs = Join-Path $PSScriptRoot "$Name.requirements.txt"
        $Wheel = Join-Path $PSScriptRoot "$Name-py3-none-any.whl"
        $Pip = @('-m', 'pip', 'install', '-q', '--disable-pip-version-check')
        $Wheels = Join-Path $PSScriptRoot 'wheels'
        $Offline = @()
        if (Test-Path $Wheels) { $Offline = @('--no-index', '--find-links', $Wheels) }
        Invoke-Checked $Python ($Pip + $Offline + @('--require-hashes', '--only-binary', ':all:', '-r', $Needs))
        Invoke-Checked $Python ($Pip + @('--no-deps', '--no-index', $Wheel))
        # The key is pinned once that is in use: later updates must be signed with the same one.
        $Key = Join-Path $PSScriptRoot 'update.pub'
        Invoke-Checked $Python @('-m', 'guitai_agent', 'update', '--no-restart', '--key', $Key, '--from', $Source)
    } finally {
        if (Test-Path $Temporary) { Remove-Item -Recurse -Force $Temporary }
    }
}

function New-Shortcuts {
    New-Item -ItemType Directory -Force $Menu | Out-Null
    $Page = Join-Path $Menu '櫃台列印程式.url'
    Set-Content -Encoding ASCII $Page "[InternetShortcut]`r`nURL=http://127.0.0.1:47120/"
    $Shell = New-Object -ComObject WScript.Shell
    $Launcher = Join-Path $Root 'launch.py'
    $Entries = @(
        @('啟動列印程式.lnk', "-3 `"$Launcher`" install-service"),
        @('更新列印程式.lnk', "-3 `"$Launcher`" update"),
        @('退回前一版.lnk', "-3 `"$Launcher`" update --back"),
        @('檢查發票機.lnk', "-3 `"$Launcher`" doctor")
    )
    foreach ($Entry in $Entries) {
        $Link = $Shell.CreateShortcut((Join-Path $Menu $Entry[0]))
        $Link.TargetPath = (Get-Command cmd.exe).Source
        $Link.Arguments = "/k py $($Entry[1])"
        $Link.WorkingDirectory = $Root
        $Link.Save()
    }
}

function Remove-Everything {
    $Launcher = Join-Path $Root 'launch.py'
    if (Test-Path $Launcher) { & py -3 $Launcher remove-service }
    if (Test-Path $Menu) { Remove-Item -Recurse -Force $Menu }
    if (Test-Path $Root) { Remove-Item -Recurse -Force $Root }
    Write-Host '已移除。設定與列印日誌保留在' (Join-Path $env:LOCALAPPDATA 'Guitai\agent')
}

if ($Uninstall) {
    Remove-Everything
    exit 0
}
if (-not (Get-Command py -ErrorAction SilentlyContinue)) {
    throw '這台電腦沒有 Python：請到 python.org 下載安裝 Python 3.11 以上（勾選 py launcher）後再試。'
}
& py -3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'
if ($LASTEXITCODE -ne 0) { throw '需要 Python 3.11 以上：請到 python.org 下載安裝後再試。' }
Test-Sums
Install-First
Invoke-Checked 'py' @('-3', (Join-Path $Root 'launch.py'), 'install-service')
New-Shortcuts
Start-Process 'http://127.0.0.1:47120/'
Write-Host '完成。請在開啟的頁面選擇發票機並取得配對碼。'
