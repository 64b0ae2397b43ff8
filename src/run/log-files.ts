/** Many files, one after the other, as fast as they are stored. Loaded on first use. */
import { invalidArgument, show } from '../core/errors'
import { anything, checkOptions, nonEmptyString } from '../core/options'
import { throwIfAborted } from '../core/signal'
import type { ArtifactContent, ArtifactFiles } from './artifact-content'
import type { LogArtifactsOptions } from './run-context'

/** A run, as far as it is used. */
interface FileLog {
  ready(): Promise<boolean>
  logArtifact(path: string, content: ArtifactContent): void
  flush(): Promise<void>
}

/** See `run.logArtifacts`. */
export async function logFiles(run: FileLog, files: ArtifactFiles, options: LogArtifactsOptions): Promise<number> {
  checkOptions('logArtifacts', options, { under: nonEmptyString(), signal: anything() })
  if (typeof files !== 'object' || files === null) throw invalidArgument(`logArtifacts takes paths and contents, got ${show(files)}`)
  const { under, signal } = options
  const pairs = Symbol.asyncIterator in files || Symbol.iterator in files ? files : Object.entries(files)
  let count = 0
  for await (const [path, content] of pairs as AsyncIterable<readonly [string, ArtifactContent]>) {
    throwIfAborted(signal)
    await run.ready()
    run.logArtifact(under === undefined ? path : `${under}/${path}`, content)
    count++
  }
  await run.flush()
  return count
}
