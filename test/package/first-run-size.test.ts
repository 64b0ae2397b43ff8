/** What a first run loads, with every chunk. */
import { describe, expect, it } from 'vitest'
import { firstRunCases, firstRunOf } from '../../scripts/first-run-size'
import { isFull } from '../support/effort'
import { root } from './source-graph'

// Bundling and executing the program takes more than a second, so it is a part of the full run.
describe.skipIf(!isFull)('a first run', () => {
  it.each(firstRunCases)('of $name stays below its ceiling', async (firstRun) => {
    const { gzipBytes, parts } = await firstRunOf(firstRun, root)
    console.info(`${firstRun.name}: ${(gzipBytes / 1000).toFixed(1)} kB of ${firstRun.ceiling / 1000} kB`)
    expect(gzipBytes).toBeGreaterThan(20_000)
    expect(gzipBytes).toBeLessThanOrEqual(firstRun.ceiling)
    for (const part of ['src/learn', 'src/predictor', 'src/report', 'src/adapters/onnxruntime', '@zip.js/zip.js', 'd3-scale']) {
      expect([...parts.keys()], 'a first run needs no such part').not.toContain(part)
    }
  })
})
