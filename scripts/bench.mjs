// Runs the benches: node scripts/bench.mjs [name…]. Makes the Python peers' virtual environment if need be.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('../', import.meta.url)))

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync('.venvs/bench/ready')) {
  run('python3', '-m', 'venv', '.venvs/bench')
  run('.venvs/bench/bin/pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'bench/requirements.txt')
  run('touch', '.venvs/bench/ready')
}
const wanted = process.argv.slice(2)
const benches = readdirSync('bench')
  .filter((file) => file.endsWith('.ts') && !file.startsWith('_'))
  .map((file) => file.slice(0, -3))
for (const name of wanted.length > 0 ? wanted : benches) run(process.execPath, 'scripts/run.mjs', `bench/${name}.ts`)
