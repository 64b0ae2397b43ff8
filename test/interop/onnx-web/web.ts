/** The same models on onnxruntime-node, in its workers' place on onnxruntime-web in Node, and on onnxruntime-web in Chromium: equal answers. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answers, Case } from './_cases'
import { assertClose, startEngines } from './_engines'

const fixtures = 'test/fixtures/onnx'
const data = process.env.MILLWRIGHT_DATA ?? ['../shared/data', '../../shared/data'].find((path) => existsSync(path))
const base64 = (path: string): string => readFileSync(path).toString('base64')
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const named = (names: readonly string[], values: readonly (number | null)[]) =>
  Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]))

const numeric = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
const penguins = json(join(fixtures, 'penguins_logreg.expected.json')).rows as {
  numeric: (number | null)[]
  island: string
  sex: string
  label: string
  probabilities: number[]
}[]
/** A case, and what is known of its answers. */
const cases: { readonly asked: Case; readonly expected: Partial<Answers>; readonly tolerance?: number }[] = [
  {
    asked: {
      name: 'penguins_logreg: texts, missing values',
      model: base64(join(fixtures, 'penguins_logreg.onnx')),
      options: { inputs: { numeric } },
      rows: penguins.map((row) => ({ ...named(numeric, row.numeric), island: row.island, sex: row.sex || null })),
    },
    expected: { labels: penguins.map(({ label }) => label), numbers: penguins.flatMap(({ probabilities }) => probabilities) },
  },
]
for (const name of ['boosting3', 'forest2', 'forest3', 'half', 'identity_int64', 'identity_uint8', 'logistic3', 'svc2_probability']) {
  const model = base64(join(fixtures, 'kinds', `${name}.onnx`))
  cases.push({ asked: { name, model, options: {}, rows: [] }, expected: {} })
}
if (data !== undefined && existsSync(join(data, 'onnx'))) cases.push(...published(join(data, 'onnx'), data))
else console.log('left out: the models of ../shared/data/onnx, which is not there')

function published(folder: string, all: string): typeof cases {
  const model = (name: string): string => base64(join(folder, name))
  const columns = ['hour', 'DEWP', 'TEMP', 'PRES', 'Iws', 'Is', 'Ir', 'pm25_lag24']
  const { samples } = json(join(folder, 'pm25.expected.json')) as {
    samples: Record<string, { numeric: (number | null)[]; cbwd: string; label: number }[]>
  }
  const [head = '', ...lines] = readFileSync(join(all, 'tabular', 'iris.csv'), 'utf8')
    .trim()
    .split('\n')
  const iris = head.split(',').slice(0, 4)
  const treecl = json(join(folder, 'treecl.expected.json'))
  const features = Array.from({ length: 20 }, (_, i) => `f${i}`)
  const digits = Object.values(json(join(folder, 'mnist.expected.json')).cases) as { rows: string[]; logits: number[] }[]
  const silero = json(join(folder, 'silero_vad_v5.expected.json')) as { outputs: number[] }
  const state = { dtype: 'float32', shape: [2, 1, 128], data: new Array(256).fill(0) } as const
  return [
    ...(['v1', 'v2'] as const).map((version) => ({
      asked: {
        name: `pm25_${version}: int64 labels`,
        model: model(`pm25_${version}.onnx`),
        options: { inputs: { numeric: columns } },
        rows: (samples[version] ?? []).map(({ numeric: values, cbwd }) => ({ ...named(columns, values), cbwd })),
      },
      expected: { labels: (samples[version] ?? []).map(({ label }) => label) },
    })),
    {
      asked: {
        name: 'iris_random_forest: ZipMap',
        model: model('iris_random_forest.onnx'),
        options: { inputs: { X: iris } },
        rows: lines.map((line) => named(iris, line.split(',').slice(0, 4).map(Number))),
      },
      expected: { labels: json(join(folder, 'iris_random_forest.expected.json')).output_label },
    },
    {
      asked: {
        name: 'treecl: no shapes',
        model: model('treecl.onnx'),
        options: { inputs: { input: features } },
        rows: [0, 1, 2].map((row) =>
          named(
            features,
            features.map((_, j) => 5 * Math.sin(row * 20 + j)),
          ),
        ),
      },
      expected: { labels: treecl.label_0, numbers: treecl.proba_0 },
    },
    {
      asked: {
        name: 'mnist: a fixed shape',
        model: model('mnist.onnx'),
        options: {},
        calls: digits.map(({ rows }) => ({
          Input3: { dtype: 'float32', shape: [1, 1, 28, 28], data: [...rows.join('')].map((character) => (character === '#' ? 255 : 0)) },
        })),
      },
      expected: { numbers: digits.flatMap(({ logits }) => logits) },
      // Scores of some thousands.
      tolerance: 1e-2,
    },
    {
      asked: {
        name: 'silero_vad_v5: a state, a scalar',
        model: model('silero_vad_v5.onnx'),
        options: { tensors: true },
        calls: silero.outputs.map((_, chunk) => ({
          input: { dtype: 'float32', shape: [1, 512], data: voice(chunk) },
          state,
          sr: { dtype: 'int64', shape: [], data: [16000] },
        })),
        carry: { stateN: 'state' },
      },
      expected: {},
      tolerance: 1e-3,
    },
    {
      asked: {
        name: 'light_squeezenet: images',
        model: model('light_squeezenet/model.onnx'),
        options: { outputs: {} },
        calls: [
          { data_0: { dtype: 'float32', shape: [1, 3, 224, 224], data: Array.from({ length: 3 * 224 * 224 }, (_, i) => (i % 255) / 255) } },
        ],
      },
      expected: { numbers: new Array(1000).fill(0.001) },
    },
  ]
}

/** 512 samples of the signal that silero_vad_v5.expected.json describes. */
function voice(chunk: number): number[] {
  return Array.from({ length: 512 }, (_, i) => {
    const t = (chunk * 512 + i) / 16000
    if (chunk < 3) return 0
    let sum = 0
    for (let h = 1; h <= 12; h++) sum += Math.sin(2 * Math.PI * 140 * h * t * (1 + 0.02 * Math.sin(2 * Math.PI * 5 * t))) / h
    return 0.25 * sum * (0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * t))
  })
}

const filled = cases.map((one) =>
  one.asked.rows?.length === 0 ? { ...one, asked: { ...one.asked, rows: kindRows(one.asked.name) } } : one,
)

/** Rows for the small models of `kinds`. */
function kindRows(name: string): Record<string, number>[] {
  const known = json(join(fixtures, 'kinds', 'expected.json')) as { rows?: number[][] }
  if (name === 'half' || name.startsWith('identity')) return [0, 1, 100].map((x) => ({ x }))
  return (
    known.rows ?? [
      [0.5, -1, 2, 0.1],
      [1, 1, 1, 1],
      [-2, 0.3, 0, 1],
    ]
  ).map((row) => Object.fromEntries(row.map((value, i) => [`X_${i}`, value])))
}

/**
 * What onnxruntime-web 1.30 computes wrongly by WebGPU, without an error: zeros for float16 where the adapter has none (this one has not); ones for Softmax
 * of operator sets before 13 over several dimensions.
 */
const notOnGpu = ['half', 'light_squeezenet']

const engines = await startEngines()
try {
  for (const { asked, expected, tolerance = 1e-5 } of filled) {
    const own = await engines.node(asked)
    assertClose(own, expected, tolerance, `${asked.name} on onnxruntime-node`)
    if (asked.name.startsWith('silero')) checkVoice(own)
    assertClose(await engines.web(asked), own, tolerance, `${asked.name} on onnxruntime-web in Node`)
    assertClose(await engines.page(asked), own, tolerance, `${asked.name} in Chromium`)
    const gpu = notOnGpu.some((name) => asked.name.startsWith(name)) ? undefined : engines.gpu
    if (gpu !== undefined) assertClose(await gpu(asked), own, Math.max(tolerance, 1e-4), `${asked.name} by WebGPU`)
    const places = `on onnxruntime-node, onnxruntime-web in Node, and in Chromium ${engines.version}${gpu === undefined ? '' : ', there by WebGPU, too'}`
    console.log(`${asked.name}: ${own.labels.length} labels, ${own.numbers.length} numbers, equal ${places}`)
  }
  if (engines.gpu === undefined) console.log('left out: WebGPU, because this Chromium has no adapter')
  const [first] = filled
  const { asked, expected } = first as (typeof filled)[number]
  // All rows agreed above; the suite needs a few.
  const isAsked = (_: unknown, i: number): boolean => i % 30 === 0 || i === 3
  const rows = asked.rows?.filter(isAsked)
  const labels = (expected.labels as readonly string[]).filter(isAsked)
  for (const [place, run] of Object.entries(engines.conformance)) {
    const { checks, failures } = await run({ ...asked, rows: rows ?? [] }, labels)
    assert.deepEqual(failures, [], `the conformance suite on onnxruntime-web: ${place}`)
    console.log(`the conformance suite on onnxruntime-web, ${place === 'web' ? 'in Node' : 'in Chromium'}: ${checks} checks`)
  }
} finally {
  await engines.close()
}

/** The first output of each call is the probability of a voice; 256 numbers of state follow. */
function checkVoice({ numbers }: Answers): void {
  const { outputs } = json(join(data as string, 'onnx', 'silero_vad_v5.expected.json')) as { outputs: number[] }
  for (const [call, value] of outputs.entries()) assert.ok(Math.abs((numbers[call * 257] as number) - value) < 1e-3, `call ${call}`)
}
