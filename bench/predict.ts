/**
 * 10,000 rows by one forest: our own model, and the file that `toOnnx` makes of it in onnxruntime-node and in Python's onnxruntime, on one thread and on all.
 *
 *   node scripts/run.mjs bench/predict.ts [--rows 10000] [--trees 100]
 *
 * Python's side needs `.venvs/onnx` (`npm run test:interop -- onnx` makes it); without it only Node's sides are measured. The sides take turns; the least time of
 * several counts, on the wall and of the processor. Answers are compared first. Prints a table and JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createRng } from '../src/core/random'
import { randomForestClassifier } from '../src/learn'
import { toOnnx } from '../src/onnx'
import { makeColumn } from '../src/schema/column'
import { tableOf } from '../src/schema/table'

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const numRows = option('rows', 10_000)
const numTrees = option('trees', 100)
const features = 8
const turns = 9
const python = '.venvs/onnx/bin/python'

/** The least milliseconds of several turns. */
interface Cost {
  wall: number
  cpu: number
}

/** A side: runs all rows once and gives its milliseconds. */
interface Side {
  readonly name: string
  run(): Promise<Cost>
  readonly least: Cost
}

const rng = createRng(3)
const rowsInAll = 20_000 + numRows
const columns = Array.from({ length: features }, (_, f) =>
  Float64Array.from({ length: rowsInAll }, () => (f % 4 === 3 ? rng.int(24) : Math.fround(rng.normal()))),
)
const labels = Int32Array.from({ length: rowsInAll }, (_, row) => {
  const [a, b, c] = columns.map((column) => column[row] as number) as [number, number, number]
  return Number(a * b + Math.sin(2 * c) + 0.7 * rng.normal() > 0)
})
const named = (from: number, to?: number) =>
  columns.map((column, f) => makeColumn(`x${f}`, { type: 'float64', values: column.slice(from, to) }))
const train = tableOf([...named(0, 20_000), makeColumn('y', { type: 'int32', values: labels.slice(0, 20_000) })])
const test = tableOf(named(20_000))
const fitted = randomForestClassifier({ nEstimators: numTrees, maxDepth: 12, seed: 7 }).fit(train, { target: 'y' })
const bytes = await toOnnx(fitted)

async function timed(run: () => unknown): Promise<Cost> {
  const before = process.cpuUsage()
  const start = performance.now()
  await run()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { wall, cpu: (user + system) / 1000 }
}

const least = (): Cost => ({ wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY })
const feeds = Object.fromEntries(columns.map((column, f) => [`x${f}`, new Tensor('float64', column.slice(20_000), [numRows, 1])] as const))
const sides: Side[] = [{ name: 'millwright', run: () => timed(() => fitted.predictProba(test)), least: least() }]
for (const threads of [1, 0]) {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads })
  const typed = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as Tensor]))
  const name = `onnxruntime-node, ${threads === 1 ? 'one thread' : 'all threads'}`
  const { probabilities } = await session.run(typed)
  const own = fitted.predictProba(test).values
  own.forEach((value, at) => {
    if (Math.abs(value - Number(probabilities?.data[at])) > 1e-6) throw new Error(`${name} answers cell ${at} otherwise`)
  })
  sides.push({ name, run: () => timed(() => session.run(typed)), least: least() })
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-predict-'))
let child: ChildProcess | undefined
const versions: Record<string, string> = { node: process.version }
if (existsSync(python)) {
  writeFileSync(join(folder, 'model.onnx'), bytes)
  writeFileSync(join(folder, 'rows.bin'), Buffer.concat(columns.map((column) => Buffer.from(column.slice(20_000).buffer))))
  child = spawn(python, ['bench/predict_onnxruntime.py', folder, String(numRows), String(features)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const ask = async (request: string): Promise<string> => {
    child?.stdin?.write(`${request}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('Python ended')
    return value
  }
  versions['onnxruntime of Python'] = await ask('version')
  for (const threads of ['1', '0']) {
    const name = `Python's onnxruntime, ${threads === '1' ? 'one thread' : 'all threads'}`
    sides.push({ name, run: async () => JSON.parse(await ask(threads)) as Cost, least: least() })
  }
}
for (let turn = 0; turn < turns; turn++) {
  for (const side of sides) {
    const { wall, cpu } = await side.run()
    side.least.wall = Math.min(side.least.wall, wall)
    side.least.cpu = Math.min(side.least.cpu, cpu)
  }
}
child?.stdin?.end()
rmSync(folder, { recursive: true, force: true })
const own = (sides[0] as Side).least
console.log(`${numRows} rows, ${numTrees} trees, ${bytes.length} bytes of ONNX; load ${loadavg()[0]?.toFixed(1)}`)
console.log(`${'milliseconds'.padEnd(36)}   wall    processor   our time ÷ theirs (wall, processor)`)
for (const { name, least: cost } of sides) {
  const ratio = name === 'millwright' ? '' : `${(own.wall / cost.wall).toFixed(2)}, ${(own.cpu / cost.cpu).toFixed(2)}`
  console.log(`${name.padEnd(36)}${cost.wall.toFixed(1).padStart(7)}${cost.cpu.toFixed(1).padStart(13)}   ${ratio}`)
}
console.log(JSON.stringify({ bench: 'predict', versions, machine: cpus()[0]?.model, cores: cpus().length, results: sides }))
