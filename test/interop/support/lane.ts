/**
 * Runs the interop programs, or those named, one after the other beside one MLflow (`MILLWRIGHT_MLFLOW`, else the newest), and on one server;
 * prints a log of what was shown, each line with the version, and exits 1 when a program failed.
 *
 *   node scripts/run.mjs test/interop/support/lane.ts [program…]
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { freshFolder, mlflowVersion, startServer } from './mlflow'

/** What another MLflow than the newest is shown: all that crosses between it and us. */
const withOld = [
  'browser_server',
  'hostile_names',
  'mlflow_server',
  'registry',
  'registry_server',
  'registry_sqlite',
  'search_answers',
  'sqlite_store',
  'tee_server',
  'tracker_files',
]
/** What needs another tool, or the newest MLflow for a server of its own: run beside the older one where both share the work. */
const besideOld = [
  'crowd',
  'disk_faults',
  'dvclive',
  'kills',
  'mlflow_auth',
  'mlflow_s3',
  'offline_queue',
  'registry_faults',
  'tfjs',
  'ui_pages',
  'wandb',
]
const isNewest = process.env.MILLWRIGHT_MLFLOW === undefined
const isShared = process.env.MILLWRIGHT_SHARED !== undefined
const isHere = (name: string): boolean =>
  isNewest ? !(isShared && besideOld.includes(name)) : withOld.includes(name) || (isShared && besideOld.includes(name))
const wanted = process.argv.slice(2)
const all = readdirSync('test/interop')
  .filter((name) => name.endsWith('.ts'))
  .map((name) => basename(name, '.ts'))
  .filter((name) => (wanted.length === 0 || wanted.includes(name)) && isHere(name))
const failed: string[] = []
const started = Date.now()

/** Runs a program and prints its lines behind `label`. */
function run(label: string, program: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(process.execPath, ['scripts/run.mjs', `test/interop/${program}.ts`], {
    env: { ...process.env, npm_config_loglevel: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => console.info(`[${label}] ${line}`))
  }
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)))
}

const version = mlflowVersion()
const server = all.length === 0 ? undefined : await startServer(freshFolder())
for (const program of all) {
  const begun = Date.now()
  const isOthers = !isNewest && besideOld.includes(program)
  const label = isOthers ? program : `${version} ${program}`
  const passed = await run(label, program, isOthers ? { MILLWRIGHT_MLFLOW: undefined } : { MILLWRIGHT_MLFLOW_URL: server?.url })
  console.info(`[${label}] ${passed ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - begun) / 1000)} s`)
  if (!passed) failed.push(program)
}
await server?.stop()
const seconds = Math.round((Date.now() - started) / 1000)
console.info(
  `interop: ${all.length - failed.length} programs passed beside MLflow ${version} in ${seconds} s, ${failed.length} failed ${failed.join(', ')}`,
)
if (failed.length > 0) process.exitCode = 1
