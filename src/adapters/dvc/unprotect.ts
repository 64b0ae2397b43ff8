/** Makes files that are links to the cache files of their own again, which may be changed. */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { throwIfAborted } from '../../core/signal'
import { readChunks } from './hashes'
import { createIgnore } from './ignore'
import { makeWritable } from './links'
import { assertNoLinks } from './paths'
import type { DvcOutput } from './pointers'
import type { Project } from './project'
import { findFiles } from './workspace'

/** Copies what is shared with the cache, and makes files of the outputs writable that are not. @returns paths of the files that were copied */
export async function unprotectOutputs(
  project: Project,
  outputs: readonly DvcOutput[],
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  const copied: string[] = []
  for (const output of outputs) {
    if (output.isOutside) continue
    await assertNoLinks(project.root, output.path, 'unprotect')
    for (const { full, stats, isLink } of (await findFiles(project.root, output.path, createIgnore(project.root), { signal })).files) {
      throwIfAborted(signal)
      const path = join(project.root, full)
      const isProgram = output.isExecutable || (!isLink && (stats.mode & 0o100) !== 0)
      if (isLink || lstatSync(path).nlink > 1) {
        await project.replace(full, readChunks(path, signal), { mode: isProgram ? 0o777 : 0o666, signal })
        copied.push(full)
      } else if ((stats.mode & 0o200) === 0) makeWritable(path, isProgram)
    }
  }
  return copied.sort()
}
