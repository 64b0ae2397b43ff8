/** Bundles a tiny program against the sources and tells what it weighs. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { sourceOf } from './entries.ts'

/** A bundle: its code, its gzipped size, what it still imports. */
export interface Bundle {
  readonly code: string
  readonly gzipBytes: number
  readonly externals: readonly string[]
}

/** Bundles `code` (ES module text that imports from `millwright…`) for browsers, minified. */
export async function bundleOf(code: string, root: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'browser'],
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    external: ['node:*'],
    plugins: [sources(root)],
  })
  const output = result.outputFiles[0]
  const meta = Object.values(result.metafile.outputs)[0]
  return {
    code: output?.text ?? '',
    gzipBytes: gzipSync(output?.contents ?? new Uint8Array(), { level: 9 }).length,
    externals: (meta?.imports ?? []).map(({ path }) => path),
  }
}

/** Resolves `millwright…` to the sources, with the package's promise that modules have no side effects. */
function sources(root: string): Plugin {
  return {
    name: 'sources',
    setup(context) {
      // What stands behind import() is a chunk of its own, loaded on first use: it does not weigh at the start.
      context.onResolve({ filter: /^\./ }, ({ path, kind }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
      context.onResolve({ filter: /^millwright(\/|$)/ }, ({ path }) => {
        const found = sourceOf(path)
        return found === undefined ? { errors: [{ text: `no source for ${path}` }] } : { path: join(root, found), sideEffects: false }
      })
    },
  }
}

/** Words of d3-format and of zip.js. No bundle below may have them: d3 comes with charts only, zip.js is loaded with the first archive. */
export const chartAndArchiveWords: readonly string[] = ['invalid format: ', 'central directory']

/** What is weighed: a name, the program, the ceiling in bytes (gzipped), words that must not appear in the bundle. */
export interface SizeCase {
  readonly name: string
  readonly code: string
  readonly ceiling: number
  readonly absent?: readonly string[]
}

/**
 * Every bundle with its ceiling: about a fifth more than an honest design needs. It stops accidents, such as a whole engine pulled in by one name;
 * it is no reason to write what a library does. Why: docs/decisions/0004-bundle-ceilings.md.
 */
export const sizeCases: readonly SizeCase[] = [
  {
    name: '`DriftDetector` alone',
    code: "export { DriftDetector } from 'millwright/drift'",
    ceiling: 30_000,
    absent: ['randomForest', 'mlruns', 'openapi'],
  },
  {
    name: '`BareDriftDetector`: `ks`, `chiSquare`, `psi`',
    code: "export { BareDriftDetector } from 'millwright/drift'",
    ceiling: 16_600,
    absent: ['andersonDarlingTest', 'KLL sketch', 'totalCount', 'randomForest', 'mlruns'],
  },
  { name: 'one streaming detector', code: "export { pageHinkley } from 'millwright/drift'", ceiling: 3_000, absent: ['mlruns', 'ksTest'] },
  {
    name: 'run + memory storage',
    code: "export { createBareTracker } from 'millwright/run'; export { memoryTracker } from 'millwright/tracker/memory'",
    ceiling: 12_000,
    absent: ['randomForest', 'openapi'],
  },
  {
    name: '`Dataset` + CSV',
    code: "export { Dataset } from 'millwright/dataset'; export { parseCsv, readCsv } from 'millwright/format/csv'",
    ceiling: 24_000,
    absent: ['mlruns', 'randomForest'],
  },
  { name: 'registry', code: "export { ModelRegistry } from 'millwright/registry'", ceiling: 40_000, absent: ['randomForest', 'openapi'] },
  {
    name: 'predictor + function runtime',
    code: "export { BarePredictor } from 'millwright/predictor'; export { functionRuntime } from 'millwright/runtime/function'",
    ceiling: 20_000,
    absent: ['randomForest', 'mlruns'],
  },
  { name: 'pipeline', code: "export { Pipeline } from 'millwright/pipeline'", ceiling: 10_000, absent: ['randomForest', 'openapi'] },
  {
    name: 'tracker + registry on memory storage',
    code: "export { createTracker, ModelRegistry, memoryStorage } from 'millwright'",
    ceiling: 45_000,
    absent: ['randomForest', 'openapi'],
  },
  {
    name: 'tracker + registry on browser storage',
    code: "export { createTracker, ModelRegistry } from 'millwright'; export { indexeddbStorage } from 'millwright/storage/indexeddb'",
    ceiling: 46_000,
    absent: ['randomForest', 'openapi'],
  },
  {
    name: 'all six modules',
    code: "export { Dataset, Run, createTracker, ModelRegistry, Predictor, DriftDetector, Pipeline } from 'millwright'",
    ceiling: 100_000,
  },
]
