#!/usr/bin/env bash
# Style, types, layers and security rules; ends at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy
$bin/lint-imports --no-cache
# B310 and B704 are the same rules as ruff's S310 and S704, which are answered at each place with the reason.
$bin/bandit --quiet --recursive matching indexer web --severity-level medium --skip B310,B704
