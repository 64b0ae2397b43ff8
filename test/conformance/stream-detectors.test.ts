import { describe, it } from 'vitest'
import { adwin } from '../../src/drift/streams/adwin'
import { ddm } from '../../src/drift/streams/ddm'
import { pageHinkley } from '../../src/drift/streams/page-hinkley'
import { bindChecks } from '../../src/testing/bind'
import { detectorChecks } from '../../src/testing/detector-checks'

const detectors = {
  'adwin()': () => adwin(),
  'adwin({ clock: 1 })': () => adwin({ clock: 1 }),
  'ddm()': () => ddm(),
  'pageHinkley()': () => pageHinkley(),
  'pageHinkley({ mode: up })': () => pageHinkley({ mode: 'up' }),
}

for (const [name, make] of Object.entries(detectors)) {
  describe(name, () => bindChecks(detectorChecks(), { make }, { it }))
}
