/** KLL sketches against Apache DataSketches (C++ beneath Python): time a value, merges, bytes, error. Needs the Python of the lane sketches. Prints a table and JSON. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { createRng } from '../src/core/random'
import { DriftDetector, type DriftProfile, ProfileBuilder } from '../src/drift'
import { makeColumn } from '../src/schema/column'
import { type Table, tableOf } from '../src/schema/table'
import { KllSketch } from '../src/stats'

const size = Number(process.argv[2] ?? 1_000_000)
const python = process.env.MILLWRIGHT_SKETCHES ?? '.venvs/sketches/bin/python'
const script = `
import json, sys, time
import datasketches, numpy
from importlib.metadata import version
n = int(sys.argv[1])
values = numpy.random.default_rng(1).normal(size=n).astype(numpy.float32)
def timed(work):
    best = 1e9
    for _ in range(5):
        start = time.process_time(); work(); best = min(best, time.process_time() - start)
    return best * 1e9
def build(part):
    sketch = datasketches.kll_floats_sketch(200); sketch.update(part); return sketch
shards = [build(values[i::1000]) for i in range(1000)]
def merge():
    total = datasketches.kll_floats_sketch(200)
    for shard in shards: total.merge(shard)
print(json.dumps({"version": "datasketches " + version("datasketches"), "update": timed(lambda: build(values)) / n, "merges": timed(merge) / 1e6, "bytes": len(build(values).serialize())}))
`

/** The best processor time of ten rounds in nanoseconds. */
function timed(work: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 10 }, () => {
      const start = process.cpuUsage()
      work()
      const { user, system } = process.cpuUsage(start)
      return (user + system) * 1000
    }),
  )
}

const rng = createRng(1)
const values = Float64Array.from({ length: size }, () => rng.normal())
const built = (part: ArrayLike<number>): KllSketch => {
  const sketch = new KllSketch({ precision: 'single' })
  sketch.addAll(part)
  return sketch
}
const shards = Array.from({ length: 1000 }, (_, i) =>
  KllSketch.fromSorted(values.filter((_value, at) => at % 1000 === i).sort(), { precision: 'single' }),
)
const oneByOne = timed(() => {
  const sketch = new KllSketch({ precision: 'single' })
  for (const value of values) sketch.add(value)
})
const merges = timed(() => {
  const total = new KllSketch({ precision: 'single' })
  for (const shard of shards) total.merge(shard)
})
const sketch = built(values)
const sorted = values.slice().sort()
let error = 0
for (let i = 1; i < 100; i++) {
  const value = sketch.quantile(i / 100)
  const rank = sorted.filter((item) => item <= value).length / size
  error = Math.max(error, Math.abs(rank - i / 100))
}
/** Profiles of one numeric column: of values at hand, and of a stream of batches of 10,000. */
const table = (part: Float64Array): Table => tableOf([makeColumn('x', { type: 'float64', values: part })])
const streamed = (): ProfileBuilder => {
  const builder = new ProfileBuilder()
  for (let at = 0; at < size; at += 10_000) builder.add(table(values.subarray(at, at + 10_000)))
  return builder
}
const jsonBytes = ({ columns }: DriftProfile): number => JSON.stringify(columns).length
const ours = {
  profileUpdate: timed(streamed) / size,
  profileBytes: jsonBytes(new DriftDetector({ reference: 'sketch' }).fit(table(values)).profile()),
  streamedProfileBytes: jsonBytes(streamed().profile()),
  update: timed(() => built(values)) / size,
  oneByOne: oneByOne / size,
  merges: merges / 1e6,
  bytes: sketch.toBytes().length,
  error,
}
const peer = existsSync(python)
  ? (JSON.parse(spawnSync(python, ['-c', script, String(size)], { encoding: 'utf8' }).stdout) as Record<string, number> & {
      version: string
    })
  : undefined
const { model } = cpus()[0] ?? { model: 'unknown' }
const cell = (value: number | undefined, unit: string): string => (value === undefined ? '–' : `${value.toPrecision(3)} ${unit}`)
console.log(
  `KLL, k = 200, 32 bits, ${size} values, processor time, ${peer?.version ?? 'datasketches is not there'}, ${model}, Node ${process.version}\n`,
)
console.log('| what | millwright | DataSketches |\n| --- | --- | --- |')
console.log(`| a value, many at once | ${cell(ours.update, 'ns')} | ${cell(peer?.update, 'ns')} |`)
console.log(`| a value, one by one | ${cell(ours.oneByOne, 'ns')} | – |`)
console.log(`| a value of a profile, batch after batch | ${cell(ours.profileUpdate, 'ns')} | – |`)
console.log(`| 1,000 merges | ${cell(ours.merges, 'ms')} | ${cell(peer?.merges, 'ms')} |`)
console.log(`| bytes | ${ours.bytes} | ${peer?.bytes ?? '–'} |\n| largest rank error of 99 quantiles | ${(error * 100).toFixed(2)} % | – |`)
console.log(`| JSON of a profile's column, values at hand | ${ours.profileBytes} | – |`)
console.log(`| JSON of a profile's column, batch after batch | ${ours.streamedProfileBytes} | – |`)
console.log(`\n${JSON.stringify({ name: 'sketches', size, node: process.version, model, ours, peer })}`)
