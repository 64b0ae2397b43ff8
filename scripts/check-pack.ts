/**
 * Packs the package, installs the tarball in an empty folder and uses it there as a stranger would: ESM import,
 * `require`, and a TypeScript program under `strict` with `moduleResolution` nodenext (ESM and CommonJS) and bundler.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entries } from './entries'

/** The storage of docs/extend/storage.md, which knows the package by `millwright/ports` only: compiled here, and its suite run with `node:test`. */
function checkStorageOfDocs(): void {
  const snippet = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync('docs/extend/storage.md', 'utf8'))?.[1]
  if (snippet === undefined) throw new Error('docs/extend/storage.md has no TypeScript snippet')
  writeFileSync(join(folder, 'storage.mts'), snippet)
  const compilerOptions = {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    target: 'es2022',
    outDir: 'out-storage',
    types: ['node'],
    lib: ['es2022', 'dom'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['storage.mts'] }))
  run('npx', 'tsc', '-p', '.')
  const report = run('node', '--test', '--test-reporter=tap', 'out-storage/storage.mjs')
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(report)?.[1] ?? Number.NaN)
  // At least the checks that every store must pass; the optional methods that it lacks are skipped with a reason.
  if (count('fail') !== 0 || !(count('pass') >= 20)) throw new Error(`the storage of docs/extend/storage.md fails its suite\n${report}`)
  console.log(
    `the storage of docs/extend/storage.md, outside of the repository: ${count('pass')} tests pass, ${count('skipped')} skipped, 0 fail`,
  )
}

const folder = mkdtempSync(join(tmpdir(), 'millwright-pack-'))
const run = (command: string, ...args: string[]): string => {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')} failed\n${stdout}\n${stderr}`)
  }
}

try {
  const packed =
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? ''
  const version = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string; devDependencies: Record<string, string> }
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true }')
  run(
    'npm',
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    join(folder, packed),
    `typescript@${version.devDependencies.typescript}`,
    `@types/node@${version.devDependencies['@types/node']}`,
  )

  const subpaths = entries().map(({ subpath }) => `millwright${subpath.slice(1)}`)
  const all = JSON.stringify(subpaths)
  writeFileSync(
    join(folder, 'all.mjs'),
    `for (const name of ${all}) { const m = await import(name); if (Object.keys(m).length === 0) throw new Error(name + ' exports nothing') }\nconsole.log('ok')`,
  )
  writeFileSync(
    join(folder, 'all.cjs'),
    `for (const name of ${all}) { const m = require(name); if (Object.keys(m).length === 0) throw new Error(name + ' exports nothing') }\nconst a = require('millwright'), b = require('millwright/dataset'); if (a.Dataset !== b.Dataset) throw new Error('two copies of Dataset'); console.log('ok')`,
  )
  run('node', 'all.mjs')
  run('node', 'all.cjs')
  console.log(`ESM and CommonJS: ${subpaths.length} entries load, one copy of each class`)

  const program = readFileSync('examples/quickstart.ts', 'utf8')
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'penguins.csv'), readFileSync('examples/data/penguins.csv'))
  for (const [name, extension, options] of [
    ['nodenext, ESM', 'mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', 'ts', { module: 'esnext', moduleResolution: 'bundler' }],
  ] as const) {
    writeFileSync(join(folder, `program.${extension}`), program)
    const compilerOptions = {
      ...options,
      strict: true,
      target: 'es2022',
      noEmit: false,
      outDir: `out-${extension}`,
      types: ['node'],
      lib: ['es2022', 'dom'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [`program.${extension}`] }))
    run('npx', 'tsc', '-p', '.')
    console.log(`TypeScript, strict, ${name}: compiles without skipLibCheck`)
  }
  writeFileSync(
    join(folder, 'common.cts'),
    [
      "import { parseCsv, DriftDetector } from 'millwright'",
      // By subpaths too, in types and values: the class is the same one.
      "import { DriftDetector as BySubpath } from 'millwright/drift'",
      "import { ksTest } from 'millwright/stats'",
      "import type { ObjectStore } from 'millwright/ports'",
      "import { memoryStorage } from 'millwright/storage/memory'",
      "const t = parseCsv('a\\n1\\n2\\n')",
      'const store: ObjectStore = memoryStorage()',
      'const report = new BySubpath({ threshold: 0.05 }).fit(t).detect(t)',
      'console.log(report.driftDetected, ksTest([1, 2, 3], [1, 2, 4]).pValue === 1, DriftDetector === BySubpath, store.name)',
    ].join('\n'),
  )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        moduleResolution: 'nodenext',
        strict: true,
        target: 'es2022',
        outDir: 'out-cts',
        types: ['node'],
        lib: ['es2022', 'dom'],
      },
      files: ['common.cts'],
    }),
  )
  run('npx', 'tsc', '-p', '.')
  console.log(`TypeScript, strict, nodenext, CommonJS: ${run('node', 'out-cts/common.cjs').trim()}`)
  console.log(run('node', 'out-mts/program.mjs').trim())
  checkStorageOfDocs()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
