/** Objects between the cache and a remote, and whether they are what their names say. */
import { forEach } from '../../core/parallel'
import { type OnProgress, progressReporter } from '../../core/progress'
import { throwIfAborted } from '../../core/signal'
import { filesOf } from './compare'
import { keyOf, type ObjectId, type ObjectPlace, problemOf } from './places'
import type { DvcOutput } from './pointers'
import type { Project } from './project'

/** What `push` and `fetch` did, in objects. */
export interface DvcTransfer {
  readonly copied: number
  /** Objects that were there before. */
  readonly present: number
}

/** Content that `verify` did not find as it must be. */
export interface DvcProblem {
  readonly output: DvcOutput
  /** Path below the root of the file or, for a manifest, of the folder. */
  readonly path: string
  /** Key of the object in the cache or remote. */
  readonly key: string
  readonly problem: 'missing' | 'damaged'
  /** The cache, or the remote's name. */
  readonly place: string
}

/** Options of a transfer. */
export interface TransferOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress<'copy'> | undefined
}

/** The cache or remote that holds an output. */
type PlaceOf = (output: DvcOutput) => Promise<ObjectPlace>

/** Copies what outputs need; files before their manifest, so that a manifest that is there is complete. @throws NotFound, Corrupt */
export async function copyOutputs(
  project: Project,
  outputs: readonly DvcOutput[],
  { from, to }: { readonly from: PlaceOf; readonly to: PlaceOf },
  options: TransferOptions,
): Promise<DvcTransfer> {
  const { signal } = options
  const report = progressReporter(options.onProgress)
  let [copied, present] = [0, 0]
  for (const output of outputs) {
    if (!output.isCached || output.isOutside || (output.md5 === undefined && output.files === undefined)) continue
    const [source, target] = [await from(output), await to(output)]
    const copy = async (id: ObjectId): Promise<void> => {
      throwIfAborted(signal)
      if ((await target.sizeOf(id, signal)) !== undefined) present++
      else {
        await target.write(id, source.chunks(id, signal), signal)
        copied++
      }
    }
    const manifest = manifestOf(output)
    const hasManifest = manifest !== undefined && (await source.sizeOf(manifest, signal)) !== undefined
    // Where the manifest is on the other side only, the files may still be missing here.
    const entries = await filesOf(output, manifest === undefined || hasManifest ? source : target, signal)
    const hashes = [...new Set(entries.map(({ md5 }) => md5))]
    await forEach(hashes, project.jobs, async (hash) => {
      await copy({ hash, scheme: output.scheme })
      report({ phase: 'copy', done: copied + present, unit: 'steps' })
    })
    if (manifest !== undefined) await copy(manifest)
  }
  report({ phase: 'copy', done: copied + present, total: copied + present, unit: 'steps' })
  return { copied, present }
}

function manifestOf(output: DvcOutput): ObjectId | undefined {
  return output.kind === 'folder' && output.files === undefined ? { hash: `${output.md5}.dir`, scheme: output.scheme } : undefined
}

/** Reads every object that outputs need and compares it with its hash. */
export async function verifyOutputs(
  project: Project,
  outputs: readonly DvcOutput[],
  placeOf: PlaceOf,
  options: TransferOptions,
): Promise<readonly DvcProblem[]> {
  const { signal } = options
  const report = progressReporter(options.onProgress)
  const problems: DvcProblem[] = []
  const seen = new Map<string, DvcProblem['problem'] | undefined>()
  for (const output of outputs) {
    if (!output.isCached || output.isOutside || (output.md5 === undefined && output.files === undefined)) continue
    const place = await placeOf(output)
    const check = async (id: ObjectId, path: string): Promise<boolean> => {
      const key = keyOf(id)
      const at = `${place.name} ${key}`
      if (!seen.has(at)) seen.set(at, await problemOf(place, id, signal))
      const problem = seen.get(at)
      if (problem !== undefined) problems.push({ output, path, key, problem, place: place.name })
      report({ phase: 'copy', done: seen.size, unit: 'steps' })
      return problem === undefined
    }
    const manifest = manifestOf(output)
    if (manifest !== undefined && !(await check(manifest, output.path))) continue
    await forEach(await filesOf(output, place, signal), project.jobs, async ({ path, md5 }) => {
      await check({ hash: md5, scheme: output.scheme }, path === '' ? output.path : `${output.path}/${path}`)
    })
  }
  report({ phase: 'copy', done: seen.size, total: seen.size, unit: 'steps' })
  return problems.sort((a, b) => (a.path < b.path ? -1 : 1))
}
