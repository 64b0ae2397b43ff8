// Bundles one TypeScript program of this repository (examples, benches, scripts) and runs it:
//   node scripts/run.mjs examples/quickstart.ts [arguments…]
// `millwright` and its subpaths lead to the sources, so no build is needed first.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { threadPrograms } from './thread-programs.mjs'

const root = findRoot(fileURLToPath(import.meta.url))
/** Subpath → source file. */
const sources = JSON.parse(readFileSync(join(root, 'scripts', 'entries.json'), 'utf8'))

/** The nearest folder above `file` with this package's sources; bundled into another program, this file lies elsewhere. */
function findRoot(file) {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'src', 'core'))) return folder
  }
  return process.cwd()
}

/** Bundles `source` (a path) into `outfile` with the package's names leading to its sources. */
export async function bundle(source, outfile, { inlinePackages = false, ...options } = {}) {
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    sourcemap: 'inline',
    // A program finds its data beside its own source, not beside the bundle.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(resolve(source)).href) },
    plugins: [toSources(inlinePackages), threadPrograms()],
    ...options,
  })
}

/** Resolves `millwright…` to the sources; other packages are left to Node, or bundled for pages (optional engines never are). */
const toSources = (inlinePackages) => ({
  name: 'millwright-sources',
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, async ({ path, kind }) => {
      if (kind === 'entry-point' || path.startsWith('/')) return undefined
      if (path === 'millwright' || path.startsWith('millwright/')) {
        const source = sources[`.${path.slice('millwright'.length)}`]
        if (source) return { path: join(root, source), sideEffects: false }
        return { errors: [{ text: `no source for ${path}` }] }
      }
      return inlinePackages && !/^(onnxruntime|@tensorflow|better-sqlite3)/.test(path) ? undefined : { path, external: true }
    })
  },
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [source, ...rest] = process.argv.slice(2)
  if (source === undefined) {
    console.error('usage: node scripts/run.mjs <program.ts> [arguments…]')
    process.exit(2)
  }
  const folder = join(root, 'node_modules', '.millwright', `${basename(dirname(resolve(source)))}-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, `${basename(source, '.ts')}.mjs`)
  await bundle(source, outfile)
  const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...rest], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    rmSync(folder, { recursive: true, force: true })
    process.exitCode = code ?? (signal === null ? 1 : 1)
  })
}
