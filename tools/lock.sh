#!/usr/bin/env bash
# Writes requirements.lock: the exact versions that CI and the demo install, from the ranges in setup.cfg.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7'
.venv/bin/pip-compile --quiet --strip-extras --all-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
  --no-header --no-annotate --allow-unsafe --output-file requirements.lock setup.cfg
