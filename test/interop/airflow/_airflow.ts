/** The real Airflow of this lane, in a folder of its own: SQLite, no server. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from '../../../scripts/run.mjs'

const bin = resolve('.venvs/airflow/bin')
mkdirSync('node_modules/.millwright', { recursive: true })
/** Below `node_modules`, so that the bundled step finds this repository's packages. */
export const base = mkdtempSync(resolve('node_modules/.millwright/airflow-'))
export const store = join(base, 'store')
const dags = join(base, 'dags')
mkdirSync(dags)
const environment = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  AIRFLOW_HOME: join(base, 'home'),
  AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
  AIRFLOW__CORE__DAGS_FOLDER: dags,
  AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `sqlite:///${join(base, 'airflow.db')}`,
  AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
}

/** Runs a program of Airflow's environment. */
export function call(program: string, ...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(join(bin, program), args, {
    cwd: base,
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 28,
  })
  return { status, output: `${stdout}${stderr}` }
}

/** A new database. */
export function migrate(): string {
  const { status, output } = call('airflow', 'db', 'migrate')
  assert.equal(status, 0, output)
  return call('airflow', 'version').output.trim().split('\n').at(-1) as string
}

/** Bundles the program that tasks start. */
export async function bundleStep(source: string): Promise<readonly string[]> {
  const path = join(base, `${source.replace(/\W/g, '_')}.mjs`)
  await bundle(source, path)
  return [process.execPath, path]
}

/** Writes a DAG file, and has Python compile and import it without a warning. */
export function writeDag(name: string, text: string): void {
  const path = join(dags, `${name}.py`)
  writeFileSync(path, text)
  const check = `import warnings; warnings.simplefilter('error'); import runpy; dag = runpy.run_path(${JSON.stringify(path)})['dag']; print(sorted(dag.task_dict))`
  const { status, output } = call('python', '-c', check)
  assert.equal(status, 0, output)
}

/** `airflow dags test`: the state of the run, and its log. */
export function dagsTest(dagId: string, ...args: string[]): { readonly state: string; readonly runId: string; readonly log: string } {
  const { output } = call('airflow', 'dags', 'test', dagId, ...args)
  const ended = /DagRun Finished: .*?run_id=([^,]+),.*?(?:state=(\w+))/s.exec(output)
  assert.ok(ended, output)
  return { runId: ended[1] as string, state: ended[2] as string, log: output }
}

/** Removes everything. */
export function removeAll(): void {
  rmSync(base, { recursive: true, force: true })
}
