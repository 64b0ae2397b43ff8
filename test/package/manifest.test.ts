/** package.json tells the truth about entries, dependencies and peers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportsMap } from '../../scripts/exports-map'
import { edgesOf, root, sourceFiles } from './source-graph'

interface Manifest {
  readonly exports: unknown
  readonly dependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>
  readonly sideEffects: unknown
  readonly type: string
  readonly engines: { node: string }
  readonly files: string[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** `@scope/name/sub` → `@scope/name`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const imported = new Map<string, Set<'static' | 'dynamic'>>()
for (const file of sourceFiles()) {
  for (const edge of edgesOf(file)) {
    if (edge.file !== undefined || edge.typeOnly || edge.specifier.startsWith('node:')) continue
    const name = packageName(edge.specifier)
    imported.set(name, (imported.get(name) ?? new Set()).add(edge.dynamic ? 'dynamic' : 'static'))
  }
}

describe('package.json', () => {
  it('exports just the entries there are', () => {
    expect(manifest.exports).toEqual(exportsMap())
  })

  it('has the chosen runtime dependencies (docs/decisions), each used', () => {
    const chosen = ['@noble/hashes', 'eventemitter3', 'js-yaml', 'simple-statistics', 'zod']
    expect(Object.keys(manifest.dependencies).sort()).toEqual(chosen)
    for (const name of Object.keys(manifest.dependencies)) expect(imported.has(name), `${name} is imported`).toBe(true)
  })

  it('declares every other package as an optional peer, loaded lazily', () => {
    for (const [name, kinds] of imported) {
      if (name in manifest.dependencies) continue
      expect(manifest.peerDependencies, `${name} is a peer`).toHaveProperty([name])
      expect(manifest.peerDependenciesMeta[name]?.optional, `${name} is optional`).toBe(true)
      expect([...kinds], `${name} is loaded with import()`).toEqual(['dynamic'])
    }
  })

  it('is side-effect free ESM with a supported Node range, and ships dist', () => {
    expect(manifest.sideEffects).toBe(false)
    expect(manifest.type).toBe('module')
    expect(manifest.engines.node).toBe('>=20.19')
    expect(manifest.files).toContain('dist')
  })
})

describe('package-lock.json', () => {
  it('records no registry address', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved":\s*"https?:/)
  })
})
