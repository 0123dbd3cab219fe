#!/usr/bin/env bash
# Style, types, layers and security rules; ends at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy
$bin/lint-imports --no-cache
$bin/bandit --quiet --recursive matching indexer web --severity-level medium
