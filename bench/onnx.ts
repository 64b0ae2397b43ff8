/**
 * Conversion of a 100-tree chain (imputer, one-hot, forest) to ONNX, against skl2onnx's of an equal scikit-learn chain fitted on the same rows.
 *
 *   node scripts/bench.mjs onnx
 *
 * Needs `.venvs/bench` (see bench/requirements.txt); without it only our own side is measured. Prints a table and JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCsv } from '../src/adapters/csv/csv'
import { createRng } from '../src/core/random'
import { chain, oneHotEncoder, randomForestClassifier, simpleImputer } from '../src/learn'
import { toOnnx } from '../src/onnx'

const python = '.venvs/bench/bin/python'
const repeats = 9
const trees = 100

/** Rows like flights: numbers, some of them missing, and texts. */
function csv(rows: number): string {
  const rng = createRng(11)
  const lines = ['distance,delay,hour,carrier,origin,late']
  for (let i = 0; i < rows; i++) {
    const [distance, delay, hour] = [200 + rng.int(2400), Math.round(rng.normal() * 30), rng.int(24)]
    const [carrier, origin] = [`C${rng.int(16)}`, `O${rng.int(60)}`]
    const late = delay + (hour > 15 ? 8 : 0) + rng.normal() * 12 > 15
    lines.push([distance, rng.next() < 0.05 ? '' : delay, hour, carrier, origin, late ? 'late' : 'on time'].join(','))
  }
  return lines.join('\n')
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

interface Measured {
  readonly milliseconds: number
  readonly bytes: number
  readonly nodes: number
  readonly versions: Readonly<Record<string, string>>
}

async function measureOurs(text: string): Promise<Measured> {
  const estimator = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: trees, maxDepth: 12, seed: 1 })])
  const fitted = estimator.fit(parseCsv(text), { target: 'late' })
  const runs: number[] = []
  let bytes = new Uint8Array()
  for (let i = 0; i < repeats; i++) {
    const start = performance.now()
    bytes = new Uint8Array(await toOnnx(fitted, { verify: false }))
    runs.push(performance.now() - start)
  }
  const { nodes } = fitted.state().learner as { readonly nodes?: number }
  return { milliseconds: median(runs), bytes: bytes.length, nodes: nodes ?? 0, versions: { node: process.version } }
}

function measureTheirs(text: string): Measured | undefined {
  if (!existsSync(python)) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'millwright-onnx-'))
  try {
    writeFileSync(join(folder, 'rows.csv'), text)
    const { status, stdout, stderr } = spawnSync(
      python,
      ['bench/onnx_skl2onnx.py', join(folder, 'rows.csv'), String(trees), String(repeats)],
      { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`onnx_skl2onnx.py failed: ${stderr}`)
    return JSON.parse(stdout) as Measured
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const text = csv(40_000)
const here = await measureOurs(text)
const there = measureTheirs(text)
const line = ({ milliseconds, nodes, bytes }: Measured): string =>
  `${milliseconds.toFixed(1).padStart(9)} ms   ${String(nodes).padStart(7)} nodes   ${(bytes / 1024).toFixed(0).padStart(6)} kB`
console.log(`conversion of a chain with ${trees} trees`)
console.log(`  millwright ${line(here)}`)
if (there !== undefined) {
  // The forests are not the same: per node is what compares.
  const ratio = there.milliseconds / there.nodes / (here.milliseconds / here.nodes)
  console.log(`  skl2onnx   ${line(there)}`)
  console.log(`  ${(there.milliseconds / here.milliseconds).toFixed(1)} × faster, ${ratio.toFixed(1)} × per node`)
}
const [cpu] = cpus()
console.log(
  `\n${JSON.stringify({ bench: 'onnx', machine: { cpu: cpu?.model, cores: cpus().length }, millwright: here, skl2onnx: there ?? null })}`,
)
