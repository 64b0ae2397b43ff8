/**
 * Writes the entries of `entries.json` into package.json (`exports`) and tsconfig.json (`paths`): run after changing the list. Takes the marks of install
 * scripts out of package-lock.json: run after adding a dependency. An npm before 11.16 knows no `allowScripts` and runs what is marked;
 * onnxruntime-node's script downloads CUDA libraries, and fails where it cannot; esbuild's only makes its start faster.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { exportsMap, sourcePaths } from './exports-map'

const path = 'package.json'
const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
manifest.exports = exportsMap()
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
console.log(`${Object.keys(manifest.exports as object).length} entries written to package.json`)

const config = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { compilerOptions: Record<string, unknown> }
config.compilerOptions.paths = sourcePaths()
writeFileSync('tsconfig.json', `${JSON.stringify(config, null, 2)}\n`)

const lock = readFileSync('package-lock.json', 'utf8')
writeFileSync('package-lock.json', lock.replace(/^ *"hasInstallScript": true,\n/gm, ''))
