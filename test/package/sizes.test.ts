/** Byte ceilings of small bundles, and words that must not be in them. Raising one is a decision of its commit. */
import { describe, expect, it } from 'vitest'
import { bundleOf, sizeCases } from '../../scripts/bundle-size'
import { root } from './source-graph'

describe('bundles, minified and gzipped', () => {
  it.each(sizeCases)('$name stays below its ceiling', async ({ name, code, ceiling, absent = [] }) => {
    const bundle = await bundleOf(code, root)
    console.info(`${name}: ${(bundle.gzipBytes / 1000).toFixed(1)} kB of ${ceiling / 1000} kB`)
    expect(bundle.gzipBytes).toBeGreaterThan(300)
    expect(bundle.gzipBytes).toBeLessThanOrEqual(ceiling)
    expect(bundle.externals.filter((path) => path.startsWith('node:'))).toEqual([])
    for (const word of absent) expect(bundle.code.includes(word), `"${word}" in ${name}`).toBe(false)
  })
})
