/** The runs that this process writes to: one write at a time for each, and what is known of its files. */
import { paramConflict } from '../../ports/run-keys'
import type { KnownFiles } from './known-files'
import { createMetricWriter, type MetricWriter } from './metric-writer'
import type { Place } from './places'
import type { Tree } from './tree'

/** A param's key and value. */
type Param = readonly [key: string, value: string]

interface OpenRun {
  /** The write under way. */
  lastWrite: Promise<unknown>
  /** Params that are stored with this value. */
  readonly params: Map<string, string>
  metrics: { readonly base: string; readonly writer: MetricWriter } | undefined
}

/** The open runs of one tree. */
export class OpenRuns {
  readonly #tree: Tree
  readonly #knownFiles: KnownFiles
  readonly #runs = new Map<string, OpenRun>()

  constructor(tree: Tree, knownFiles: KnownFiles) {
    this.#tree = tree
    this.#knownFiles = knownFiles
  }

  /** Runs `work` after every earlier write to the run. */
  inTurn<T>(runId: string, work: () => Promise<T>): Promise<T> {
    const run = this.#run(runId)
    const result = run.lastWrite.then(work)
    run.lastWrite = result.catch(() => {})
    return result
  }

  /** Forgets a run that has ended. */
  close(runId: string): void {
    this.#runs.delete(runId)
  }

  /** The writer of a run's metric files. A new one is made when the run was moved to the trash or back. */
  metricWriter(runId: string, base: string): MetricWriter {
    const run = this.#run(runId)
    if (run.metrics?.base !== base) run.metrics = { base, writer: createMetricWriter(this.#tree, `${base}metrics/`) }
    return run.metrics.writer
  }

  /** Checks params against those stored. @throws Conflict */
  async assertParams(place: Place, runId: string, params: readonly Param[]): Promise<void> {
    const known = this.#run(runId).params
    const unknown = params.filter(([key]) => !known.has(key)).map(([key]) => key)
    const folder = this.#knownFiles.folder(this.#knownFiles.group(place.experiment), runId)
    const stored = await this.#knownFiles.read(unknown.map((key) => ({ folder, path: `params/${key}` })))
    for (const [key, value] of params) {
      const held = known.get(key) ?? (stored[unknown.indexOf(key)] as string | undefined)
      if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
    }
  }

  /** Writes a param once. @throws Conflict if another process wrote another value */
  async writeParam(base: string, runId: string, [key, value]: Param): Promise<void> {
    const known = this.#run(runId).params
    if (known.has(key)) return
    if (!(await this.#tree.writeOnce(`${base}params/${key}`, value))) {
      const held = await this.#tree.read(`${base}params/${key}`)
      if (held !== undefined && held !== value) throw paramConflict(runId, key, held, value)
    }
    known.set(key, value)
  }

  #run(runId: string): OpenRun {
    const held = this.#runs.get(runId)
    if (held !== undefined) return held
    const run: OpenRun = { lastWrite: Promise.resolve(), params: new Map(), metrics: undefined }
    this.#runs.set(runId, run)
    return run
  }
}
