#!/usr/bin/env bash
# The same story on other runtimes: the packed package under Node 24, the browser bundle in headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v chromium >/dev/null 2>&1; then
  echo 'installing chromium'
  apt-get update -qq && apt-get install -y -qq chromium >/dev/null
fi

[ -f dist/index.js ] || npm run --silent build
echo 'Node 24: npm start and npm test'
node24=$(npx -y -p node@24 which node)
"$node24" --version
"$node24" scripts/run.mjs examples/lifecycle/main.ts --folder "$(mktemp -d)/mlops"
"$node24" node_modules/vitest/vitest.mjs run

echo 'Chromium'
node scripts/run.mjs test/runtime/browser.ts
node scripts/run.mjs test/runtime/indexeddb.ts
