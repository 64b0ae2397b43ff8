/**
 * A training pipeline on real penguins, run three times: everything, nothing, and what a changed parameter touches.
 *
 *   node scripts/run.mjs examples/basic-pipeline/main.ts [folder]
 */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  chain,
  columnValuesToBeBetween,
  columnValuesToNotBeNull,
  createTracker,
  Dataset,
  evaluate,
  expectations,
  type FittedModel,
  filter,
  ModelRegistry,
  metricAtLeast,
  oneHotEncoder,
  Pipeline,
  randomForestClassifier,
  readCsv,
  restoreModel,
  simpleImputer,
  split,
  toMermaid,
  validate,
} from 'millwright'
import { fsStorage } from 'millwright/node'
import { modelCodec, tableCodec } from 'millwright/pipeline'
import * as z from 'zod'

const folder = process.argv[2] ?? 'out/basic-pipeline'
const storage = fsStorage({ root: folder })
const tracker = createTracker({ storage })
const registry = new ModelRegistry({ storage })
const csv = await readFile('examples/data/penguins.csv', 'utf8')
const table = tableCodec((columns) => Dataset.fromTable(columns))
let calls = 0

const pipeline = new Pipeline('penguins', {
  storage,
  tracker,
  params: z.object({ test_share: z.number().min(0.05).max(0.5).default(0.25), trees: z.int().min(1).default(30) }),
})
  .step('load', {
    description: 'the file, which is not there at the first attempt',
    cache: true,
    retry: { attempts: 3, backoffMs: 20 },
    run: ({ attempt }) => {
      if (attempt === 1) throw new Error('connection reset')
      return csv
    },
  })
  .step('clean', {
    needs: ['load'],
    cache: true,
    codec: table,
    run: async ({ inputs }) => filter(await readCsv(inputs.load), (row) => row.sex !== null),
  })
  .step('check', {
    needs: ['clean'],
    cache: true,
    run: ({ inputs }) => {
      const suite = expectations('penguins', [
        columnValuesToNotBeNull('species'),
        columnValuesToBeBetween('body_mass_g', { min: 2000, max: 7000 }),
      ])
      const result = validate(inputs.clean, suite)
      if (!result.success) throw new Error(String(result))
      return `${result.statistics.successful_expectations} of ${result.statistics.evaluated_expectations} expectations met`
    },
  })
  .step('train', {
    needs: ['clean', 'check'],
    params: ['test_share'],
    cache: true,
    codec: table,
    run: ({ inputs, params }) => split(inputs.clean, { test: params.test_share, stratifyBy: 'species', seed: 7 }).train,
  })
  .step('test', {
    needs: ['clean', 'check'],
    params: ['test_share'],
    cache: true,
    codec: table,
    run: ({ inputs, params }) => split(inputs.clean, { test: params.test_share, stratifyBy: 'species', seed: 7 }).test,
  })
  .step('depths', () => [1, 2, 3, 4, 6, 8], { cache: true })
  .map('fit', {
    over: 'depths',
    needs: ['train', 'test'],
    params: ['trees'],
    cache: true,
    run: ({ item: maxDepth, inputs, params, seed }) => {
      calls += 1
      const fitted = forest({ maxDepth, nEstimators: params.trees, seed }).fit(inputs.train, { target: 'species' })
      return { maxDepth, accuracy: evaluate(fitted, inputs.test).accuracy }
    },
  })
  .step('best', {
    needs: ['fit'],
    cache: true,
    run: ({ inputs }) => inputs.fit.reduce((best, each) => (each.accuracy > best.accuracy ? each : best)).maxDepth,
  })
  .step('model', {
    needs: ['best', 'train'],
    params: ['trees'],
    cache: true,
    codec: modelCodec<FittedModel>(restoreModel),
    run: ({ inputs, params, seed }) =>
      forest({ maxDepth: inputs.best, nEstimators: params.trees, seed }).fit(inputs.train, { target: 'species' }),
  })
  .step('evaluate', {
    needs: ['model', 'test'],
    cache: true,
    run: ({ inputs }) => ({ accuracy: evaluate(inputs.model, inputs.test).accuracy ?? 0 }),
  })
  .step('register', {
    description: 'only a good model, and the same one once',
    needs: ['model', 'evaluate', 'test'],
    cache: true,
    when: ({ inputs }) => inputs.evaluate.accuracy >= 0.95,
    run: async ({ inputs }) => {
      const version = await registry.register('penguins', inputs.model, { example: inputs.test.head(3), metrics: inputs.evaluate })
      await registry.promote('penguins', version, 'champion', { gates: [metricAtLeast('accuracy', 0.95)] })
      return `penguins@${version.version}`
    },
  })

function forest(options: { readonly maxDepth: number; readonly nEstimators: number; readonly seed: number }) {
  return chain([simpleImputer(), oneHotEncoder(), randomForestClassifier(options)])
}

async function show(title: string, params: { readonly trees?: number }): Promise<void> {
  console.log(`\n# ${title}\n`)
  console.log(
    String(
      (await pipeline.plan({ params })).steps
        .map(({ step, action, reason }) => `  ${step.padEnd(9)} ${action.padEnd(7)} ${reason}`)
        .join('\n'),
    ),
  )
  calls = 0
  const result = await pipeline.run({ params })
  const statuses = Object.entries(result.steps).map(
    ([step, { status, attempts }]) => `${step} ${status}${attempts > 1 ? ` (${attempts} attempts)` : ''}`,
  )
  console.log(`\n  ran: ${statuses.filter((each) => !each.includes('cached')).join(', ') || 'nothing'}`)
  console.log(
    `  ${calls} forests were fitted, in ${result.durationMs} ms; best depth ${result.outputs.best}, accuracy ${result.outputs.evaluate?.accuracy?.toFixed(3)}, ${result.outputs.register}`,
  )
}

console.log(pipeline.toString())
await show('The first run: what the plan says, then what was done', {})
await show('The same again', {})
await show('A parameter changed: 60 trees instead of 30', { trees: 60 })
await writeFile(join(folder, 'graph.mmd'), toMermaid(pipeline.graph()))
console.log(`\n# What is left in ${folder}\n`)
for (const { runId, status, startedAt } of await pipeline.listRuns())
  console.log(`  run ${runId.slice(0, 8)} ${status} at ${new Date(startedAt).toISOString().slice(11, 19)}`)
for (const { version, metrics, aliases } of await registry.listVersions('penguins'))
  console.log(`  penguins@${version}: accuracy ${metrics.accuracy?.toFixed(3)} ${aliases.join(', ')}`)
console.log('  graph.mmd, the graph for any page that draws Mermaid; mlruns/, the runs for `mlflow ui`')
await tracker.close()
