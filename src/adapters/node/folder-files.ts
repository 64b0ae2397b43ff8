/** The files of a folder on disk, one after the other, for `run.logArtifacts`. */
import type { Dirent } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidArgument, show } from '../../core/errors'

/**
 * Every file below a folder with its relative path (with slashes on every system), ordered by name; each is read when the iteration reaches it.
 * Symbolic links are left out, because they may point outside of the folder; so are empty folders.
 *
 * @example await run.logArtifacts(folderFiles('./plots'), { under: 'plots' })
 * @throws InvalidArgument when there is no such folder
 */
export async function* folderFiles(folder: string): AsyncGenerator<readonly [path: string, bytes: Uint8Array], void> {
  if (typeof folder !== 'string' || folder === '') throw invalidArgument(`folderFiles takes the path of a folder, got ${show(folder)}`)
  yield* filesBelow(folder, '')
}

async function* filesBelow(folder: string, prefix: string): AsyncGenerator<readonly [string, Uint8Array], void> {
  for (const entry of await entriesOf(join(folder, prefix))) {
    const path = `${prefix}${entry.name}`
    if (entry.isDirectory()) yield* filesBelow(folder, `${path}/`)
    else if (entry.isFile()) yield [path, await readFile(join(folder, path))]
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    throw invalidArgument(`folderFiles: ${show(folder)} is no folder that can be read`, { cause })
  }
}
