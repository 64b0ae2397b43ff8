import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { fromColumns } from '../../../src/dataset'
import type { AlertMessage, AlertSink, ObjectStore } from '../../../src/ports'
import * as quality from '../../../src/quality'
import { dataDocsAction } from '../../../src/report'

const {
  callbackAction,
  checkpoint,
  columnValuesToBeBetween,
  columnValuesToNotBeNull,
  expectations,
  failAction,
  notifyAction,
  storeResultAction,
} = quality
const data = fromColumns({ n: [1, 2, 30, null], id: ['a', 'b', 'c', 'd'] })
const met = expectations('met', [columnValuesToBeBetween('n', { min: 0 })])
const unmet = expectations('un/met', [
  columnValuesToBeBetween('n', { max: 10, severity: 'warning' }),
  columnValuesToNotBeNull('n', { severity: 'info' }),
])
const clock = { now: () => Date.UTC(2024, 0, 31, 12), schedule: () => () => {} }

async function keys(storage: ObjectStore): Promise<string[]> {
  return (await storage.list()).objects.map(({ key }) => key)
}

async function hrefs(storage: ObjectStore, prefix = ''): Promise<(string | undefined)[]> {
  const index = fromUtf8(await storage.get(`${prefix}index.html`))
  return [...index.matchAll(/href="(daily[^"]*)"/g)].map(([, href]) => href)
}

function recordingSink(): AlertSink & { readonly messages: AlertMessage[] } {
  const messages: AlertMessage[] = []
  return { portVersion: 1, name: 'recording', messages, send: (message) => void messages.push(message) }
}

describe('a checkpoint', () => {
  it('runs its suites and its actions, and says what they did', async () => {
    const storage = memoryStorage()
    const sink = recordingSink()
    const daily = checkpoint({
      ...{ name: 'daily', suites: [met, unmet], clock, unexpectedIndexColumns: ['id'] },
      actions: [storeResultAction({ storage }), dataDocsAction({ storage }), notifyAction(sink, { labels: { team: 'data' } })],
    })
    const result = await daily.run(data)
    const { runId } = result
    expect(runId).toMatch(/^20240131T120000\.000Z-[0-9a-f]{8}$/)
    expect(result).toMatchObject({ checkpoint: 'daily', success: false, maxSeverity: 'warning' })
    expect(result.actions.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    expect(result.results[1]?.results[0]?.result).toMatchObject({ partial_unexpected_index_list: [{ n: 30, id: 'c' }] })
    expect(result.results[0]?.meta).toMatchObject({ checkpoint_name: 'daily', run_id: { run_name: result.runId } })
    expect(sink.messages).toEqual([
      expect.objectContaining({
        ...{ id: `daily/${runId}`, rule: 'checkpoint daily', state: 'firing', severity: 'warning', value: 2, threshold: 0 },
        labels: { checkpoint: 'daily', team: 'data' },
        summary: `checkpoint "daily", run ${runId}: 2 of 3 expectations were not met: un/met: expect_column_values_to_be_between (n), un/met: expect_column_values_to_not_be_null (n)`,
      }),
    ])
    expect(await keys(storage)).toEqual([
      `data-docs/daily/${runId}/1-met.entry.json`,
      `data-docs/daily/${runId}/1-met.html`,
      `data-docs/daily/${runId}/2-un_met.entry.json`,
      `data-docs/daily/${runId}/2-un_met.html`,
      'data-docs/entries.json',
      'data-docs/index.html',
      `validations/daily/${runId}/1-met.json`,
      `validations/daily/${runId}/2-un_met.json`,
    ])
    const stored = fromUtf8(await storage.get(`validations/daily/${runId}/2-un_met.json`))
    expect(quality.validationResultFromJson(stored)).toEqual(result.results[1])
    expect(String(result)).toBe(`✗ checkpoint 'daily', run ${runId}`)
  })

  it('keeps every run, also two at one time, and lists them', async () => {
    const storage = memoryStorage()
    const daily = checkpoint({ name: 'daily', suites: met, clock, actions: [dataDocsAction({ storage, prefix: '' })] })
    const runs = [await daily.run(data), await daily.run(data)]
    expect(await hrefs(storage)).toEqual(runs.map(({ runId }) => `daily/${runId}/1-met.html`).sort())
  })

  it('overwrites no result that is stored', async () => {
    const storage = memoryStorage()
    const { runId } = await checkpoint({ name: 'daily', suites: met, clock }).run(data)
    const again = checkpoint({
      ...{ name: 'daily', suites: met, clock },
      actions: [callbackAction((result) => storeResultAction({ storage }).run({ ...result, runId }, {}))],
    })
    await again.run(data)
    await expect(again.run(data)).rejects.toThrow('1 of its actions failed: callback:')
    expect(await keys(storage)).toEqual([`validations/daily/${runId}/1-met.json`])
  })

  it('reads the entry of a run once, and makes the list anew when its copy is damaged or gone', async () => {
    const inner = memoryStorage()
    const read: string[] = []
    const storage: ObjectStore = {
      ...inner,
      get: (key, options) => {
        read.push(key)
        return inner.get(key, options)
      },
    }
    const daily = checkpoint({ name: 'daily', suites: met, clock, actions: [dataDocsAction({ storage, prefix: 'docs/' })] })
    const readBy = async (): Promise<number> => {
      read.length = 0
      await daily.run(data)
      return read.filter((key) => key.endsWith('.entry.json')).length
    }
    expect([await readBy(), await readBy(), await readBy()]).toEqual([1, 1, 1])
    await inner.put('docs/entries.json', utf8('{"daily/x":{}}'))
    expect(await readBy()).toBe(4)
    await inner.delete('docs/entries.json')
    expect(await readBy()).toBe(5)
    expect(await hrefs(inner, 'docs/')).toHaveLength(5)
    await inner.put('docs/daily/y/1-met.entry.json', utf8('{"href":1}'))
    await expect(daily.run(data)).rejects.toThrow('docs/daily/y/1-met.entry.json')
  })

  it('loses no run in the list when two checkpoints write at once', async () => {
    const storage = memoryStorage()
    const make = (name: string) => checkpoint({ name, suites: met, clock, actions: [dataDocsAction({ storage, prefix: '' })] })
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => make(name).run(data)))
    expect(fromUtf8(await storage.get('index.html'))).toContain('4 results')
  })

  it.each<[quality.ActionCondition, quality.ExpectationSuite, boolean]>([
    ['always', met, true],
    ['success', met, true],
    ['failure', met, false],
    ['info', met, false],
    ['success', unmet, false],
    ['failure', unmet, true],
    ['info', unmet, true],
    ['warning', unmet, true],
    ['critical', unmet, false],
  ])('runs an action when: %s', async (when, suite, runs) => {
    let ran = false
    const action = callbackAction(
      () => {
        ran = true
        return 'noted'
      },
      { when },
    )
    const { actions } = await checkpoint({ name: 'c', suites: suite, actions: [action], clock }).run(data)
    expect(ran).toBe(runs)
    expect(actions).toEqual([runs ? { name: 'callback', status: 'done', note: 'noted' } : { name: 'callback', status: 'skipped' }])
  })

  it('throws after the other actions have run', async () => {
    const sink = recordingSink()
    const gate = checkpoint({ name: 'gate', suites: unmet, clock, actions: [failAction({ when: 'warning' }), notifyAction(sink)] })
    await expect(gate.run(data)).rejects.toMatchObject({
      code: 'SchemaMismatch',
      message: expect.stringContaining('2 of 2 expectations were not met'),
    })
    expect(sink.messages).toHaveLength(1)
    await expect(gate.run(data.head(2))).resolves.toMatchObject({ success: true, actions: [{ status: 'skipped' }, { status: 'skipped' }] })
  })

  it('runs the other actions when one fails, and says so', async () => {
    const sink = recordingSink()
    const broken = callbackAction(
      () => {
        throw new Error('no network')
      },
      { name: 'upload' },
    )
    const daily = checkpoint({ name: 'daily', suites: unmet, clock, actions: [broken, notifyAction(sink)] })
    await expect(daily.run(data)).rejects.toThrow(
      /checkpoint "daily", run 20240131T120000\.000Z-[0-9a-f]{8}: 1 of its actions failed: upload: no network/,
    )
    expect(sink.messages).toHaveLength(1)
  })

  it('runs on the batches of a stream', async () => {
    const daily = checkpoint({ name: 'daily', suites: unmet, clock })
    const { results } = await daily.run([data.head(2), data.slice(2, 4)])
    expect(results[0]?.results[0]?.result).toMatchObject({ element_count: 4, partial_unexpected_index_list: [2] })
    await expect(checkpoint({ name: 'two', suites: [met, unmet] }).run([data])).rejects.toThrow('batches can be read only once')
  })

  it('refuses what it cannot run', async () => {
    expect(() => checkpoint({ name: 'a b', suites: met })).toThrow(
      'the name of a checkpoint may hold letters, digits, ., _ and -, got "a b"',
    )
    expect(() => checkpoint({ name: 'c', suites: [] })).toThrow('checkpoint "c" needs a suite')
    expect(() => checkpoint({ name: 'c', suites: {} as never })).toThrow('checkpoint needs a suite of expectations, got')
    expect(() => checkpoint({ name: 'c', suites: met, actions: [{} as never] })).toThrow('an action with `name` and `run`')
    expect(() => storeResultAction({ storage: memoryStorage(), prefix: 'x' })).toThrow(
      "`prefix` of storeResultAction must be text that ends in '/'",
    )
    expect(() => notifyAction({} as never)).toThrow('notifyAction needs an AlertSink')
    await expect(checkpoint({ name: 'c', suites: met }).run(data, { resultFormat: 'BASIC' } as never)).rejects.toThrow(
      '`resultFormat` is not an option of run',
    )
    await expect(checkpoint({ name: 'c', suites: met }).run(data, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
  })
})
