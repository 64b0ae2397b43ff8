#!/usr/bin/env bash
# Our files against the real tools. Makes the virtual environments it needs from the pinned files beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."

# venv NAME: .venvs/NAME with test/interop/requirements-NAME.txt, made anew when the file changes.
venv() {
  local folder=".venvs/$1" wanted="test/interop/requirements-$1.txt"
  if ! cmp -s "$wanted" "$folder/ready"; then
    echo "making $folder"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$folder/ready"
  fi
}

venv mlflow
venv dvc
for program in test/interop/*.ts; do
  echo "--- $program"
  node scripts/run.mjs "$program"
done
