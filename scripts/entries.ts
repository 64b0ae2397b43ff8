/** The one list of public entries, derived from the folders; tsup, vitest and the package tests all use it. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One public entry: its subpath in `exports`, its source file, its name in `dist/`. */
export interface Entry {
  readonly subpath: string
  readonly source: string
  readonly output: string
}

const root = findRoot()
/** Adapter folder → first part of the public subpath. */
const adapterFolders = ['storage', 'tracker', 'registry', 'runtime', 'format', 'executor', 'alert', 'metrics']

/**
 * Every entry: `src/{index,node,browser}.ts`, each room with an `index.ts` (or that is a file), each adapter.
 * An adapter file or folder whose name starts with `_` is internal.
 */
export function entries(): Entry[] {
  const list: Entry[] = [{ subpath: '.', source: 'src/index.ts', output: 'index' }]
  for (const name of ['node', 'browser']) {
    if (existsSync(`${root}src/${name}.ts`)) list.push({ subpath: `./${name}`, source: `src/${name}.ts`, output: name })
  }
  for (const room of readdirSync(`${root}src`).sort()) {
    if (existsSync(`${root}src/${room}/index.ts`)) list.push({ subpath: `./${room}`, source: `src/${room}/index.ts`, output: room })
  }
  for (const folder of adapterFolders) {
    const path = `${root}src/adapters/${folder}`
    if (!existsSync(path)) continue
    for (const file of readdirSync(path).sort()) {
      if (file.startsWith('_')) continue
      const name = file.replace(/\.ts$/, '')
      const source = file.endsWith('.ts') ? `src/adapters/${folder}/${file}` : `src/adapters/${folder}/${file}/index.ts`
      if (existsSync(root + source)) list.push({ subpath: `./${folder}/${name}`, source, output: `${folder}/${name}` })
    }
  }
  return list
}

/** The repository's folder: the nearest one above this file (or the working directory) that holds package.json and src. */
function findRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'src', 'core'))) return `${folder}/`
  }
  return `${process.cwd()}/`
}
