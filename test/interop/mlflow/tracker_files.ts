/** Writes a tree of runs for `tracker_files.py` to read with the real MLflow, and tells on standard output what is in it. */
import { spawnSync } from 'node:child_process'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { nodeEnvironment } from '../../../src/adapters/node/node-environment'
import { utf8 } from '../../../src/core/bytes'
import { createRng } from '../../../src/core/random'
import type { ModelPackage } from '../../../src/ports/model'
import { createBareTracker as createTracker, type Tracker } from '../../../src/run'
import { python } from '../support/mlflow'

const [root, mode = 'write'] = process.argv.slice(2)
if (root === undefined) {
  // Called as a program of its own: the Python side drives, and calls this file again with a folder.
  const { status } = spawnSync(python, ['-W', 'ignore', 'test/interop/mlflow/tracker_files.py'], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
const tracker = createTracker({
  backend: filesTracker({ storage: fsStorage({ root }) }),
  environment: nodeEnvironment(),
  user: 'ada',
  seed: 1,
  fingerprint: () => 'fp0123456789abcdef0123456789abcdef0123456789',
  onError: (error) => {
    throw error
  },
})

if (mode === 'write') await write()
else if (mode === 'read') await readBack()
else if (mode === 'change') await change()
else await changeBack()
await tracker.close()

/** What MLflow is to find changed: a name, tags, an experiment in the trash. */
async function change(): Promise<void> {
  const [run] = await tracker.search({ experiment: 'by python' })
  if (run === undefined) throw new Error('their run is gone')
  await tracker.updateRun(run.runId, { tags: { note: null, seen: 'yes' } })
  await tracker.updateExperiment('by python', { name: 'renamed by us', tags: { team: 'blue' } })
  const { experimentId } = await tracker.updateExperiment('search', { deleted: true })
  const runs = await tracker.search({ experiment: 'search', view: 'deleted' })
  console.log(JSON.stringify({ runId: run.runId, experimentId, runs: runs.length }))
}

/** What MLflow restored, and what it deleted, which is restored here. */
async function changeBack(): Promise<void> {
  const stage = (await tracker.experiments({ view: 'all' })).map(({ name, lifecycleStage }) => [name, lifecycleStage])
  const runs = await tracker.search({ experiment: 'search' })
  await tracker.updateExperiment('renamed by us', { deleted: false })
  console.log(JSON.stringify({ stages: Object.fromEntries(stage), runs: runs.length }))
}

async function write(): Promise<void> {
  const names = [
    'plain',
    "it's é",
    'yes',
    '1_000',
    '0',
    '- a: b # c',
    '日本 / 12:30',
    'null',
    ' spaced ',
    '"quoted"\n\ttwo lines',
    '12345678901234567e5',
  ]
  const main = await tracker.run(
    { experiment: 'interop', name: 'main run', seed: 7, description: '**bold**', tags: { team: 'blue' } },
    async (run) => {
      run.logParams({ alpha: 0.1, nested: { depth: 3, names: ['a', 'b'] }, text: 'ü\r\n"x"', empty: '', flag: true, none: null })
      for (let step = 0; step < 500; step++) run.logMetrics({ loss: 1 / (step + 1), 'val/loss': step / 3 }, { step })
      run.logMetrics({
        nan: Number.NaN,
        inf: Number.POSITIVE_INFINITY,
        minusInf: Number.NEGATIVE_INFINITY,
        tiny: 5e-324,
        big: 1.7976931348623157e308,
      })
      for (const value of [0.1, 0.1, 0.1, 0.2]) run.logMetric('tied', value, { timestamp: 1_700_000_000_000 })
      run.logMetric('名前 with space', -0.5, { step: -3 })
      run.logText('notes/hello.txt', 'hello')
      run.logTable('table.json', [
        { a: 1, b: 'x' },
        { a: 2, b: null },
      ])
      run.logInput(
        { name: 'flights', digest: 'abc123', numRows: 5, schema: [{ name: 'x', type: 'float64' }], source: 'data/f.csv' },
        { context: 'training' },
      )
      run.logInput({ name: 'weather', digest: 'def456' })
      const model: ModelPackage = {
        flavor: 'millwright',
        signature: { inputs: [{ name: 'x', type: 'float64' }], outputs: [{ name: 'y', type: 'string' }] },
        files: { 'model.bin': utf8('weights'), 'deep/more.txt': utf8('more') },
        task: 'classification',
        classes: ['a', 'b'],
      }
      const logged = await run.logModel('forest', model, { params: { trees: 10 }, tags: { kind: 'test' }, step: 4 })
      await run.child({ name: 'child' }, (child) => child.logMetric('loss', 0.5))
      return { runId: run.runId, modelId: logged.modelId }
    },
  )
  const empty = await tracker.run({ experiment: 'interop', name: 'empty' }, (run) => run.runId)
  const running = await tracker.startRun({ experiment: 'interop', name: 'still running' })
  const failed = await tracker
    .run({ experiment: 'interop', name: 'failing' }, (run) => {
      run.logParam('id', run.runId)
      throw new Error('boom')
    })
    .catch((error: Error) => error.message)
  for (const [i, name] of names.entries()) {
    await tracker.run({ experiment: `experiment ${name}`, name, tags: { odd: name } }, (run) => run.logParam('odd', `${name}${i}`))
  }
  const searched = await search(tracker)
  console.log(JSON.stringify({ ...main, empty, running: running.runId, failed, names, searched }))
}

/** Random runs, random filters and orders: what ours gives, for MLflow to give the same. */
async function search(on: Tracker): Promise<unknown[]> {
  const rng = createRng(11)
  const pick = <T>(items: readonly T[]): T => items[rng.int(items.length)] as T
  const texts = ['a', 'A', 'ab', 'aB', 'b', '', 'a_b', 'a%b', 'é', '日本', "it's", 'FINISHED', '10', '9']
  const numbers = [0, 1, -1, 0.5, 2, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < 40; i++) {
    const run = await on.startRun({ experiment: 'search', name: `${pick(texts)}${i % 5}` })
    for (const key of ['x', 'y/z']) if (rng.next() < 0.7) run.logMetric(key, pick(numbers))
    for (const key of ['p', 'q r']) if (rng.next() < 0.7) run.logParam(key, pick(texts))
    for (const key of ['t', 'u']) if (rng.next() < 0.7) run.setTag(key, pick(texts))
    if (rng.next() < 0.5) run.logInput({ name: pick(texts) || 'd', digest: `${rng.int(3)}` }, { context: pick(['training', 'eval']) })
    if (rng.next() < 0.7) await run.finish(pick(['finished', 'failed', 'killed'] as const))
    else await run.flush()
  }
  const quoted = (): string => {
    const text = pick(texts)
    return text.includes("'") ? `"${text}"` : `'${text}'`
  }
  const number = (): string => pick(['0', '1', '-1', '0.5', '.5', '1e3', '-2.5e-1'])
  const clause = (): string => {
    switch (rng.int(7)) {
      case 0:
        return `${pick(['metrics.x', 'metric.`y/z`', 'metrics."y/z"'])} ${pick(['=', '!=', '<', '<=', '>', '>='])} ${number()}`
      case 1:
        return `${pick(['params.p', 'param.`q r`', 'parameters."q r"'])} ${pick(['=', '!=', 'LIKE', 'ILIKE'])} ${pick([quoted(), "'a%'", "'_'", "'%b'"])}`
      case 2:
        return `${pick(['tags.t', 'tag.u'])} ${pick(['=', '!=', 'LIKE', 'ilike'])} ${pick([quoted(), "'A%'", "'__%'"])}`
      case 3:
        return `${pick(['params.p', 'tags.t'])} ${pick(['IS NULL', 'IS NOT NULL'])}`
      case 4:
        return `${pick(['status', 'attributes.status', 'run_name', 'user_id'])} ${pick(['=', '!=', 'LIKE'])} ${pick([quoted(), "'FINISHED'", "'%0'", "'ada'"])}`
      case 5:
        return `${pick(['start_time', 'attribute.end_time'])} ${pick(['>', '<='])} ${pick(['0', '1800000000000'])}`
      default:
        return `dataset.${pick(['name', 'digest', 'context'])} ${pick(['=', '!=', 'LIKE'])} ${pick([quoted(), "'1'", "'training'", "'e%'"])}`
    }
  }
  const orders = [
    'metrics.x',
    'metrics.`y/z` DESC',
    'params.p ASC',
    'params.`q r` DESC',
    'tags.t',
    'status DESC',
    'run_name',
    'start_time ASC',
    'end_time',
  ]
  const searches: unknown[] = []
  for (let i = 0; i < 150; i++) {
    const filter = Array.from({ length: rng.int(4) }, clause).join(pick([' AND ', ' and ']))
    const orderBy = Array.from({ length: rng.int(3) }, () => pick(orders))
    const found = await on.search({ experiment: 'search', filter, orderBy, limit: 100 })
    searches.push({ filter, orderBy, runIds: found.map(({ runId }) => runId) })
  }
  return searches
}

/** What MLflow itself wrote into the tree, as we read it. */
async function readBack(): Promise<void> {
  const found = await tracker.search({ experiment: 'by python' })
  const runs = await Promise.all(
    found.map(async (run) => ({
      ...run,
      history: (await tracker.metricHistory(run.runId, 'loss')).map(({ step, value }) => [step, value]),
    })),
  )
  const [first] = found
  if (first !== undefined) {
    const again = await tracker.resumeRun(first.runId)
    again.logMetric('loss', 99, { step: 99 })
    again.logParam('from', 'typescript')
    await again.finish()
  }
  console.log(JSON.stringify({ runs, experiments: (await tracker.experiments()).map(({ name }) => name) }))
}
