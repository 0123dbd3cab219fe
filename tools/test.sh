#!/usr/bin/env bash
# Installs what the tests need (system packages only as root), then runs the checks and every test.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each line: how to see that it is there | the Debian package that brings it.
needed=(
  "python3 -c 'import ensurepip, venv'|python3-venv"
  "ls /usr/lib/postgresql/*/bin/initdb|postgresql"
  "command -v redis-server|redis-server"
  "ls /usr/lib/*/faketime/libfaketimeMT.so.1|libfaketime"
  "command -v docker-compose|docker-compose"
  "command -v chromium|chromium"
  "ls /usr/share/fonts/truetype/liberation*|fonts-liberation"
)
missing=()
for line in "${needed[@]}"; do
  bash -c "${line%%|*}" >/dev/null 2>&1 || missing+=("${line##*|}")
done
if ((${#missing[@]})); then
  if [[ $(id -u) != 0 ]]; then
    echo "The tests need packages that are not here. Run this once, then make test again:"
    echo "  sudo apt-get install -y ${missing[*]}"
    exit 1
  fi
  echo "Installing ${missing[*]} ..."
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

make --no-print-directory .venv/installed
bash tools/check.sh
# Much of the time is spent waiting for processes to end and leases to pass: two runs side by side fill it.
exec .venv/bin/pytest --numprocesses 2 --dist loadfile "$@"
