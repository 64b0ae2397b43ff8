/**
 * One pipeline for every engine: real data, a diamond, a map of 20, a retry, a fallback. Each engine must give the same outputs, known by their
 * digests.
 */
import * as z from 'zod'
import { readCsv } from '../../src/adapters/csv/csv'
import { MillwrightError } from '../../src/core/errors'
import { Dataset, filter, split } from '../../src/dataset'
import { chain, evaluate, oneHotEncoder, randomForestClassifier, simpleImputer } from '../../src/learn'
import { Pipeline, type PipelineOptions, tableCodec } from '../../src/pipeline'

const params = z.object({ test_share: z.number().min(0.05).max(0.5).default(0.25), trees: z.int().min(1).default(5) })

/** What differs between engines. */
export interface PenguinOptions extends Pick<PipelineOptions, 'storage' | 'executor' | 'concurrency' | 'clock'> {
  /** The text of `penguins.csv`. */
  readonly read: () => Promise<string> | string
}

/** The pipeline. The first attempt of `read` fails, and every attempt of `prices`. */
export function penguinPipeline({ read, ...options }: PenguinOptions) {
  const codec = tableCodec((table) => Dataset.fromTable(table))
  return new Pipeline('penguins', { ...options, params })
    .step('read', {
      retry: { attempts: 3, backoffMs: 10 },
      cache: true,
      run: async ({ attempt }) => {
        if (attempt === 1) throw new MillwrightError('Unavailable', 'the data is not there at the first attempt')
        return read()
      },
    })
    .step('clean', {
      needs: ['read'],
      cache: true,
      codec,
      run: async ({ inputs }) => filter(await readCsv(inputs.read), (row) => row.sex !== null),
    })
    .step('describe', {
      needs: ['clean'],
      cache: true,
      run: ({ inputs }) => ({ rows: inputs.clean.numRows, columns: [...inputs.clean.columnNames] }),
    })
    .step('train', {
      needs: ['clean'],
      params: ['test_share'],
      cache: true,
      codec,
      run: ({ inputs, params }) => split(inputs.clean, { test: params.test_share, stratifyBy: 'species', seed: 7 }).train,
    })
    .step('test', {
      needs: ['clean'],
      params: ['test_share'],
      cache: true,
      codec,
      run: ({ inputs, params }) => split(inputs.clean, { test: params.test_share, stratifyBy: 'species', seed: 7 }).test,
    })
    .step('candidates', {
      cache: true,
      run: () => Array.from({ length: 20 }, (_, index) => ({ maxDepth: 1 + (index % 5), minSamplesLeaf: 1 + Math.floor(index / 5) * 4 })),
    })
    .map('fit', {
      over: 'candidates',
      needs: ['train', 'test'],
      params: ['trees'],
      cache: true,
      run: ({ item, inputs, params, seed }) => {
        const forest = randomForestClassifier({ nEstimators: params.trees, seed, ...item })
        const fitted = chain([simpleImputer(), oneHotEncoder(), forest]).fit(inputs.train, { target: 'species' })
        return { ...item, accuracy: evaluate(fitted, inputs.test).accuracy }
      },
    })
    .step('best', {
      needs: ['fit'],
      cache: true,
      run: ({ inputs }) => inputs.fit.reduce((best, each) => (each.accuracy > best.accuracy ? each : best)),
    })
    .step('prices', {
      retry: { attempts: 2, backoffMs: 10 },
      fallback: () => ({ krill: 1.5 }),
      run: (): { krill: number } => {
        throw new MillwrightError('Unavailable', 'nobody sells krill')
      },
    })
    .step('report', {
      needs: ['best', 'describe', 'prices'],
      cache: true,
      run: ({ inputs }) => ({ ...inputs.best, rows: inputs.describe.rows, costs: inputs.describe.rows * inputs.prices.krill }),
    })
}

/** Step → digest of its output, of a run in this process; every engine must give these. */
export async function penguinDigests(options: PenguinOptions): Promise<Record<string, string | undefined>> {
  const { steps } = await penguinPipeline(options).run()
  return Object.fromEntries(Object.entries(steps).map(([name, { digest }]) => [name, digest]))
}
