/**
 * Writes the `exports` map of package.json from the one list of entries: run after adding a room or an adapter. Takes the marks of install
 * scripts out of package-lock.json: run after adding a dependency. An npm before 11.17 knows no `allowScripts` and runs what is marked;
 * onnxruntime-node's script downloads CUDA libraries, and fails where it cannot; esbuild's only makes its start faster.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { exportsMap } from './exports-map'

const path = 'package.json'
const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
manifest.exports = exportsMap()
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
console.log(`${Object.keys(manifest.exports as object).length} entries written to package.json`)

const lock = readFileSync('package-lock.json', 'utf8')
writeFileSync('package-lock.json', lock.replace(/^ *"hasInstallScript": true,\n/gm, ''))
