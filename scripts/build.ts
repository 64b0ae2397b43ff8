/**
 * Builds `dist/`: JavaScript as ES modules and CommonJS, and the declarations. TypeScript writes a declaration beside each source
 * (`tsconfig.build.json`), tsup (`tsup.config.ts`) joins them to one file an entry and the shared parts; both once, for ES modules. The declarations
 * for `require` are the same text with the names of the CommonJS files.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { declarationFolder, declarations, javascript } from '../tsup.config.ts'

/** Runs TypeScript's compiler beside the bundler. */
function emitDeclarations(): Promise<void> {
  rmSync(declarationFolder, { recursive: true, force: true })
  const child = spawn(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tsc -p tsconfig.build.json ended with ${code}`))))
  })
}

/** Writes a `.d.cts` for each `.d.ts`: the same declarations, whose relative imports lead to the files of CommonJS. */
function deriveCommonJs(): void {
  const relative = /(from\s*|import\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+)\.js\2/g
  for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue
    const text = readFileSync(join('dist', file), 'utf8').replace(relative, '$1$2$3.cjs$2')
    writeFileSync(join('dist', file.replace(/\.d\.ts$/, '.d.cts')), text)
  }
}

const started = performance.now()
await Promise.all([emitDeclarations(), build({ ...javascript, config: false, silent: true })])
await build({ ...declarations, config: false, silent: true })
deriveCommonJs()
console.log(`dist: ${readdirSync('dist', { recursive: true }).length} files in ${((performance.now() - started) / 1000).toFixed(1)} s`)
