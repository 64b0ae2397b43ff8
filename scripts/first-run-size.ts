/**
 * Weighs what a first run loads: Rolldown, the bundler of Vite, splits the program into chunks, the program is executed, and the chunks that it loaded
 * are added up, each gzipped by itself as a server sends it. What an `import()` loads later counts like what is there at the start.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'
import { memoryStorage } from '../src/adapters/memory/memory-storage'
import type { ObjectStore } from '../src/ports/object-store'
import { sourceOf } from './entries'

/** A program whose first run is weighed. */
export interface FirstRunCase {
  readonly name: string
  /** Module text that exports `run(storage?)`. */
  readonly code: string
  /** The ceiling in bytes, gzipped: what is measured and about 5 % more. Why it is above the aim of 45 kB: docs/decisions/0018-what-a-first-run-loads.md. */
  readonly ceiling: number
}

/** What a first run loaded. */
export interface FirstRun {
  readonly gzipBytes: number
  readonly chunks: readonly { readonly file: string; readonly gzipBytes: number }[]
  /** Room or package → share of `gzipBytes`: by its minified bytes, as gzip cannot be divided. Largest first. */
  readonly parts: ReadonlyMap<string, number>
}

/** The programs. Node has no IndexedDB, so they are executed on a memory storage that is handed in; the code of `indexeddbStorage` is in the bundle. */
export const firstRunCases: readonly FirstRunCase[] = [
  {
    name: 'tracker + registry on browser storage',
    code: `
      import { createTracker, ModelRegistry } from 'millwright'
      import { indexeddbStorage } from 'millwright/storage/indexeddb'
      export async function run(storage = indexeddbStorage({ name: 'mlops' })) {
        const tracker = createTracker({ storage })
        const registry = new ModelRegistry({ storage })
        const signature = { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'float64' }] }
        const model = { flavor: 'function', task: 'regression', signature, files: { 'model.json': new TextEncoder().encode('{}') } }
        await tracker.run({ experiment: 'flights' }, async (run) => {
          run.logParams({ depth: 3 })
          run.logMetric('loss', 0.5, { step: 1 })
          const version = await registry.register('flights', model, { run, metrics: { accuracy: 0.9 } })
          await registry.promote('flights', version, 'champion')
        })
        await tracker.close()
        return (await registry.resolve('flights@champion')).version
      }`,
    ceiling: 92_000,
  },
]

/** Splits, executes and weighs a program. */
export async function firstRunOf({ code }: FirstRunCase, root: string): Promise<FirstRun> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-first-run-'))
  try {
    const bundle = await rolldown({
      input: 'program',
      cwd: root,
      platform: 'browser',
      external: /^node:/,
      treeshake: { moduleSideEffects: (id) => !id.startsWith(join(root, 'src')) },
      logLevel: 'silent',
      plugins: [program(code, root)],
    })
    const { output } = await bundle.generate({ format: 'esm', minify: true })
    await bundle.close()
    const made = output.filter((file) => file.type === 'chunk')
    for (const { fileName, code } of made) {
      mkdirSync(dirname(join(folder, fileName)), { recursive: true })
      writeFileSync(join(folder, fileName), report(fileName) + code)
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const loaded = await execute(join(folder, made.find(({ isEntry }) => isEntry)?.fileName ?? ''))
    const chunks = made
      .filter(({ fileName }) => loaded.has(fileName))
      .map((chunk) => ({ ...chunk, gzipBytes: gzipSync(chunk.code, { level: 9 }).length }))
    return {
      gzipBytes: chunks.reduce((sum, chunk) => sum + chunk.gzipBytes, 0),
      chunks: chunks.map(({ fileName, gzipBytes }) => ({ file: fileName, gzipBytes })),
      parts: partsOf(chunks, root),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The program as a module, and `millwright…` as its sources. */
function program(code: string, root: string): Plugin {
  return {
    name: 'program',
    resolveId(id) {
      if (id === 'program') return join(root, 'program.js')
      const source = sourceOf(id)
      return source === undefined ? null : join(root, source)
    },
    load: (id) => (id === join(root, 'program.js') ? code : null),
  }
}

/** Makes a chunk tell when it is executed. It is not weighed. */
function report(fileName: string): string {
  return `globalThis.firstRunChunks.add(${JSON.stringify(fileName)});\n`
}

/** Runs the program. @returns the chunks that were executed */
async function execute(entry: string): Promise<ReadonlySet<string>> {
  const executed = new Set<string>()
  Object.assign(globalThis, { firstRunChunks: executed })
  const { run } = (await import(pathToFileURL(entry).href)) as { run(storage: ObjectStore): Promise<unknown> }
  const version = await run(memoryStorage())
  if (version !== '1') throw new Error(`the program should have registered version 1, got ${String(version)}`)
  return executed
}

/** Divides the gzipped size of each chunk by the minified lengths of its modules, as gzip itself cannot be divided. */
function partsOf(chunks: readonly (OutputChunk & { readonly gzipBytes: number })[], root: string): Map<string, number> {
  const parts = new Map<string, number>()
  for (const { modules, gzipBytes } of chunks) {
    const lengths = Object.entries(modules).map(([id, { renderedLength }]) => [partOf(relative(root, id)), renderedLength] as const)
    const total = lengths.reduce((sum, [, length]) => sum + length, 0)
    for (const [part, length] of lengths) parts.set(part, (parts.get(part) ?? 0) + (gzipBytes * length) / Math.max(1, total))
  }
  return new Map([...parts].sort(([, a], [, b]) => b - a))
}

/** `src/run`, `src/adapters/mlruns`, `zod`, `@noble/hashes`, … */
function partOf(file: string): string {
  const [, packageName] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file) ?? []
  return (
    packageName ??
    dirname(file)
      .split('/')
      .slice(0, file.startsWith('src/adapters') ? 3 : 2)
      .join('/')
  )
}
