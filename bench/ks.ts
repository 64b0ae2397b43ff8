/** Kolmogorov–Smirnov on a million against a million against SciPy, and our sort against the built-in one. Prints a table and JSON. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRng } from '../src/core/random'
import { ksTest } from '../src/stats'
import { sortFloat64 } from '../src/stats/sort'

const size = Number(process.argv[2] ?? 1_000_000)
const repeats = 7
const python = '.venvs/bench/bin/python'
const script = `
import json, sys, time
import numpy, scipy
from scipy.stats import ks_2samp
a, b = (numpy.fromfile(path) for path in sys.argv[1:3])
times = []
for _ in range(int(sys.argv[3])):
    start = time.process_time(); result = ks_2samp(a, b); times.append((time.process_time() - start) * 1000)
print(json.dumps({"version": "scipy " + scipy.__version__, "times": times, "statistic": result.statistic, "pValue": result.pvalue}))
`

function sample(seed: number, shift: number): Float64Array {
  const rng = createRng(seed)
  return Float64Array.from({ length: size }, () => rng.normal() + shift)
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] as number
}

function timed(work: () => unknown): number[] {
  return Array.from({ length: repeats }, () => {
    // Time of the processor, not of the clock: other programs on the machine do not count.
    const start = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  })
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-ks-'))
console.log(`${size} against ${size}, ${repeats} repeats, median processor time, ${cpus()[0]?.model}, Node ${process.version}\n`)
console.log('| data | millwright | SciPy | ratio | same digits |\n| --- | --- | --- | --- | --- |')
for (const shift of [0, 0.01]) {
  const a = sample(1, 0)
  const b = sample(2, shift)
  const ours = timed(() => ksTest(a, b))
  const { statistic, pValue } = ksTest(a, b)
  writeFileSync(join(folder, 'a.bin'), new Uint8Array(a.buffer))
  writeFileSync(join(folder, 'b.bin'), new Uint8Array(b.buffer))
  const peer = existsSync(python)
    ? (JSON.parse(
        spawnSync(python, ['-c', script, join(folder, 'a.bin'), join(folder, 'b.bin'), String(repeats)], { encoding: 'utf8' }).stdout,
      ) as {
        version: string
        times: number[]
        statistic: number
        pValue: number
      })
    : undefined
  const same = peer && Math.abs(peer.statistic - statistic) < 1e-12 && Math.abs(peer.pValue - pValue) <= 1e-9 * peer.pValue + 1e-12
  const ratio = peer && median(peer.times) / median(ours)
  console.log(
    `| shift ${shift} | ${median(ours).toFixed(0)} ms | ${peer ? `${median(peer.times).toFixed(0)} ms` : 'not there'} | ${ratio?.toFixed(1) ?? ''} | ${same ?? ''} |`,
  )
  console.log(`\n${JSON.stringify({ name: 'ks', size, shift, ours, peer, ratio, same })}\n`)
}
const values = sample(3, 0)
const ours = median(timed(() => sortFloat64(values.slice())))
const builtIn = median(timed(() => values.slice().sort()))
console.log(`sorting ${size} doubles: ${ours.toFixed(0)} ms, built-in ${builtIn.toFixed(0)} ms, ratio ${(builtIn / ours).toFixed(1)}`)
rmSync(folder, { recursive: true, force: true })
