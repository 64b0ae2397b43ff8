/** Text becomes a cell by one rule from the file to the monitor, whatever the machine's time zone. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseCsv } from '../../src/adapters/csv/csv'
import { functionModel } from '../../src/adapters/function/function-runtime'
import { fromRows } from '../../src/dataset'
import { DriftDetector } from '../../src/drift/drift-detector'
import { logisticRegression } from '../../src/learn/linear/logistic-regression'
import { Monitor } from '../../src/monitor'
import type { PredictionRecord } from '../../src/ports/model'
import { Predictor } from '../../src/predictor/predictor'
import type { ColumnSpec } from '../../src/schema/signature'
import { createHandler } from '../../src/serve'

const inputs: ColumnSpec[] = [
  { name: 'at', type: 'timestamp' },
  { name: 'n', type: 'float64', required: false },
]
const outputs: ColumnSpec[] = [{ name: 'y', type: 'float64' }]
const model = (): ReturnType<typeof functionModel> => functionModel(({ at }) => Number(at), { name: 'e', signature: { inputs, outputs } })

/** [text, epoch milliseconds, or undefined when it is no time] */
const times: [string, number | undefined][] = [
  ['2024-06-01T12:00:00', 1717243200000],
  ['2024-06-01 12:00', 1717243200000],
  ['2024-06-01T12:00:00Z', 1717243200000],
  ['2024-06-01T12:00:00-04:00', 1717257600000],
  ['2024-06-01', 1717200000000],
  ['2024-02-30', undefined],
  ['2024-06-01 (noon)', undefined],
  ['2024-06-01T25:00', undefined],
]

describe.each(['America/New_York', 'UTC', 'Asia/Kathmandu'])('in %s', (zone) => {
  beforeEach(() => void vi.stubEnv('TZ', zone))
  afterEach(() => void vi.unstubAllEnvs())

  it.each(times)('%s is one time in a file, a predictor, over HTTP, in a monitor and in a model', async (text, time) => {
    const predictor = Predictor.of(model())
    const answer = predictor.predictOne({ at: text }).then(({ prediction }) => prediction)
    const response = await createHandler(predictor)(
      new Request('http://localhost/predict', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ at: text }]),
      }),
    )
    const monitor = new Monitor({ eventTime: 'at' })
    monitor.record({ id: 'a', model: 'm', version: '1', at: 0, input: { at: text }, prediction: 1, latencyMs: 1, cached: false })
    const learned = logisticRegression().fit(parseCsv('at,y\n2024-06-01,a\n2024-06-02,b\n'), { target: 'y' })
    if (time === undefined) {
      expect(parseCsv(`at\n${text}\n`).column('at').type).toBe('string')
      await expect(answer).rejects.toMatchObject({ code: 'SchemaMismatch', issues: [{ path: [0, 'at'], code: 'wrong-type' }] })
      expect(response.status).toBe(422)
      expect(monitor.rows()[0]?.at).toBe(0)
      expect(() => learned.predict([{ at: text }])).toThrow(expect.objectContaining({ code: 'SchemaMismatch' }))
      return
    }
    expect(parseCsv(`at\n${text}\n`).column('at').at(0)).toBe(time)
    await expect(answer).resolves.toBe(time)
    expect(await response.text()).toContain(String(time))
    expect(monitor.rows()[0]?.at).toBe(time)
    expect(learned.predictProba([{ at: text }])).toEqual(learned.predictProba([{ at: new Date(time) }]))
  })
})

describe('the prediction event', () => {
  it('carries the cells that the model got, and the other cells of the row', async () => {
    const predictor = Predictor.of(model(), { input: { coerce: true } })
    const records: PredictionRecord[] = []
    predictor.on('prediction', (record) => records.push(record))
    await predictor.predict([{ at: '2024-06-01', n: '3', segment: 'a', nested: { no: 'cell' } }, { at: new Date(5) }] as never)
    await predictor.predict(fromRows([{ n: '4', at: 7, segment: 'b' }]))
    await predictor.predict(fromRows([{ at: '2024-06-01' }]))
    expect(records.map(({ input }) => input)).toEqual([
      { at: 1717200000000, n: 3, segment: 'a' },
      { at: 5, n: null },
      { at: 7, n: 4, segment: 'b' },
      { at: 1717200000000, n: null },
    ])
  })

  it('gives a monitor what its drift rules can read', async () => {
    const day = 86_400_000
    const start = Date.UTC(2024, 0, 1)
    const reference = fromRows(Array.from({ length: 200 }, (_, i) => ({ at: new Date(start + i * day), n: i % 7 })))
    const detector = new DriftDetector().fit(reference)
    const predictor = Predictor.of(model(), { input: { coerce: true } })
    const monitor = new Monitor({ detector, rules: [{ kind: 'drift', name: 'inputs', window: { lastRows: 100 }, minRows: 10 }] })
    const errors: unknown[] = []
    monitor.on('error', (error) => errors.push(error))
    monitor.watch(predictor)
    await predictor.predict(
      Array.from({ length: 100 }, (_, i) => ({ at: new Date(start + (i + 900) * day).toISOString(), n: String(50 + (i % 7)) })) as never,
    )
    const { rules } = monitor.check()
    expect(errors).toEqual([])
    expect(rules).toMatchObject([{ kind: 'drift', active: true }])
  })
})
