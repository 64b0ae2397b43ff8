#!/usr/bin/env bash
# Our files, clients and pages against the real tools. Makes the virtual environments it needs, one for each pinned file beside it
# (.venvs/NAME from requirements-NAME.txt, made anew when the file changes), then runs all programs, or those named:
#   test/interop/run.sh [program…]
set -euo pipefail
cd "$(dirname "$0")/../.."

# uv installs MLflow with all it needs in seconds, where pip takes minutes.
uv=.venvs/uv/bin/uv
[ -x "$uv" ] || { python3 -m venv .venvs/uv && .venvs/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9; }

for wanted in test/interop/requirements-*.txt; do
  name=${wanted#test/interop/requirements-}
  folder=.venvs/${name%.txt}
  if ! cmp -s "$wanted" "$folder/ready"; then
    echo "making $folder"
    rm -rf "$folder"
    "$uv" venv --quiet --python python3 "$folder"
    "$uv" pip install --quiet --python "$folder/bin/python" -r "$wanted"
    cp "$wanted" "$folder/ready"
  fi
done

if ! command -v chromium >/dev/null 2>&1; then
  echo 'installing chromium'
  apt-get update -qq && apt-get install -y -qq chromium >/dev/null
fi

# Both versions beside each other: much of the time is spent waiting for servers. The older one has less to show, and takes what needs none.
export MILLWRIGHT_SHARED=1
MILLWRIGHT_MLFLOW=.venvs/mlflow-old node scripts/run.mjs test/interop/support/lane.ts "$@" &
old=$!
status=0
node scripts/run.mjs test/interop/support/lane.ts "$@" || status=1
wait "$old" || status=1
[ "$status" -eq 0 ] && echo 'interop: all passed' || echo 'interop: FAILED'
exit "$status"
