/** Whether everything that versions need is there and is what its digest says. */
import { isMillwrightError } from '../../core/errors'
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import type { ObjectStore } from '../../ports/object-store'
import { getChunk } from './chunk-store'
import { type ChunkRef, chunksOf, keys } from './format'
import { readVersion, tagsOf } from './records'

/** Something that is not as it must be. */
export interface DatasetProblem {
  /** `flights@3`, or `flights@prod` for a tag. */
  readonly reference: string
  /** The object that is missing or damaged. */
  readonly key: string
  /** What is wrong, in a sentence. */
  readonly message: string
}

/** What is verified. */
interface VerifySettings {
  readonly store: ObjectStore
  readonly jobs: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress<'verify'> | undefined
}

/** Verifies versions, each chunk once. */
export async function verifyVersions(
  { store, jobs, signal, onProgress }: VerifySettings,
  versions: readonly { readonly name: string; readonly version: number }[],
): Promise<readonly DatasetProblem[]> {
  const problems: DatasetProblem[] = []
  const needed = new Map<string, { readonly chunk: ChunkRef; readonly reference: string }>()
  const live = new Set<string>()
  for (const { name, version } of versions) {
    throwIfAborted(signal)
    const reference = `${name}@${version}`
    try {
      const stored = await readVersion(store, name, version)
      if (stored === undefined || stored.kind === 'removed') continue
      live.add(reference)
      for (const chunk of chunksOf(stored)) if (!needed.has(chunk.digest)) needed.set(chunk.digest, { chunk, reference })
    } catch (error) {
      if (!isMillwrightError(error)) throw error
      problems.push({ reference, key: keys.version(name, version), message: error.message })
    }
  }
  const report = progressReporter(onProgress)
  let done = 0
  await forEach([...needed.values()], jobs, async ({ chunk, reference }) => {
    try {
      await getChunk(store, chunk.digest, signal)
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      problems.push({ reference, key: keys.chunk(chunk.digest), message: error.message })
    }
    report({ phase: 'verify', done: ++done, total: needed.size, unit: 'steps' })
  })
  for (const name of new Set(versions.map((one) => one.name))) {
    for (const [tag, target] of await tagsOf(store, name)) {
      const isKnown = versions.some((one) => one.name === name && one.version === target)
      if (isKnown && !live.has(`${name}@${target}`) && !problems.some(({ reference }) => reference === `${name}@${target}`)) {
        problems.push({
          reference: `${name}@${tag}`,
          key: keys.tag(name, tag),
          message: `the tag points to version ${target}, which was removed`,
        })
      }
    }
  }
  return problems.sort((a, b) => (a.key < b.key ? -1 : 1))
}
