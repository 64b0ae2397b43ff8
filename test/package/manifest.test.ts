/** package.json tells the truth about entries, dependencies and peers. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportsMap, sourcePaths } from '../../scripts/exports-map'
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

/** The optional peers that the sources load, with `loadPeer`. */
const peers = new Set(
  sourceFiles().flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bloadPeer(?:<\w+>)?\(\s*'([^']+)'/g)].map(([, name = '']) => name),
  ),
)

describe('package.json', () => {
  it('exports just the entries there are, and TypeScript finds their sources', () => {
    expect(manifest.exports).toEqual(exportsMap())
    const config = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { compilerOptions: { paths: unknown } }
    expect(config.compilerOptions.paths).toEqual(sourcePaths())
  })

  it('has the chosen runtime dependencies (docs/decisions), each used', () => {
    const chosen = [
      '@bufbuild/protobuf',
      '@exodus/bytes',
      '@noble/hashes',
      '@rgrove/parse-xml',
      '@zip.js/zip.js',
      'aws4fetch',
      'crc-32',
      'croner',
      'd3-array',
      'd3-format',
      'd3-scale',
      'd3-shape',
      'd3-time-format',
      'eventemitter3',
      'js-yaml',
      'simple-statistics',
      'zod',
    ]
    expect(Object.keys(manifest.dependencies).sort()).toEqual(chosen)
    for (const name of Object.keys(manifest.dependencies)) expect(imported.has(name), `${name} is imported`).toBe(true)
  })

  it('imports no other package: optional peers come through loadPeer', () => {
    expect([...imported.keys()].filter((name) => !(name in manifest.dependencies))).toEqual([])
  })

  it('declares as optional peers just the packages that are loaded as such', () => {
    expect(Object.keys(manifest.peerDependencies).sort()).toEqual([...peers].sort())
    for (const name of peers) expect(manifest.peerDependenciesMeta[name], `${name} is optional`).toEqual({ optional: true })
  })

  it('is side-effect free ESM with a supported Node range, and ships dist', () => {
    expect(manifest.sideEffects).toBe(false)
    expect(manifest.type).toBe('module')
    expect(manifest.engines.node).toBe('>=20.19')
    expect(manifest.files).toContain('dist')
  })
})

describe('the top level', () => {
  it('has what stands in every checkout', () => {
    const wanted = ['package.json', 'tsconfig.json', 'tsup.config.ts', 'src', 'test', 'docs', 'examples', 'CHANGELOG.md', 'README.md']
    expect(wanted.filter((name) => !existsSync(join(root, name)))).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')

  it('records no registry address', () => {
    expect(lock).not.toMatch(/"resolved":\s*"https?:/)
  })

  it('marks no package as having an install script, so that no npm runs one; `npm run sync` takes the marks out', () => {
    expect(lock).not.toContain('hasInstallScript')
  })
})
