import { describe, it } from 'vitest'
import { adwin, cusum, ddm, eddm, fhddm, hddmA, hddmW, kswin, pageHinkley } from '../../src/drift'
import { bindChecks } from '../../src/testing/bind'
import { detectorChecks } from '../../src/testing/detector-checks'

const detectors = {
  'adwin()': () => adwin(),
  'adwin({ clock: 1 })': () => adwin({ clock: 1 }),
  'cusum({ threshold: 20 })': () => cusum({ threshold: 20 }),
  'ddm()': () => ddm(),
  'eddm({ alpha: 0.8, beta: 0.6 })': () => eddm({ alpha: 0.8, beta: 0.6 }),
  'fhddm({ ones: error })': () => fhddm({ ones: 'error' }),
  'hddmA()': () => hddmA(),
  'hddmA({ twoSided: true })': () => hddmA({ twoSided: true }),
  'hddmW()': () => hddmW(),
  'kswin({ alpha: 1e-6 })': () => kswin({ alpha: 1e-6 }),
  'kswin({ alpha: 1e-6, seed: 1 })': () => kswin({ alpha: 1e-6, seed: 1 }),
  'pageHinkley()': () => pageHinkley(),
  'pageHinkley({ mode: up })': () => pageHinkley({ mode: 'up' }),
}

for (const [name, make] of Object.entries(detectors)) {
  describe(name, () => bindChecks(detectorChecks(), { make }, { it }))
}
