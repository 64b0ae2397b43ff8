/** The checks of metrics: order, pages, special numbers and concurrency. */
import { createRng } from '../core/random'
import type { MetricPoint, TrackerBackend } from '../ports/tracker-backend'
import type { Check } from './check'
import { expectEqual, expectThat } from './expect'
import { history, newRun, point, trackerCheck } from './tracker-check'

/** The checks of metric points and their histories. */
export function trackerMetricChecks(): readonly Check<TrackerBackend>[] {
  return [...order(), ...values(), ...completeness()]
}

/** Points come back in order, page by page. */
function order(): Check<TrackerBackend>[] {
  return [
    trackerCheck('points come back in the order of time, step and value', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const rng = createRng(7)
      const given = Array.from({ length: 400 }, (_, i) => point('m', i / 8, rng.int(9) - 4, 1_700_000_000_000 + rng.int(20)))
      for (let i = 0; i < given.length; i += 40) await subject.logBatch(runId, { metrics: given.slice(i, i + 40) })
      const expected = [...given].sort((a, b) => a.timestamp - b.timestamp || a.step - b.step || a.value - b.value)
      expectEqual(await history(subject, runId, 'm'), expected, 'the history')
      const last = [...given].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value).at(-1)
      expectEqual((await subject.getRun(runId)).metrics.m, last, 'the last point: greatest step, time, value')
    }),
    trackerCheck('pages resume where they ended', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { metrics: Array.from({ length: 95 }, (_, i) => point('m', i, i)) })
      const first = await subject.getMetricHistory(runId, 'm', { limit: 10 })
      expectEqual(first.items.length, 10, 'size of a page')
      await subject.logBatch(runId, { metrics: [point('m', 95, 95)] })
      const rest: MetricPoint[] = [...first.items]
      for (let cursor = first.cursor; cursor !== undefined; ) {
        const page = await subject.getMetricHistory(runId, 'm', { limit: 10, cursor })
        rest.push(...page.items)
        cursor = page.cursor
      }
      expectEqual(
        rest.map(({ value }) => value),
        Array.from({ length: 96 }, (_, i) => i),
        'all pages, with a point added meanwhile',
      )
      expectEqual((await subject.getMetricHistory(runId, 'no such')).items, [], 'the history of no metric')
    }),
  ]
}

/** Values and steps come back as they were given. */
function values(): Check<TrackerBackend>[] {
  return [
    trackerCheck('NaN, the infinities and odd numbers come back', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const values = [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        5e-324,
        1.7976931348623157e308,
        0.1 + 0.2,
        1e21,
        1e-7,
        123456789.12345679,
      ]
      await subject.logBatch(runId, { metrics: values.map((value, i) => point('m', value, i)) })
      const read = await history(subject, runId, 'm')
      // MLflow's SQL stores write an infinity as the greatest double, and cannot distinguish the two.
      const same = (a: number, b: number | undefined): boolean =>
        Object.is(a, b) || (b === Number.MAX_VALUE && a === Number.POSITIVE_INFINITY)
      expectThat(
        read.length === values.length && read.every(({ value }, i) => same(value, values[i])),
        `the values ${values.join(', ')}, got ${read.map(({ value }) => value).join(', ')}`,
      )
      await subject.logBatch(runId, { metrics: [point('nan', Number.NaN)] })
      expectThat(Number.isNaN((await subject.getRun(runId)).metrics.nan?.value), 'NaN as the last value')
    }),
    trackerCheck('−0 keeps its sign', async ({ subject }) => {
      const { runId } = await newRun(subject)
      await subject.logBatch(runId, { metrics: [point('m', -0, 1), point('m', 0, 2), point('last', -0)] })
      expectEqual(
        (await history(subject, runId, 'm')).map(({ value }) => value),
        [-0, 0],
        'the values',
      )
      expectEqual((await subject.getRun(runId)).metrics.last?.value, -0, 'the last value')
    }),
    trackerCheck('steps may be negative and great', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const steps = [-Number.MAX_SAFE_INTEGER, -1, 0, Number.MAX_SAFE_INTEGER]
      await subject.logBatch(runId, { metrics: steps.map((step) => ({ key: 'm', value: 1, step, timestamp: 5 })) })
      expectEqual(
        (await history(subject, runId, 'm')).map(({ step }) => step),
        steps,
        'the steps',
      )
    }),
  ]
}

/** No point is lost, and none is stored twice. */
function completeness(): Check<TrackerBackend>[] {
  return [
    trackerCheck('clock ties lose nothing, equal points are one', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const tied = Array.from({ length: 50 }, (_, i) => point('m', i % 25, 3, 1_700_000_000_000))
      await subject.logBatch(runId, { metrics: tied })
      await subject.logBatch(runId, { metrics: tied.slice(0, 10) })
      expectEqual(
        (await history(subject, runId, 'm')).map(({ value }) => value),
        Array.from({ length: 25 }, (_, i) => i),
        'the distinct values',
      )
    }),
    trackerCheck('concurrent appenders lose nothing', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; i < 10; i++)
          await subject.logBatch(runId, { metrics: [point('m', writer * 10 + i, i, 1000 + i), point(`own/${writer}`, i, i)] })
      })
      await Promise.all(writers)
      const values = (await history(subject, runId, 'm')).map(({ value }) => value).sort((a, b) => a - b)
      expectEqual(
        values,
        Array.from({ length: 80 }, (_, i) => i),
        'every point of every writer',
      )
      expectEqual(Object.keys((await subject.getRun(runId)).metrics).length, 9, 'number of metrics')
    }),
    trackerCheck('a large batch is stored whole', async ({ subject }) => {
      const { runId } = await newRun(subject)
      const given = Array.from({ length: 30_000 }, (_, i) => point(`m${i % 3}`, i / 7, i))
      await subject.logBatch(runId, { metrics: given })
      expectEqual((await history(subject, runId, 'm1')).length, 10_000, 'points of one metric')
      expectEqual((await subject.getRun(runId)).metrics.m2?.step, 29_999, 'the last step')
    }),
  ]
}
