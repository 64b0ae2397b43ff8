/** The checks of hostile names in tracker backends, for all kinds of names. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import type { DatasetInput, MetricPoint, RunBatch, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import type { Check } from './check'
import { expectEqual, expectThat } from './expect'
import { hostileNameParts, hostileNames } from './hostile-names'
import { history, newRun, trackerCheck } from './tracker-check'

/**
 * The checks of hostile names. A name is refused with a clear error before anything is written, or it is stored unchanged, found again and kept
 * apart from other names. Other records are not changed.
 */
export function trackerNameChecks(hostile: readonly string[] = hostileNames()): readonly Check<TrackerBackend>[] {
  return [
    trackerCheck('hostile keys of metrics, params and tags are refused or kept as they are', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      for (const kind of ['metric', 'param', 'tag'] as const) await checkKeys(subject, kind, hostile)
      await unharmed()
    }),
    trackerCheck('hostile values of params and tags are refused or kept as they are', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      await checkValues(subject, hostile)
      await unharmed()
    }),
    trackerCheck('hostile artifact paths are refused or kept as they are', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      await checkArtifacts(subject, hostile)
      await unharmed()
    }),
    ...hostileNameParts(hostile).map((names, part) =>
      trackerCheck(`hostile names of experiments are refused or kept as they are (${part + 1} of 3)`, async ({ subject }) => {
        const unharmed = await untouchedRun(subject)
        await checkExperiments(subject, names)
        await unharmed()
      }),
    ),
    trackerCheck('hostile names of runs are refused or kept as they are', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      await checkRuns(subject, hostile)
      await unharmed()
    }),
    trackerCheck('hostile names of datasets are refused or kept as they are', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      await checkDatasets(subject, hostile)
      await unharmed()
    }),
    trackerCheck('hostile names of logged models are refused or kept as they are', async ({ subject }) => {
      const { experimentId } = await subject.ensureExperiment('checks')
      for (const name of hostile) {
        const made = await madeOr('a model name', name, async () => subject.createModel({ experimentId, name, createdAt: 1 }))
        if (made !== undefined) expectEqual((await subject.getModel(made.modelId)).name, name, `model ${shown(name)}`)
      }
    }),
    trackerCheck('hostile ids find nothing and change nothing', async ({ subject }) => {
      const unharmed = await untouchedRun(subject)
      const { experimentId } = await subject.ensureExperiment('checks')
      for (const [at, id] of hostile.entries()) await checkId(subject, experimentId, id, at)
      await unharmed()
    }),
  ]
}

async function checkExperiments(subject: TrackerBackend, names: readonly string[]): Promise<void> {
  const kept = new Map<string, string>()
  for (const name of names) {
    const made = await madeOr('an experiment name', name, async () => subject.ensureExperiment(name))
    if (made !== undefined) kept.set(name, made.experimentId)
  }
  expectEqual(new Set(kept.values()).size, kept.size, 'how many experiments there are for so many names')
  const known = new Map((await subject.listExperiments()).map(({ name, experimentId }) => [name, experimentId]))
  for (const [name, id] of kept) {
    expectEqual(known.get(name), id, `experiment ${shown(name)} in the list`)
  }
  for (const [name, id] of [...kept].filter((_, at) => at % 3 === 0)) {
    expectEqual((await subject.ensureExperiment(name)).experimentId, id, `experiment ${shown(name)} found by its name`)
  }
}

/** Logs all keys to one run. Each batch also has a safe key, which must not be stored when the batch is refused. */
async function checkKeys(subject: TrackerBackend, kind: 'metric' | 'param' | 'tag', hostile: readonly string[]): Promise<void> {
  const batchOf = (some: readonly (readonly [number, string])[]): RunBatch => {
    const safePart = { [kind === 'tag' ? 'params' : 'tags']: { [safeKeyOf(some)]: 'v' } }
    const points = some.map(([i, key]): MetricPoint => ({ key, value: i, step: i, timestamp: 1_700_000_000_000 + i }))
    if (kind === 'metric') return { ...safePart, metrics: points }
    return { ...safePart, [kind === 'param' ? 'params' : 'tags']: Object.fromEntries(some.map(([i, key]) => [key, `v${i}`])) }
  }
  for (const { run, names } of await groupsOf(hostile, () => newRun(subject, `keys of ${kind}s`))) {
    const allowed: string[] = []
    const items = [...names].map(([name, i]) => [i, name] as const)
    const kept = await keptOf(items, `a ${kind} key`, async (some) => {
      await subject.logBatch(run.runId, batchOf(some))
      allowed.push(safeKeyOf(some))
    })
    const { metrics, params, tags } = await subject.getRun(run.runId)
    const found = kind === 'metric' ? pairs(metrics).map(([key, { step }]) => [key, `v${step}`]) : pairs(kind === 'param' ? params : tags)
    const isShown = ([key]: readonly unknown[]): boolean => kind !== 'tag' || !isOwn(String(key))
    const wanted = kept.map(([i, key]) => [key, `v${i}`])
    expectEqual(sorted(found.filter(isShown)), sorted(wanted.filter(isShown)), `the ${kind} keys of a run`)
    const safeKeys = Object.keys(kind === 'tag' ? params : tags).filter((key) => key.startsWith('safe-key-'))
    expectEqual(safeKeys.sort(), allowed.sort(), `what was stored beside the ${kind} keys`)
    const held = new Map(kept.map(([i, key]) => [key, i]))
    if (kind === 'metric') await checkHistories(subject, run.runId, held)
    if (subject.capabilities.search) await checkSearch(subject, run.runId, kind, held)
  }
}

function safeKeyOf(some: readonly (readonly [number, string])[]): string {
  return `safe-key-${some.length}-${some[0]?.[0]}`
}

/** Distributes the names, each with its number, to as few runs as possible. `a` and `a/b` are in different runs: as files they cannot both exist. */
async function groupsOf(
  all: readonly string[],
  makeRun: () => Promise<RunRecord>,
): Promise<{ readonly run: RunRecord; readonly names: Map<string, number> }[]> {
  const groups: { readonly run: RunRecord; readonly names: Map<string, number> }[] = []
  for (const [i, name] of all.entries()) {
    const clashes = (other: string): boolean => other.startsWith(`${name}/`) || name.startsWith(`${other}/`)
    let group = groups.find(({ names }) => ![...names.keys()].some(clashes))
    if (group === undefined) {
      group = { run: await makeRun(), names: new Map() }
      groups.push(group)
    }
    group.names.set(name, i)
  }
  return groups
}

async function checkHistories(subject: TrackerBackend, runId: string, held: ReadonlyMap<string, number>): Promise<void> {
  for (const [key, i] of [...held].filter((_, at) => at % 3 === 0)) {
    const steps = (await history(subject, runId, key)).map((point: MetricPoint) => [point.key, point.step])
    expectEqual(steps, [[key, i]], `the history of ${shown(key)}`)
  }
}

/** Checks that a search by each key finds the run. Each search has ten clauses. */
async function checkSearch(subject: TrackerBackend, runId: string, kind: string, held: ReadonlyMap<string, number>): Promise<void> {
  const clauses = [...held].map(([key, i]) => `${kind}s.\`${key}\` = ${kind === 'metric' ? i : `'v${i}'`}`)
  await checkClauses(subject, runId, clauses)
}

async function checkClauses(subject: TrackerBackend, runId: string, clauses: readonly string[]): Promise<void> {
  const { experimentId } = await subject.getRun(runId)
  for (let at = 0; at < clauses.length; at += 10) {
    const filter = clauses.slice(at, at + 10).join(' AND ')
    const { items } = await subject.searchRuns({ experimentIds: [experimentId], filter })
    expectEqual(
      items.map((run) => run.runId),
      [runId],
      `the runs of ${filter}`,
    )
  }
}

async function checkValues(subject: TrackerBackend, hostile: readonly string[]): Promise<void> {
  const { runId } = await newRun(subject, 'values')
  for (const kind of ['params', 'tags'] as const) {
    const all = hostile.map((value, i): readonly [string, string] => [`${kind}-${i}`, value])
    const kept = await keptOf(all, `the value of one of the ${kind}`, async (some) =>
      subject.logBatch(runId, { [kind]: Object.fromEntries(some) }),
    )
    const found = pairs((await subject.getRun(runId))[kind]).filter(([key]) => key.startsWith(kind))
    expectEqual(Object.fromEntries(found), Object.fromEntries(kept), `the values of ${kind}`)
    const clauses = kept.flatMap(([key, value]) => (isQuotable(value) ? [`${kind}.\`${key}\` = '${value}'`] : []))
    if (subject.capabilities.search) await checkClauses(subject, runId, clauses)
  }
}

/** The items (item, hostile name) that are accepted. Many are passed in one call; when the call is refused, each half is tried on its own. */
async function keptOf<T>(
  items: readonly (readonly [T, string])[],
  place: string,
  work: (some: readonly (readonly [T, string])[]) => Promise<unknown>,
): Promise<(readonly [T, string])[]> {
  const kept: (readonly [T, string])[] = []
  const attempt = async (some: readonly (readonly [T, string])[]): Promise<void> => {
    const outcome = await outcomeOf(place, some.map(([, name]) => name).join(' '), () => work(some))
    if (typeof outcome !== 'string') kept.push(...some)
    else if (some.length > 1) for (const half of [some.slice(0, some.length / 2), some.slice(some.length / 2)]) await attempt(half)
  }
  for (let at = 0; at < items.length; at += 32) await attempt(items.slice(at, at + 32))
  return kept
}

async function checkArtifacts(subject: TrackerBackend, hostile: readonly string[]): Promise<void> {
  for (const { run, names } of await groupsOf(hostile, () => newRun(subject, 'artifacts'))) {
    const owner = { runId: run.runId }
    const kept = new Map<string, string>()
    for (const [path, i] of names) {
      const outcome = await outcomeOf('an artifact path', path, async () => subject.putArtifact(owner, path, utf8(`${i}`)))
      if (outcome === 'refused') await refusedAs('reading an artifact path', path, () => subject.getArtifact(owner, path))
      else kept.set(path, `${i}`)
    }
    for (const [path, text] of kept) expectEqual(fromUtf8(await subject.getArtifact(owner, path)), text, `artifact ${shown(path)}`)
    expectEqual((await filesBelow(subject, run.runId)).sort(), [...kept.keys()].sort(), 'the artifacts listed')
  }
}

async function filesBelow(subject: TrackerBackend, runId: string, folder?: string): Promise<string[]> {
  const found: string[] = []
  for (const { path, isFolder } of await subject.listArtifacts({ runId }, folder)) {
    if (isFolder) found.push(...(await filesBelow(subject, runId, path)))
    else found.push(path)
  }
  return found
}

async function checkRuns(subject: TrackerBackend, hostile: readonly string[]): Promise<void> {
  const { experimentId } = await subject.ensureExperiment('checks')
  const kept = new Map<string, string>()
  for (const [i, name] of hostile.entries()) {
    const made = await madeOr('a run name', name, async () => subject.createRun({ experimentId, runName: name, startTime: i + 1 }))
    if (made !== undefined) kept.set(name, made.runId)
  }
  // The untouched run is the only other run.
  const { items } = await subject.searchRuns({ experimentIds: [experimentId], orderBy: ['start_time'], limit: 10_000 })
  expectEqual(
    items.map(({ runName }) => runName).filter((name) => name !== 'untouched'),
    [...kept.keys()],
    'the names of the runs there are',
  )
  if (!subject.capabilities.search) return
  const quotable = [...kept].filter(([name]) => isQuotable(name)).filter((_, i) => i % 10 === 0)
  for (const [name, runId] of quotable) {
    const found = await subject.searchRuns({ experimentIds: [experimentId], filter: `run_name = '${name}'` })
    expectEqual(
      found.items.map((run) => run.runId),
      [runId],
      `the runs called ${shown(name)}`,
    )
  }
}

async function checkDatasets(subject: TrackerBackend, hostile: readonly string[]): Promise<void> {
  const { runId } = await newRun(subject, 'datasets')
  const all = hostile.map((name, i) => {
    const data = {
      name,
      digest: `${i}`,
      sourceType: 'code',
      source: JSON.stringify({ name: name.slice(0, 100) }),
      context: name.slice(0, 100),
    }
    return [data, name] as const
  })
  const kept = await keptOf(all, 'a dataset name or context', async (some) =>
    subject.logBatch(runId, {
      tags: Object.fromEntries(some.map(([{ digest }]) => [`with-${digest}`, 'v'])),
      datasets: some.map(([data]) => data),
    }),
  )
  const { datasets, tags } = await subject.getRun(runId)
  expectEqual(sorted(datasets.map(plainDataset)), sorted(kept.map(([data]) => plainDataset(data))), 'the datasets')
  const marks = kept.map(([{ digest }]) => `with-${digest}`)
  expectEqual(
    Object.keys(tags)
      .filter((key) => key.startsWith('with-'))
      .sort(),
    marks.sort(),
    'what was stored with the datasets',
  )
}

function plainDataset({ name, digest, source, context = '' }: DatasetInput): readonly string[] {
  // Some backends do not distinguish an empty context from an absent one.
  return [digest, name, source, context]
}

async function checkId(subject: TrackerBackend, experimentId: string, id: string, at: number): Promise<void> {
  const owner = { runId: id }
  const calls: readonly (readonly [string, () => unknown])[] = [
    ['reading a run', () => subject.getRun(id)],
    ['a batch for a run', () => subject.logBatch(id, { tags: { a: 'b' } })],
    ['changing a run', () => subject.updateRun(id, { runName: 'stolen' })],
    ['deleting a run', () => subject.deleteRun(id)],
    ['a history of a run', () => subject.getMetricHistory(id, 'm')],
    ['reading an artifact of a run', () => subject.getArtifact(owner, 'safe.txt')],
    ['writing an artifact of a run', () => subject.putArtifact(owner, 'x.txt', utf8('x'))],
    ['reading a model', () => subject.getModel(id)],
    ['finishing a model', () => subject.finishModel(id, 'failed')],
    ['a run of an experiment', () => subject.createRun({ experimentId: `${id}/..`, startTime: 1 })],
  ]
  // To save time, each id is passed to every third call, and each call gets every third id.
  for (const [i, [what, call]] of calls.entries()) if ((i + at) % 3 === 0) await refusedAs(what, id, call)
  const made = await madeOr('a run id', id, async () => subject.createRun({ experimentId, runId: id, startTime: 1 }))
  if (made !== undefined) expectEqual([made.runId, (await subject.getRun(id)).runId], [id, id], `the run id ${shown(id)}`)
}

/** Makes a run that no other call may change. The returned function checks that it is unchanged. */
async function untouchedRun(subject: TrackerBackend): Promise<() => Promise<void>> {
  const { runId, experimentId } = await newRun(subject, 'untouched')
  await subject.logBatch(runId, {
    params: { safe: 'yes' },
    tags: { safe: 'yes' },
    metrics: [{ key: 'safe', value: 1, step: 0, timestamp: 1 }],
  })
  await subject.putArtifact({ runId }, 'safe.txt', utf8('yes'))
  return async () => {
    const { params, tags, metrics, runName, status } = await subject.getRun(runId)
    expectEqual(
      [params, tags.safe, metrics.safe?.value, runName, status],
      [{ safe: 'yes' }, 'yes', 1, 'untouched', 'running'],
      'the untouched run',
    )
    expectEqual(await filesBelow(subject, runId), ['safe.txt'], 'its artifacts')
    expectEqual((await subject.getExperiment(experimentId)).name, 'checks', 'its experiment')
    expectEqual(({} as Record<string, unknown>).polluted, undefined, 'the prototype of every object')
  }
}

const refusals: readonly string[] = ['InvalidArgument', 'Unsupported']

/** The outcome of a call with a hostile name: its result, or `refused`. */
type Outcome<T> = { readonly made: T } | 'refused'

/** Runs `work`. @throws where it fails with anything but a clear error */
async function outcomeOf<T>(place: string, name: string, work: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { made: await work() }
  } catch (error) {
    const isClear = isMillwrightError(error) && refusals.includes(error.code) && error.message.length < 2000
    expectThat(isClear, `${place} ${shown(name)} is refused with a clear error, got ${String(error).slice(0, 500)}`)
    return 'refused'
  }
}

/** The result of `work`; `undefined` where it was refused. */
async function madeOr<T>(place: string, name: string, work: () => T | Promise<T>): Promise<T | undefined> {
  const outcome = await outcomeOf(place, name, work)
  return typeof outcome === 'string' ? undefined : outcome.made
}

/** Throws unless `work` fails with a clear error, which may be `NotFound`. */
async function refusedAs(what: string, name: string, work: () => unknown): Promise<void> {
  let result: unknown
  try {
    result = await work()
  } catch (error) {
    const isClear = isMillwrightError(error) && [...refusals, 'NotFound'].includes(error.code)
    return expectThat(isClear, `${what} ${shown(name)} fails with a clear error, got ${String(error).slice(0, 500)}`)
  }
  expectThat(false, `${what} ${shown(name)} fails, got ${JSON.stringify(result)?.slice(0, 200)}`)
}

/** Whether a text can be a quoted string in a filter. */
function isQuotable(text: string): boolean {
  return text.length < 200 && /^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(text) && !/['"`\\]/.test(text)
}

/** Whether a tag was set by the backend or by the check itself. */
function isOwn(key: string): boolean {
  return key.startsWith('safe-key-') || (key.startsWith('mlflow.') && key !== 'mlflow.db')
}

function pairs<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record)
}

function sorted(entries: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return [...entries].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}… (${name.length})` : name)
}
