/** A model that lives in a browser tab: trained, tracked, registered, served and checked for drift without any server. */
import {
  chain,
  createTracker,
  DriftDetector,
  evaluate,
  ModelRegistry,
  memoryStorage,
  oneHotEncoder,
  Predictor,
  parseCsv,
  randomForestClassifier,
  simpleImputer,
  split,
} from 'millwright'

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement
const say = (id: string, text: string): void => {
  element(id).textContent = text
}

const penguins = parseCsv(await (await fetch('penguins.csv')).text())
const { train, test } = split(penguins, { test: 0.25, stratifyBy: 'species', seed: 7 })
say('data', `${penguins.numRows} penguins, ${train.numRows} to learn from, ${test.numRows} to judge by`)

const storage = memoryStorage()
const tracker = createTracker({ storage })
const registry = new ModelRegistry({ storage })
const started = performance.now()
await tracker.run({ experiment: 'penguins' }, async (run) => {
  const model = chain([simpleImputer(), oneHotEncoder(), randomForestClassifier({ nEstimators: 200, seed: 42 })])
  run.logParams(model.options)
  const fitted = model.fit(train, { target: 'species' })
  const metrics = evaluate(fitted, test)
  const version = await registry.register('penguins', fitted, { run, metrics })
  await registry.promote('penguins', version, 'champion')
  say(
    'model',
    `a forest of 200 trees in ${Math.round(performance.now() - started)} ms: accuracy ${((metrics.accuracy ?? 0) * 100).toFixed(1)} %`,
  )
})

const predictor = await Predictor.load(registry, 'penguins@champion')
const sliders = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'] as const

async function answer(): Promise<void> {
  const row: Record<string, number | string> = { island: (element('island') as HTMLSelectElement).value, sex: 'female', year: 2008 }
  for (const name of sliders) {
    const slider = element(name) as HTMLInputElement
    row[name] = Number(slider.value)
    say(`${name}_value`, slider.value)
  }
  const [prediction] = await predictor.predict([row])
  say('prediction', String(prediction?.prediction))
  const bars = Object.entries(prediction?.probabilities ?? {}).map(([species, probability]) => {
    const bar = document.createElement('div')
    bar.className = 'bar'
    bar.style.setProperty('--share', String(probability))
    bar.textContent = `${species} ${(probability * 100).toFixed(0)} %`
    return bar
  })
  element('probabilities').replaceChildren(...bars)
}

for (const name of [...sliders, 'island']) element(name).addEventListener('input', () => void answer())
await answer()

const { columns, driftDetected } = new DriftDetector({ threshold: 0.05 }).fit(train).detect(test)
say('drift', `${columns.length} columns of the test part compared with the training part: ${driftDetected ? 'drift' : 'no drift'}`)
document.body.dataset.ready = 'yes'
