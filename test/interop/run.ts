/**
 * Our files, clients and pages against the real tools, by lanes:
 *
 *   npm run test:interop                          every lane, two at a time
 *   npm run test:interop -- dvc tfjs              some
 *   npm run test:interop -- mlflow/sqlite_store   one program of a lane
 *   npm run test:interop -- --list                what there is
 */
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { findLanes, type Lane, lanes, programsOf } from './lanes'
import { prepare, venvOf } from './support/environment'
import { freshFolder, startServer } from './support/mlflow'

const wanted = process.argv.slice(2).map((argument) => argument.split('/'))
if (wanted.some(([first]) => first === '--list')) {
  for (const lane of lanes)
    console.info(`${lane.name.padEnd(12)}${lane.about}\n${' '.repeat(12)}${programsOf(lane).map(nameOf).join(', ')}`)
} else {
  try {
    await runLanes(findLanes(wanted.map(([name]) => name as string)))
  } catch (error) {
    console.error(`interop: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

/** A program's name. */
function nameOf(path: string): string {
  return basename(path, '.ts')
}

/** Which programs of a lane are asked for. @throws Error that names an unknown one and what there is */
function chosen(lane: Lane): readonly string[] {
  const all = programsOf(lane)
  const names = wanted.flatMap(([name, program]) => (name === lane.name && program !== undefined ? [program] : []))
  const unknown = names.find((name) => !all.some((path) => nameOf(path) === name))
  if (unknown !== undefined)
    throw new Error(`the lane ${lane.name} has no program ${JSON.stringify(unknown)}; programs: ${all.map(nameOf).join(', ')}`)
  return names.length === 0 ? all : all.filter((path) => names.includes(nameOf(path)))
}

/** Runs the lanes, two beside each other: much of the time is spent waiting for servers. What the next ones need is installed meanwhile. */
async function runLanes(all: readonly Lane[]): Promise<void> {
  let before: Promise<unknown> = Promise.resolve()
  const queue = all.map((lane) => {
    const ready = before.then(() => prepare(lane))
    before = ready.catch(() => {})
    return { lane, programs: chosen(lane), ready }
  })
  const results: string[] = []
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.push(await runLane(next.lane, next.programs, next.ready))
  }
  await Promise.all([work(), work()])
  console.info(`interop:\n${results.join('\n')}`)
}

/** Runs a lane's programs one after the other once it is `ready`; a line that says how it went. */
async function runLane(lane: Lane, programs: readonly string[], ready: Promise<void>): Promise<string> {
  const started = Date.now()
  const failed: string[] = []
  try {
    await ready
    const server = lane.server ? await startServer(freshFolder(), { venv: venvOf(lane) }) : undefined
    const environment = { MILLWRIGHT_MLFLOW: lane.server && venvOf(lane), MILLWRIGHT_MLFLOW_URL: server?.url, npm_config_loglevel: 'error' }
    for (const path of programs) if (!(await runProgram(lane.name, path, environment))) failed.push(nameOf(path))
    await server?.stop()
  } catch (error) {
    console.info(`[${lane.name}] ${(error as Error).message}`)
    failed.push('its preparation')
  }
  if (failed.length > 0) process.exitCode = 1
  const seconds = Math.round((Date.now() - started) / 1000)
  return `  ${lane.name.padEnd(12)}${String(seconds).padStart(5)} s  ${failed.length === 0 ? `${programs.length} passed` : `FAILED: ${failed.join(', ')}`}`
}

/** Runs a program and prints its lines behind the lane's name; whether it passed. */
function runProgram(lane: string, path: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const label = `[${lane}${nameOf(path) === lane ? '' : `/${nameOf(path)}`}]`
  const started = Date.now()
  const child = spawn(process.execPath, ['scripts/run.mjs', path], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => console.info(`${label} ${line}`))
  return new Promise((resolve) => {
    child.once('close', (code) => {
      console.info(`${label} ${code === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - started) / 1000)} s`)
      resolve(code === 0)
    })
  })
}
