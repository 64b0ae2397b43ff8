/** Updates per second of the streaming detectors, against river. Needs the Python of the lane evidently. Prints a table and JSON. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { createRng } from '../src/core/random'
import { adwin, ddm, eddm, fhddm, hddmA, hddmW, kswin, pageHinkley } from '../src/drift'
import type { Detector } from '../src/ports/detector'

const size = Number(process.argv[2] ?? 200_000)
const python = process.env.MILLWRIGHT_EVIDENTLY ?? '.venvs/evidently/bin/python'

/** Our detector, river's, and the share of the stream that river is given, because KSWIN takes half a millisecond a value there. */
const pairs: Readonly<Record<string, { readonly make: () => Detector; readonly peer: string; readonly share: number }>> = {
  adwin: { make: () => adwin(), peer: 'drift.ADWIN()', share: 1 },
  pageHinkley: { make: () => pageHinkley(), peer: 'drift.PageHinkley()', share: 1 },
  kswin: { make: () => kswin({ seed: 1 }), peer: 'drift.KSWIN(seed=1)', share: 0.02 },
  ddm: { make: () => ddm(), peer: 'drift.binary.DDM()', share: 1 },
  eddm: { make: () => eddm(), peer: 'drift.binary.EDDM()', share: 1 },
  hddmA: { make: () => hddmA(), peer: 'drift.binary.HDDMA()', share: 1 },
  hddmW: { make: () => hddmW(), peer: 'drift.binary.HDDMW()', share: 1 },
  fhddm: { make: () => fhddm(), peer: 'drift.binary.FHDDM()', share: 1 },
}

const script = `
import json, random, sys, time, river
from river import drift
rng = random.Random(1)
size = int(sys.argv[1])
bits = [1 if rng.random() < 0.2 else 0 for _ in range(size)]
reals = [rng.gauss(0, 1) for _ in range(size)]
out = {}
for name, code, share in json.loads(sys.argv[2]):
    values = (reals if name in ("adwin", "pageHinkley", "kswin") else bits)[: int(size * share)]
    times = []
    for _ in range(4):
        detector = eval(code)
        start = time.process_time()
        for x in values: detector.update(x)
        times.append((time.process_time() - start) * 1e9 / len(values))
    out[name] = min(times)
print(json.dumps({"version": "river " + river.__version__, "out": out}))
`

const rng = createRng(1)
const bits = Array.from({ length: size }, () => (rng.next() < 0.2 ? 1 : 0))
const reals = Array.from({ length: size }, () => rng.normal())

/**
 * Gives each kind of stream a loop of its own: a loop that has seen lists of whole numbers and lists of fractions makes an object of every number that it
 * passes on, which costs more than most of these updates.
 */
const loops = {
  bits: (detector: Detector, values: readonly number[]): void => {
    for (const value of values) detector.update(value)
  },
  reals: (detector: Detector, values: readonly number[]): void => {
    for (const value of values) detector.update(value)
  },
}

/** Processor time of an update in nanoseconds: the best of eight rounds, the first of which warm up. */
function nanoseconds({ make }: { readonly make: () => Detector }): number {
  const [loop, values] = make().capabilities.realValues ? [loops.reals, reals] : [loops.bits, bits]
  const run = (): number => {
    const detector = make()
    const start = process.cpuUsage()
    loop(detector, values)
    const { user, system } = process.cpuUsage(start)
    return ((user + system) * 1000) / values.length
  }
  return Math.min(...Array.from({ length: 8 }, run))
}

const given = JSON.stringify(Object.entries(pairs).map(([name, { peer, share }]) => [name, peer, share]))
const peer = existsSync(python)
  ? (JSON.parse(spawnSync(python, ['-c', script, String(size), given], { encoding: 'utf8' }).stdout) as {
      readonly version: string
      readonly out: Readonly<Record<string, number>>
    })
  : undefined
const { model } = cpus()[0] ?? { model: 'unknown' }
console.log(`${size} values, processor time of one update, ${peer?.version ?? 'river is not there'}, ${model}, Node ${process.version}\n`)
console.log('| detector | millwright | river | ratio |\n| --- | --- | --- | --- |')
const rows = Object.entries(pairs).map(([name, pair]) => {
  const ours = nanoseconds(pair)
  const theirs = peer?.out[name]
  console.log(
    `| \`${name}\` | ${ours.toFixed(0)} ns | ${theirs?.toFixed(0) ?? '–'} ns | ${theirs === undefined ? '–' : (theirs / ours).toFixed(0)} |`,
  )
  return { name, ours, theirs, ratio: theirs === undefined ? undefined : theirs / ours }
})
console.log("\nriver's ADWIN is compiled (Cython); its other detectors are Python.")
console.log(`\n${JSON.stringify({ name: 'streams', size, node: process.version, model, peer: peer?.version, rows })}`)
