/** Byte ceilings of small bundles, and words that must not be in them. Raising one is a decision of its commit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundleOf, chartAndArchiveWords, sizeCases } from '../../scripts/bundle-size'
import { root } from './source-graph'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

describe('bundles, minified and gzipped', () => {
  it.each(sizeCases)('$name stays below its ceiling', async ({ name, code, ceiling, absent = [] }) => {
    const bundle = await bundleOf(code, root)
    console.info(`${name}: ${(bundle.gzipBytes / 1000).toFixed(1)} kB of ${ceiling / 1000} kB`)
    expect(bundle.gzipBytes).toBeGreaterThan(300)
    expect(bundle.gzipBytes).toBeLessThanOrEqual(ceiling)
    const stated = Number(readme.match(new RegExp(`^\\| ${name.replace(/[+]/g, '\\+')} \\| ([\\d.]+) \\|$`, 'm'))?.[1])
    expect(Math.abs(stated - bundle.gzipBytes / 1000), `README says ${stated} kB: npm run sizes`).toBeLessThan(0.3)
    expect(bundle.externals.filter((path) => path.startsWith('node:'))).toEqual([])
    for (const word of [...absent, ...chartAndArchiveWords]) expect(bundle.code.includes(word), `"${word}" in ${name}`).toBe(false)
  })

  it('of charts have d3, so that its absence elsewhere says something', async () => {
    const { code } = await bundleOf("export { lineChart } from 'millwright/report'", root)
    expect(code).toContain(chartAndArchiveWords[0])
  })
})
