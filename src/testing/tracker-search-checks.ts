/** The checks of run search: which runs are found, and in which order. */
import type { RunQuery, RunRecord, TrackerBackend } from '../ports/tracker-backend'
import type { Check } from './check'
import { expectCode, expectEqual } from './expect'
import { newRun } from './tracker-check'

interface Seeded {
  readonly experimentId: string
  readonly runs: readonly RunRecord[]
}

/** The checks of `searchRuns`. */
export function trackerSearchChecks(): readonly Check<TrackerBackend>[] {
  return [
    {
      name: 'filters find what MLflow finds',
      requires: ['search'],
      run: async ({ subject }) => {
        const { experimentId } = await seeded(subject)
        for (const [filter, expected] of filters) {
          const { items } = await subject.searchRuns({ experimentIds: [experimentId], filter, orderBy: ['run_name'] })
          expectEqual(items.map(({ runName }) => runName).join(''), expected, `runs of ${filter}`)
        }
      },
    },
    {
      name: 'filters that cannot be read are InvalidArgument',
      requires: ['search'],
      unclaimed: async ({ subject }) => {
        const { experimentId } = await newRun(subject)
        const ask = (query: RunQuery) => subject.searchRuns({ experimentIds: [experimentId], ...query })
        await expectCode(() => ask({ filter: "tags.team = 'red'" }), 'Unsupported', 'a filter, without `search`')
        await expectCode(() => ask({ orderBy: ['metrics.acc'] }), 'Unsupported', 'an order, without `search`')
        expectEqual((await ask({})).items.length, 1, 'runs of the experiment, asked for without a filter')
      },
      run: async ({ subject }) => {
        const { experimentId } = await seeded(subject)
        for (const filter of unreadable) {
          await expectCode(() => subject.searchRuns({ experimentIds: [experimentId], filter }), 'InvalidArgument', `the filter ${filter}`)
        }
        for (const order of ['', 'metrics.a UP', 'nothing', 'dataset.name', 'metrics.a DESC, metrics.b']) {
          await expectCode(
            () => subject.searchRuns({ experimentIds: [experimentId], orderBy: [order] }),
            'InvalidArgument',
            `the order ${order}`,
          )
        }
      },
    },
    {
      name: 'orders put NaN and what is missing last, ties by start and id',
      requires: ['search'],
      run: async ({ subject }) => {
        const { experimentId } = await seeded(subject)
        for (const [orderBy, expected] of orders) {
          const { items } = await subject.searchRuns({ experimentIds: [experimentId], orderBy })
          expectEqual(items.map(({ runName }) => runName).join(''), expected, `order by ${orderBy.join(', ') || 'nothing'}`)
        }
      },
    },
    {
      name: 'searches page, keep experiments apart, and hide deleted runs',
      requires: ['search'],
      run: async ({ subject }) => {
        const { experimentId, runs } = await seeded(subject)
        const other = await subject.ensureExperiment('elsewhere')
        const far = await subject.createRun({ experimentId: other.experimentId, runName: 'z', startTime: 1 })
        const names: string[] = []
        let cursor: string | undefined
        do {
          const page = await subject.searchRuns({ experimentIds: [experimentId], limit: 2, cursor })
          if (names.length === 0) await subject.createRun({ experimentId, runName: 'new', startTime: 9_000_000_000_000 })
          names.push(...page.items.map(({ runName }) => runName))
          cursor = page.cursor
        } while (cursor !== undefined)
        expectEqual([...new Set(names)].filter((name) => name !== 'new').join(''), 'edcba', 'the pages, with a run added meanwhile')
        await subject.deleteRun((runs[0] as RunRecord).runId)
        const of = async (view: 'active' | 'deleted' | 'all'): Promise<number> =>
          (await subject.searchRuns({ experimentIds: [experimentId], view })).items.length
        expectEqual([await of('active'), await of('deleted'), await of('all')], [5, 1, 6], 'active, deleted and all runs')
        const everywhere = await subject.searchRuns({})
        expectEqual(
          everywhere.items.some(({ runId }) => runId === far.runId),
          true,
          'a search without experiments looks into all',
        )
      },
    },
  ]
}

/** The runs a to e. Each has data that another one lacks. */
async function seeded(backend: TrackerBackend): Promise<Seeded> {
  const { experimentId } = await backend.ensureExperiment('searched')
  const data = { sourceType: 'code', source: '{}' }
  const parts = [
    {
      metrics: { acc: 0.5, 'val/loss': 1 },
      params: { model: 'Forest', depth: '3' },
      tags: { team: 'blue', 'a b': 'x' },
      datasets: ['iris', 'training'],
    },
    { metrics: { acc: 0.9 }, params: { model: 'forest', depth: '10' }, tags: { team: 'red' }, datasets: ['wine', 'eval'] },
    { metrics: { acc: Number.NaN }, params: { model: "it's" }, tags: { team: 'BLUE' }, datasets: ['iris', 'eval'] },
    { metrics: { acc: Number.NEGATIVE_INFINITY, 'val/loss': 0.5 }, params: { depth: '' }, tags: {}, datasets: undefined },
    { metrics: {}, params: { model: '100%_sure' }, tags: { team: 'blue_green' }, datasets: undefined },
  ]
  const runs: RunRecord[] = []
  for (const [i, { metrics, params, tags, datasets }] of parts.entries()) {
    const startTime = 1000 + i
    const run = await backend.createRun({ experimentId, runName: 'abcde'[i], startTime, user: i % 2 === 0 ? 'ada' : 'bob' })
    await backend.logBatch(run.runId, {
      metrics: Object.entries(metrics).map(([key, value]) => ({ key, value: value as number, step: 0, timestamp: startTime })),
      params: params as Record<string, string>,
      tags: tags as Record<string, string>,
      ...(datasets === undefined
        ? {}
        : { datasets: [{ ...data, name: datasets[0] as string, digest: `${i}`, context: datasets[1] as string }] }),
    })
    if (i < 3) await backend.updateRun(run.runId, { status: i === 2 ? 'failed' : 'finished', endTime: 2000 + i })
    runs.push(run)
  }
  return { experimentId, runs }
}

const filters: readonly (readonly [string, string])[] = [
  ['', 'abcde'],
  ['metrics.acc > 0.5', 'b'],
  ['metrics.acc >= 0.5', 'ab'],
  ['metrics.acc != 0.5', 'bcd'],
  ['metrics.acc < 1', 'abd'],
  ['metric.acc = 0.9', 'b'],
  ['metrics.acc <= -1e300', 'd'],
  ['metrics.`val/loss` <= 1', 'ad'],
  ['metrics."val/loss" < .75', 'd'],
  ['metrics.none > 0', ''],
  ["params.model = 'forest'", 'b'],
  ["params.model != 'forest'", 'ace'],
  ['params.model = "it\'s"', 'c'],
  ["param.model LIKE 'f%'", 'b'],
  ["params.model ilike 'F%'", 'ab'],
  ["parameters.model LIKE '100%'", 'e'],
  ["params.depth = ''", 'd'],
  ["params.depth LIKE '_'", 'a'],
  ['params.depth IS NULL', 'ce'],
  ['params.depth IS NOT NULL', 'abd'],
  ["tags.team LIKE 'blue%'", 'ae'],
  ["tags.team ILIKE 'BLUE'", 'ac'],
  ["tag.team != 'blue'", 'bce'],
  ["tags.`a b` = 'x'", 'a'],
  ["tags.`mlflow.runName` = 'c'", 'c'],
  ["tags.mlflow.runName = 'c'", 'c'],
  ['tags.team is null', 'd'],
  ["status = 'FINISHED'", 'ab'],
  ["attributes.status != 'RUNNING'", 'abc'],
  ["run_name = 'd'", 'd'],
  ["attributes.`run name` LIKE '%e'", 'e'],
  ["run.user_id = 'bob'", 'bd'],
  ['start_time > 1002', 'de'],
  ['attr.created <= 1001', 'ab'],
  ['end_time >= 2001', 'bc'],
  ["run_id IN ('x', 'y')", ''],
  ["run_id NOT IN ('x')", 'abcde'],
  ["dataset.name = 'iris'", 'ac'],
  ["datasets.name IN ('iris', 'wine')", 'abc'],
  ["dataset.context LIKE '%ev%'", 'bc'],
  ["dataset.name != 'iris'", 'b'],
  ["dataset.digest = '1'", 'b'],
  ["metrics.acc > 0 AND params.model = 'forest' and tags.team != 'x'", 'b'],
  ["  metrics.acc>0  AND\n run_name='a' ", 'a'],
]

const unreadable: readonly string[] = [
  'acc > 1',
  'metrics.acc',
  'metrics.acc >',
  "metrics.acc > '1'",
  'metrics.acc LIKE 1',
  'params.model = forest',
  'params.model = 5',
  "params.model > 'a'",
  "params.model IN ('a')",
  "tags.team = 'a' OR tags.team = 'b'",
  "(tags.team = 'a')",
  "NOT tags.team = 'a'",
  "tags.team = 'a' AND",
  "tags.team = 'open",
  "status IN ('FINISHED')",
  'run_id IN ()',
  "run_id IN ('a'",
  "run_id IN 'a'",
  "start_time > 'x'",
  "nothing.a = 'b'",
  "dataset.source = 'x'",
  'metrics.acc IS NULL',
  "'tags.team' = 'a'",
  "tags.team == 'a'",
  "tags.team = 'a'; DROP TABLE runs",
]

const orders: readonly (readonly [readonly string[], string])[] = [
  [[], 'edcba'],
  [['start_time'], 'abcde'],
  [['attributes.start_time DESC'], 'edcba'],
  [['metrics.acc'], 'dabce'],
  [['metrics.acc DESC'], 'badce'],
  [['metrics.`val/loss` ASC'], 'daecb'],
  [['params.depth'], 'dbaec'],
  [['params.depth desc'], 'abdec'],
  [['user_id ASC', 'metrics.acc DESC'], 'acebd'],
  [['end_time DESC'], 'cbaed'],
  [['tags.team'], 'caebd'],
  [['status', 'run_name'], 'cabde'],
]
