import { describe, expect, it } from 'vitest'
import { fromLightgbm, toLightgbm } from '../../../../src/adapters/lightgbm'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { fromXgboost, toXgboost } from '../../../../src/adapters/xgboost'
import { createRng } from '../../../../src/core/random'
import { fromColumns } from '../../../../src/dataset/create'
import { select } from '../../../../src/dataset/select'
import {
  chain,
  type FittedModel,
  gradientBoostingClassifier,
  gradientBoostingRegressor,
  randomForestClassifier,
  randomForestRegressor,
  restoreModel,
  shapValues,
  standardScaler,
} from '../../../../src/learn'
import { toOnnx } from '../../../../src/onnx'
import type { RowOf } from '../../../../src/schema/row-types'
import { ModelRegistry } from '../../../../src/wiring/model-registry'
import { Predictor } from '../../../../src/wiring/predictor'
import { answersOf, everyModel, goldenOf, ofLightgbm, ofXgboost, tableFor, ubjOf } from './files'

/** The largest difference, relative to the greater of both and 1. */
function largest(ours: readonly number[], theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length)
  return Math.max(...ours.map((own, i) => Math.abs(own - (theirs[i] as number)) / Math.max(1, Math.abs(theirs[i] as number))))
}

describe('fromXgboost', () => {
  it.each(ofXgboost.map(({ name }) => name))('gives the answers of XGBoost to float32: %s', (name) => {
    const golden = goldenOf(ofXgboost, name)
    for (const file of [golden.json, new TextEncoder().encode(golden.json), ubjOf(golden)]) {
      const fitted = fromXgboost(file)
      expect(largest(answersOf(fitted, tableFor(fitted, golden)), golden.answers)).toBeLessThanOrEqual(3e-7)
    }
  })

  it('reads names, categories, importance and facts', () => {
    const golden = goldenOf(ofXgboost, 'sets of categories')
    const fitted = fromXgboost(golden.json, { target: 'price' })
    expect(fitted.features.map(({ name, type, required }) => [name, type, required])).toEqual([
      ['x0', 'float64', false],
      ['x1', 'float64', false],
      ['x2', 'float64', false],
      ['kind', 'string', false],
      ['size', 'string', false],
    ])
    expect(fitted.features[4]?.categories).toEqual(['S', 'M', 'L'])
    expect(fitted.options).toEqual({ library: 'xgboost', version: '3.2.0', objective: 'reg:squarederror', iterations: 3 })
    const importance = fitted.featureImportance()
    expect(importance[0]?.feature).toBe('kind')
    expect(importance.reduce((sum, each) => sum + each.importance, 0)).toBeCloseTo(1, 12)
    expect([fitted.target, fitted.task, fitted.iterations]).toEqual(['price', 'regression', 3])
  })

  it('takes options where the file says less, or something else', () => {
    const golden = goldenOf(ofXgboost, 'two classes')
    const fitted = fromXgboost(golden.json, { features: ['a', 'b', 'c', 'd'], classes: ['no', 'yes'], target: 'late' })
    const { classes, values } = fitted.predictProba([{ a: 1, b: 2, c: null, d: 0 }])
    expect(classes).toEqual(['no', 'yes'])
    expect((values[0] as number) + (values[1] as number)).toBeCloseTo(1, 6)
    const coded = fromXgboost(goldenOf(ofXgboost, 'sets of categories').json, { categories: { kind: 'codes' } })
    expect(coded.features[3]?.type).toBe('float64')
    expect(fromXgboost(golden.json, { iterations: 1 }).iterations).toBe(1)
    const best = golden.json.replace('"attributes":{}', '"attributes":{"best_iteration":"1"}')
    expect([fromXgboost(best).iterations, fromXgboost(best, { iterations: 'all' }).iterations]).toEqual([2, 3])
  })

  it('compares as float32 does, at the thresholds and beside them', () => {
    const { json } = goldenOf(ofXgboost, 'two classes')
    const file = JSON.parse(json) as {
      learner: {
        gradient_booster: { model: { trees: { split_conditions: number[]; left_children: number[]; split_indices: number[] }[] } }
      }
    }
    const tree = file.learner.gradient_booster.model.trees[0]
    const threshold = Math.fround(tree?.split_conditions[0] as number)
    const root = tree?.split_indices[0] as number
    const fitted = fromXgboost(json, { iterations: 1 })
    const at = (value: number): unknown => fitted.predictProba([{ x0: 0, x1: 0, x2: 0, x3: 0, [`x${root}`]: value }]).values[1]
    const ulp = 2 ** (Math.floor(Math.log2(Math.abs(threshold))) - 23)
    // What rounds to the threshold is not below it.
    expect(at(threshold - ulp / 4)).toBe(at(threshold))
    expect(at(threshold - ulp)).toBe(at(threshold - ulp * 0.75))
    expect(at(threshold - ulp)).not.toBe(at(threshold))
  })

  it.each([
    ['gblinear', '"name":"gbtree"', '"name":"gblinear"', 'Unsupported', /linear model/],
    ['an unknown objective', 'binary:logistic', 'binary:unheard', 'Unsupported', /binary:unheard/],
    ['several targets', '"num_target":"1"', '"num_target":"3"', 'Unsupported', /3 targets/],
    ['leaves of several numbers', '"size_leaf_vector":"1"', '"size_leaf_vector":"3"', 'Unsupported', /several numbers per leaf/],
    ['no number', '"num_feature":"4","num_target"', '"num_feature":"x","num_target"', 'Corrupt', /num_feature/],
    ['a base that is no probability', /"base_score":"[^"]*"/, '"base_score":"2"', 'Corrupt', /base_score/],
    ['a child that is not there', /"left_children":\[1,/, '"left_children":[99,', 'Corrupt', /left_children/],
    ['a circle', /"left_children":\[1,/, '"left_children":[0,', 'Corrupt', /one parent/],
    ['a feature that is not there', /"split_indices":\[\d/, '"split_indices":[9', 'Corrupt', /split_indices/],
    ['text that is no JSON', '{"learner"', '{"learner', 'Corrupt', /JSON/],
  ])('refuses %s', (_, what, by, code, message) => {
    const { json } = goldenOf(ofXgboost, 'two classes')
    const read = (): unknown => fromXgboost(json.replace(what, by))
    expect(read).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('refuses options that do not fit the file', () => {
    const { json } = goldenOf(ofXgboost, 'two classes')
    expect(() => fromXgboost(json, { features: ['a'] })).toThrow(/must name the 4 features/)
    expect(() => fromXgboost(json, { classes: ['a'] })).toThrow(/must name the 2 classes/)
    expect(() => fromXgboost(json, { target: 'x0' })).toThrow(/has the name of a feature/)
    expect(() => fromXgboost(json, { iterations: 9 })).toThrow(/at most 3/)
    expect(() => fromXgboost(json, { categories: { nothing: ['a'] } })).toThrow(/which is no feature/)
    expect(() => fromXgboost(5 as never)).toThrow(/takes the content of a model file/)
    expect(() => fromXgboost(json, { feature: [] } as never)).toThrow(/feature/)
  })
})

describe('fromLightgbm', () => {
  it.each(ofLightgbm.map(({ name }) => name))('gives the answers of LightGBM: %s', (name) => {
    const golden = goldenOf(ofLightgbm, name)
    for (const file of [golden.text, new TextEncoder().encode(golden.text)]) {
      const fitted = fromLightgbm(file)
      expect(largest(answersOf(fitted, tableFor(fitted, golden)), golden.answers)).toBeLessThanOrEqual(1e-15)
    }
  })

  it('reads names, categories and facts', () => {
    const fitted = fromLightgbm(goldenOf(ofLightgbm, 'sets of categories').text)
    expect(fitted.features.map(({ type }) => type)).toEqual(['float64', 'float64', 'float64', 'string', 'string'])
    expect(fitted.features[4]?.categories).toEqual(['S', 'M', 'L'])
    expect(fitted.options).toMatchObject({ library: 'lightgbm', version: 'v4', objective: 'regression' })
  })

  it.each([
    ['linear trees', 'is_linear=0', 'is_linear=1', 'Unsupported', /linear_tree/],
    ['an unknown objective', 'objective=binary', 'objective=unheard', 'Unsupported', /unheard/],
    ['another beginning', 'tree\n', 'trees\n', 'Corrupt', /must begin/],
    ['no end', 'end of trees', 'end of', 'Corrupt', /end of trees/],
    ['too few thresholds', /threshold=\S+ /, 'threshold=', 'Corrupt', /`threshold` of tree 0 must hold/],
    ['a word for a number', /leaf_value=\S+/, 'leaf_value=many', 'Corrupt', /got "many"/],
    ['a circle', /left_child=\S+/, 'left_child=0', 'Corrupt', /twice/],
    ['a feature that is not there', /split_feature=\d/, 'split_feature=7', 'Corrupt', /a feature of tree 0/],
    ['zeros of two kinds', /decision_type=\d+/, 'decision_type=6', 'Unsupported', /zeros of feature/],
  ])('refuses %s', (_, what, by, code, message) => {
    const { text } = goldenOf(ofLightgbm, 'two classes')
    expect(() => fromLightgbm(text.replace(what, by))).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})

describe('a model that was read', () => {
  it.each(everyModel())('is packed and restored as it is: $name', ({ fitted, golden }) => {
    const restored = restoreModel(fitted.pack())
    const table = tableFor(fitted, golden)
    expect(answersOf(restored, table)).toEqual(answersOf(fitted, table))
    expect(restored.featureImportance()).toEqual(fitted.featureImportance())
    expect(() => restoreModel({ ...fitted.pack(), files: { ...fitted.pack().files, 'learner.bin': new Uint8Array(3) } })).toThrow(
      /damaged|bytes/,
    )
  })

  it.each(everyModel())('is explained: its SHAP values add up to its sums: $name', ({ fitted, golden }) => {
    const table = tableFor(fitted, golden)
    const { values, baseValues, outputs } = shapValues(fitted, table, { background: table })
    const learner = fitted.parts.learner as unknown as { ensemble: { link: string } }
    const sums = Array.from({ length: table.numRows * outputs }, (_, at) => {
      const row = Math.floor(at / outputs)
      let sum = baseValues[at % outputs] as number
      for (let f = 0; f < golden.columns.length; f++) sum += values[(row * golden.columns.length + f) * outputs + (at % outputs)] as number
      return sum
    })
    const answers = answersOf(fitted, table)
    const { link } = learner.ensemble
    const inverse: Record<string, (sum: number) => number> = {
      identity: (sum) => sum,
      logistic: (sum) => 1 / (1 + Math.exp(-sum)),
      oneVersusRest: (sum) => 1 / (1 + Math.exp(-sum)),
      exponential: Math.exp,
      signedSquare: (sum) => Math.sign(sum) * sum * sum,
      softplus: (sum) => Math.log1p(Math.exp(sum)),
    }
    if (link === 'softmax') {
      const all = sums.map(Math.exp)
      const total = (at: number): number =>
        all.slice(at - (at % outputs), at - (at % outputs) + outputs).reduce((sum, each) => sum + each, 0)
      expect(
        largest(
          all.map((each, at) => each / total(at)),
          answers,
        ),
      ).toBeLessThan(1e-6)
    } else expect(largest(sums.map(inverse[link] as (sum: number) => number), answers)).toBeLessThan(1e-6)
  })

  it.each(everyModel().filter(({ name }) => /classes|sets of categories|zeros|lambda|square roots|forest/.test(name)))(
    'is written as ONNX, which gives the same: $name',
    async ({ fitted, golden }) => {
      let found: number | undefined
      const sample = tableFor(fitted, golden)
      await toOnnx(fitted, { sample, onVerified: ({ maxDifference }) => (found = maxDifference) })
      expect(found).toBeLessThanOrEqual(1e-6)
    },
  )

  it('is registered, loaded and served', async () => {
    const golden = goldenOf(ofXgboost, 'sets of categories')
    const fitted = fromXgboost(golden.json, { target: 'price' })
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const version = await registry.register('prices', fitted)
    const predictor = await Predictor.load(registry, `prices@${version.version}`)
    const row = Object.fromEntries(golden.columns.map((name, i) => [name, golden.rows[0]?.[i] ?? null]))
    const [answer] = await predictor.predict([row])
    expect(answer?.prediction).toBeCloseTo(golden.answers[0] as number, 6)
    await predictor.close()
  })
})

describe('toXgboost and toLightgbm', () => {
  const rng = createRng(3)
  const float = (): number => Math.fround(rng.normal())
  const rows = Array.from({ length: 400 }, (_, i) => ({
    a: i % 13 === 0 ? null : float(),
    b: float(),
    kind: i % 17 === 0 ? null : `kind ${rng.int(9)}`,
  }))
  const score = rows.map(({ a, b, kind }) => (a ?? 0.5) + b * b + (kind !== null && Number(kind.slice(5)) % 2 === 1 ? 1 : 0))
  const table = fromColumns({
    a: rows.map(({ a }) => a),
    b: rows.map(({ b }) => b),
    kind: rows.map(({ kind }) => kind),
    two: score.map((s) => s > 1.2),
    three: score.map((s) => 'xyz'[Math.max(0, Math.min(2, Math.floor(s)))] as string),
    number: score,
  })
  const only = (...names: readonly (keyof RowOf<typeof table> & string)[]) => select(table, names)
  const models: readonly (readonly [string, FittedModel])[] = [
    ['boosted trees of two classes', gradientBoostingClassifier({ nEstimators: 10 }).fit(only('a', 'b', 'kind', 'two'), { target: 'two' })],
    [
      'boosted trees of three classes',
      gradientBoostingClassifier({ nEstimators: 6 }).fit(only('a', 'b', 'kind', 'three'), { target: 'three' }),
    ],
    [
      'boosted trees of numbers',
      gradientBoostingRegressor({ nEstimators: 10 }).fit(only('a', 'b', 'kind', 'number'), { target: 'number' }),
    ],
    ['a forest of numbers', randomForestRegressor({ nEstimators: 5, maxDepth: 5 }).fit(only('a', 'b', 'number'), { target: 'number' })],
  ]

  it.each(models)('give files that are read back with the same answers: %s', (_, fitted) => {
    const names = fitted.features.map(({ name }) => name)
    const codes = names.includes('kind')
      ? { kind: (fitted.features.find(({ name }) => name === 'kind')?.categories ?? []) as readonly string[] }
      : {}
    const expected = answersOf(fitted, table)
    for (const file of [toXgboost(fitted), toXgboost(fitted, { format: 'ubj' })]) {
      const read = fromXgboost(file, { categories: codes })
      expect(largest(answersOf(read, table), expected)).toBeLessThan(2e-6)
      // Written again, the file stays what it is.
      expect(toXgboost(fromXgboost(toXgboost(read), { categories: codes }))).toEqual(toXgboost(read))
    }
    expect(largest(answersOf(fromLightgbm(toLightgbm(fitted)), table), expected)).toBeLessThan(1e-12)
  })

  it('refuse what has no form there', () => {
    const forest = randomForestClassifier({ nEstimators: 2 }).fit(only('a', 'b', 'two'), { target: 'two' })
    expect(new TextDecoder().decode(toXgboost(forest))).toContain('"num_target":"2"')
    const scaled = chain([standardScaler(), randomForestRegressor({ nEstimators: 2 })]).fit(only('b', 'number'), { target: 'number' })
    expect(() => toXgboost(scaled)).toThrow(/standardScaler/)
    const zeros = fromLightgbm(goldenOf(ofLightgbm, 'zeros as missing').text)
    expect(() => toXgboost(zeros)).toThrow(/zeros count as missing/)
    expect(toLightgbm(zeros)).toContain('decision_type=')
    expect(() => toLightgbm({} as never)).toThrow(/takes a fitted model/)
  })
})
