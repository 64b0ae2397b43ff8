/** A/B tests: who gets which model, what is counted, what is decided. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { createRng } from '../../../src/core/random'
import { Predictor } from '../../../src/predictor'
import { createHandler } from '../../../src/serve'
import { manualClock } from '../../../src/testing/manual-clock'
import { type AbTestOptions, createAbTest } from '../../../src/traffic'
import { createUnitTable } from '../../../src/traffic/experiment/unit-table'
import { propertySeed, times } from '../../support/effort'
import { post } from '../serve/helpers'
import { askUnits, classifier, unitsOf, variantOf } from './helpers'

const goal = { kind: 'share', minimumEffect: 0.1 } as const

function optionsOf(more: Partial<AbTestOptions> = {}): AbTestOptions {
  return { name: 'test', key: 'user', arms: { control: classifier(0.5), treatment: classifier(2) }, metrics: { bought: goal }, ...more }
}

describe('an A/B test', () => {
  it('gives each unit the model of its arm, the same each time, and names it', async () => {
    const test = await createAbTest(optionsOf())
    const predictor = Predictor.of(test)
    const rows = unitsOf(40).map((user) => ({ x: 1, user }))
    const answers = await predictor.predict(rows)
    expect(answers.map(variantOf)).toEqual(rows.map(({ user }) => test.variantOf(user)))
    expect(new Set(answers.map(variantOf))).toEqual(new Set(['control', 'treatment']))
    // The control says yes to 1, the treatment does not.
    expect(answers.every((answer) => (answer.prediction === 'yes') === (variantOf(answer) === 'control'))).toBe(true)
    expect(answers[0]?.probabilities).toEqual(
      answers[0]?.prediction === 'yes' ? { no: expect.closeTo(0.1), yes: 0.9 } : { no: 0.8, yes: 0.2 },
    )
    expect((await predictor.predict(rows)).map(variantOf)).toEqual(answers.map(variantOf))
    expect((await test.results()).arms.map(({ units }) => units).reduce((a, b) => a + b)).toBe(40)
  })

  it('gives calls without a unit the control, and does not count them', async () => {
    const test = await createAbTest(optionsOf({ key: ['user', 'device'] }))
    const answers = await Predictor.of(test).predict([{ x: 1 }, { x: 1, user: '', device: 'd1' }, { x: 1, user: 'u1', device: 'd9' }])
    expect(variantOf(answers[0] as never)).toBe('control')
    expect(variantOf(answers[1] as never)).toBe(test.variantOf('d1'))
    expect(variantOf(answers[2] as never)).toBe(test.variantOf('u1'))
    const { arms } = await test.results()
    expect((arms[0]?.units ?? 0) + (arms[1]?.units ?? 0)).toBe(2)
  })

  it('is served over HTTP, with its numbers on /metrics', async () => {
    const test = await createAbTest(optionsOf())
    const handler = createHandler(test, { collect: () => test.families() })
    const response = await handler(post('/predict', { rows: [{ x: 1, user: 'u1' }] }))
    expect(await response.json()).toMatchObject({ predictions: [{ outputs: { variant: test.variantOf('u1') } }] })
    const metrics = await (await handler(new Request('http://localhost/metrics'))).text()
    expect(metrics).toContain(`millwright_experiment_units{experiment="test",arm="${test.variantOf('u1')}"} 1`)
  })

  it('is served under the versions of its arms, as they are at present', async () => {
    const treatment = Predictor.of(classifier(2), { name: 'late', version: '4' })
    const arms = { control: Predictor.of(classifier(0.5), { name: 'late', version: '3' }), treatment }
    const handler = createHandler({ models: { late: await createAbTest(optionsOf({ arms })) } })
    const versionOf = async (): Promise<string> =>
      ((await (await handler(post('/predict', { rows: [{ x: 1, user: 'u1' }] }))).json()) as { version: string }).version
    expect(await versionOf()).toBe('control@3+treatment@4')
    const metrics = await (await handler(new Request('http://localhost/metrics'))).text()
    expect(metrics).toContain('millwright_rows_total{model="late",version="control@3+treatment@4"} 1')
    treatment.swap(classifier(2), { version: '5' })
    expect(await versionOf()).toBe('control@3+treatment@5')
    // Who names a version is believed.
    expect(Predictor.of(await createAbTest(optionsOf({ arms })), { version: '12' }).version).toBe('12')
  })

  it('finds the better arm, decides once, and says so', async () => {
    const test = await createAbTest(optionsOf())
    const decisions: unknown[] = []
    test.on('decision', (decision) => decisions.push(decision))
    const units = unitsOf(1200)
    await askUnits(test, units)
    expect((await test.results()).verdict.state).toBe('running')
    const rng = createRng(3)
    for (const unit of units) if (rng.next() < (test.variantOf(unit) === 'treatment' ? 0.35 : 0.2)) test.record(unit, 'bought')
    const { verdict, comparisons, decision } = await test.results()
    expect(verdict).toMatchObject({ state: 'better', arm: 'treatment', metric: 'bought' })
    expect(comparisons[0]).toMatchObject({ state: 'better', role: 'goal' })
    expect(comparisons[0]?.difference).toBeCloseTo(0.15, 1)
    expect(decision?.state).toBe('better')
    await test.results()
    expect(decisions).toHaveLength(1)
    expect(String(await test.results())).toContain('Take treatment')
  })

  it('compares any number of arms with the first, at an error that they share, and takes the best', async () => {
    const arms = Object.fromEntries(['control', 'b', 'c', 'd', 'e'].map((name) => [name, classifier(0.5)]))
    const weights = { control: 2, b: 1, c: 1, d: 1, e: 1 }
    const test = await createAbTest(optionsOf({ arms, weights }))
    const units = unitsOf(3000)
    await askUnits(test, units)
    const rng = createRng(3)
    const rates: Readonly<Record<string, number>> = { control: 0.2, b: 0.2, c: 0.19, d: 0.4, e: 0.3 }
    for (const unit of units) if (rng.next() < (rates[test.variantOf(unit)] as number)) test.record(unit, 'bought')
    const { verdict, comparisons, arms: counted, sampleRatio } = await test.results()
    expect(counted.map(({ name, units: n }) => [name, Math.round(n / 100) > (name === 'control' ? 8 : 4)])).toEqual(
      Object.keys(weights).map((name) => [name, true]),
    )
    expect(sampleRatio.mismatch).toBe(false)
    expect(comparisons.map(({ arm, state }) => [arm, state])).toEqual([
      ['b', 'open'],
      ['c', 'open'],
      ['d', 'better'],
      ['e', 'better'],
    ])
    expect(verdict).toMatchObject({ state: 'better', arm: 'd' })
  })

  it('stops an arm that breaks a guard, though its goal is met', async () => {
    const slow = { kind: 'mean', higherIsBetter: false, margin: 5 } as const
    const test = await createAbTest(optionsOf({ metrics: { bought: goal, wait: slow } }))
    const units = unitsOf(600)
    await askUnits(test, units)
    units.forEach((unit, i) => {
      const isNew = test.variantOf(unit) === 'treatment'
      test.record(unit, 'bought', isNew ? i % 2 : i % 5 === 0)
      test.record(unit, 'wait', (isNew ? 40 : 20) + (i % 7))
    })
    const { verdict, comparisons } = await test.results()
    expect(comparisons.map(({ metric, state }) => [metric, state])).toEqual([
      ['bought', 'better'],
      ['wait', 'failed'],
    ])
    expect(verdict).toMatchObject({
      state: 'guard-failed',
      metric: 'wait',
      text: expect.stringContaining('by more than the margin of 5'),
    })
  })

  it('answers with the control where another arm fails, and counts the failure for that arm', async () => {
    const arms = { control: classifier(0.5), treatment: classifier(0.5, () => true) }
    const test = await createAbTest(
      optionsOf({ arms, metrics: { bought: goal, error_rate: { kind: 'mean', higherIsBetter: false, margin: 0.05 } } }),
    )
    const answers = await askUnits(test, unitsOf(300))
    expect(answers.every((answer) => variantOf(answer) === 'control')).toBe(true)
    const { arms: found, comparisons } = await test.results()
    expect(found.map(({ metrics }) => metrics.error_rate?.mean)).toEqual([0, 1])
    expect(found[1]?.units).toBeGreaterThan(100)
    expect(comparisons.find(({ metric }) => metric === 'error_rate')?.state).toBe('failed')
    const strict = await createAbTest(optionsOf({ arms, fallback: false }))
    await expect(askUnits(strict, unitsOf(20))).rejects.toThrow(/no answer for/)
  })

  it('waits for the planned size with the method fixed', async () => {
    const test = await createAbTest(optionsOf({ method: 'fixed', unitsPerArm: 100, metrics: { bought: { kind: 'share' } } }))
    await askUnits(test, unitsOf(80))
    for (const unit of unitsOf(80)) if (test.variantOf(unit) === 'treatment') test.record(unit, 'bought')
    expect((await test.results()).verdict).toMatchObject({
      state: 'running',
      text: expect.stringContaining('results may not be read before'),
    })
    await askUnits(test, unitsOf(300))
    expect((await test.results()).verdict.state).toBe('better')
    expect((await test.results()).decision).toBeUndefined()
  })

  it('forbids to read a test whose arms got other shares than planned', async () => {
    const storage = memoryStorage()
    const test = await createAbTest(optionsOf({ storage }))
    await askUnits(test, unitsOf(100))
    // Another process that counts wrongly.
    const lines = unitsOf(200, 'w').map((unit) => JSON.stringify({ kind: 'exposure', unit, arm: 'control', at: 1 }))
    await storage.put('traffic/ab/test/events/other.jsonl', utf8(`${lines.join('\n')}\n`))
    expect((await test.results()).verdict.state).toBe('invalid')
  })

  it('leaves out units that met two arms, and counts values of unknown units', async () => {
    const storage = memoryStorage()
    const test = await createAbTest(optionsOf({ storage, overrides: { boss: 'treatment' } }))
    await askUnits(test, ['u1', 'boss'])
    const other = test.variantOf('u1') === 'control' ? 'treatment' : 'control'
    await storage.put(
      'traffic/ab/test/events/other.jsonl',
      utf8(
        `{"kind":"value","unit":"u2","metric":"bought","value":1,"at":1}\n{"kind":"exposure","unit":"u1","arm":"${other}","at":1}\n{"kind":"expo`,
      ),
    )
    test.record('boss', 'bought')
    const { arms, contaminated, unmatched } = await test.results()
    expect(arms.map(({ units }) => units)).toEqual([0, 0])
    expect([contaminated, unmatched]).toEqual([1, 1])
    expect(test.variantOf('boss')).toBe('treatment')
  })
})

describe('an A/B test on a storage', () => {
  it('goes on after a restart, with several processes at once', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    const first = await createAbTest(optionsOf({ storage, clock }))
    const second = await createAbTest(optionsOf({ storage, clock }))
    await askUnits(first, unitsOf(150))
    await askUnits(second, unitsOf(150, 'v'))
    for (const unit of unitsOf(150)) first.record(unit, 'bought', first.variantOf(unit) === 'treatment')
    await first.flush()
    await second.flush()
    const third = await createAbTest(optionsOf({ storage, clock }))
    const [a, b, c] = [await first.results(), await second.results(), await third.results()]
    // The units are added up in another order, so variances may differ in the last bit.
    const rounded = (results: typeof a): unknown =>
      results.arms.map(({ units, metrics }) => [units, metrics.bought?.mean, metrics.bought?.variance.toFixed(12)])
    expect(rounded(a)).toEqual(rounded(c))
    expect(rounded(b)).toEqual(rounded(c))
    expect(c.arms.reduce((sum, { units }) => sum + units, 0)).toBe(300)
    expect(c.decision).toEqual(a.decision)
    expect(a.verdict.state).toBe('better')
  })

  it('stores in the background, and keeps everything when the storage fails', async () => {
    const storage = memoryStorage()
    const clock = manualClock()
    let broken = true
    const flaky = {
      ...storage,
      append: (...args: Parameters<typeof storage.append>) => {
        if (broken) throw new Error('disk full')
        return storage.append(...args)
      },
    }
    const test = await createAbTest(optionsOf({ storage: flaky, clock }))
    const errors: unknown[] = []
    test.on('error', (error) => errors.push(error))
    await askUnits(test, unitsOf(10))
    await clock.advance(1000)
    expect(errors).toHaveLength(1)
    broken = false
    test.record('u1', 'bought')
    await clock.advance(1000)
    const reopened = await createAbTest(optionsOf({ storage, clock }))
    expect((await reopened.results()).arms).toEqual((await test.results()).arms)
  })

  it('refuses a test of the same name with another plan, and damaged events', async () => {
    const storage = memoryStorage()
    await createAbTest(optionsOf({ storage }))
    await expect(createAbTest(optionsOf({ storage, weights: { control: 3, treatment: 1 } }))).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('with other weights'),
    })
    await storage.put('traffic/ab/test/events/x.jsonl', utf8('{"kind":"exposure","unit":5,"arm":"control","at":1}\n'))
    await expect(createAbTest(optionsOf({ storage }))).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining('x.jsonl'),
    })
  })
})

describe('bad input of an A/B test', () => {
  it.each([
    [{ arms: { control: classifier(1) } }, /takes at least 2 models by name/],
    [{ arms: { control: classifier(1), treatment: 5 as never } }, /the model "treatment" of createAbTest needs a model/],
    [{ key: undefined as never }, /needs `key`/],
    [{ weights: { control: 1 } }, /`weights` of createAbTest lacks the arm "treatment"/],
    [{ weights: { control: 1, treatment: 1, b: 1 } }, /names "b"; the arms are "control", "treatment"/],
    [{ metrics: {} }, /needs at least one metric without `margin`/],
    [{ metrics: { a: { kind: 'share' } } }, /the metric "a" of createAbTest needs `minimumEffect`/],
    [{ metrics: { a: { kind: 'ratio' as never, minimumEffect: 1 } } }, /`kind` of the metric "a" of createAbTest must be one of/],
    [{ name: '../x' }, /`name` of createAbTest/],
    [{ wieghts: {} }, /`wieghts` is not an option of createAbTest/],
    [{ method: 'fixed' }, /needs `unitsPerArm`/],
    [{ overrides: { me: 'nobody' } }, /`overrides` of createAbTest names "nobody"/],
  ] as [Partial<AbTestOptions>, RegExp][])('%# is refused', async (more, message) => {
    await expect(createAbTest(optionsOf(more))).rejects.toThrow(message)
  })

  it('of record is refused', async () => {
    const test = await createAbTest(optionsOf())
    expect(() => test.record('', 'bought')).toThrow('record needs a unit')
    expect(() => test.record('u', 'sold')).toThrow('"sold" is no metric of the A/B test "test"; it has "bought"')
    expect(() => test.record('u', 'bought', Number.NaN)).toThrow('must be a finite number or a boolean')
    expect(() => test.record('u', 'latency_ms', 3)).toThrow('is recorded by the test itself')
  })
})

describe('the unit table', () => {
  it('has the means of the values, whatever their order and repetition', () => {
    const entry = fc.record({ unit: fc.integer({ min: 0, max: 9 }), value: fc.integer({ min: -5, max: 5 }) })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const metrics = { sum: { kind: 'sum' }, share: { kind: 'share' }, mean: { kind: 'mean' } } as const
        const table = createUnitTable(100, metrics)
        for (let unit = 0; unit < 12; unit++) table.expose(`u${unit}`, unit % 2 === 0 ? 'a' : 'b')
        for (const { unit, value } of entries) for (const name of Object.keys(metrics)) table.record(`u${unit}`, name, value)
        // Two units that are left out, one before and one after its values.
        table.record('u10', 'sum', 7)
        table.expose('u10', 'b')
        table.expose('u11', 'a')
        table.record('u11', 'sum', 7)
        for (const arm of ['a', 'b']) {
          const own = [0, 1, 2, 3, 4].map((i) => 2 * i + Number(arm === 'b')).map((unit) => entries.filter((each) => each.unit === unit))
          const sums = own.map((values) => values.reduce((sum, { value }) => sum + value, 0))
          const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)
          expect(table.units(arm)).toBe(5)
          for (const [name, metric] of Object.entries(metrics))
            expect(table.mean(arm, name) || 0).toBeCloseTo(table.summary(arm, name, metric).mean || 0, 10)
          expect(table.summary(arm, 'sum', { kind: 'sum' }).mean).toBeCloseTo(mean(sums), 10)
          expect(table.summary(arm, 'share', { kind: 'share' }).mean).toBeCloseTo(mean(sums.map((sum) => Number(sum !== 0))), 10)
          const means = own.flatMap((values, i) => (values.length === 0 ? [] : [(sums[i] as number) / values.length]))
          expect(table.summary(arm, 'mean', { kind: 'mean' })).toMatchObject({ count: means.length, mean: expect.closeTo(mean(means), 10) })
        }
      }),
      { seed: propertySeed, numRuns: times(40, 400) },
    )
  })

  it('is bounded', () => {
    const table = createUnitTable(2, {})
    expect(['a', 'b', 'c', 'a'].map((unit) => table.expose(unit, 'x'))).toEqual(['new', 'new', 'full', 'known'])
    expect(table.uncounted).toBe(1)
  })
})
