/** Writes the `exports` map of package.json from the one list of entries. Run after adding a room or an adapter. */
import { readFileSync, writeFileSync } from 'node:fs'
import { exportsMap } from './exports-map'

const path = 'package.json'
const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
manifest.exports = exportsMap()
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
console.log(`${Object.keys(manifest.exports as object).length} entries written to package.json`)
