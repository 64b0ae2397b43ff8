/** Streaming detectors beside the real river: the same positions of alarms on long streams that change again and again. */
import assert from 'node:assert/strict'
import { createRng } from '../../../src/core/random'
import { adwin, ddm, eddm, fhddm, hddmA, hddmW, pageHinkley } from '../../../src/drift'
import { python } from './_python'

const detectors = { adwin, pageHinkley, ddm, eddm, hddmA, hddmW, fhddm }
const streams: Record<string, number[]> = {}
for (let seed = 1; seed <= 5; seed++) {
  const rng = createRng(seed)
  let [rate, mean] = [0.2, 0]
  const change = (i: number): void => {
    if (i % 3000 !== 0) return
    rate = 0.05 + rng.next() * 0.6
    mean = rng.normal() * 3
  }
  streams[`bits ${seed}`] = Array.from({ length: 20_000 }, (_, i) => {
    change(i)
    return rng.next() < rate ? 1 : 0
  })
  streams[`reals ${seed}`] = Array.from({ length: 20_000 }, (_, i) => {
    change(i)
    return mean + rng.normal()
  })
}

const found = python<Readonly<Record<string, readonly number[]>>>('alarms.py', streams)
let alarms = 0
for (const [key, expected] of Object.entries(found)) {
  const [kind = '', ...rest] = key.split(' ')
  const detector = detectors[kind as keyof typeof detectors]()
  const own = (streams[rest.join(' ')] ?? []).flatMap((value, i) => (detector.update(value).driftDetected ? [i] : []))
  assert.deepEqual(own, expected, key)
  alarms += own.length
}
assert.ok(alarms > 50)
console.info(`river: ${Object.keys(found).length} detectors on streams of 20,000 values, ${alarms} alarms at the same positions`)
