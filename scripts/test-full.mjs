// Runs every test with everything heavy in full: node scripts/test-full.mjs [arguments of vitest…]. What "full" means stands in test/support/effort.ts.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', '--testTimeout=600000', '--hookTimeout=600000', ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('../', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, MILLWRIGHT_FULL: '1' },
})
process.exit(status ?? 1)
