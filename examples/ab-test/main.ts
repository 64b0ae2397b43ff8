/**
 * Change a model while it serves: a worse one is rolled back by itself, a better one is promoted, and an A/B test says what it was worth.
 *
 *   node scripts/run.mjs examples/ab-test/main.ts [folder for the pages]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  chain,
  gradientBoostingClassifier,
  ModelRegistry,
  memoryStorage,
  oneHotEncoder,
  Predictor,
  type Row,
  randomForestClassifier,
} from 'millwright'
import { serve } from 'millwright/node'
import { trafficHtml } from 'millwright/report'
import {
  type Canary,
  type CanaryStatus,
  createAbTest,
  createCanary,
  errorRateCheck,
  latencyCheck,
  outcomeCheck,
  sampleSizeForShares,
} from 'millwright/traffic'
import { features, inAnotherTimeZone, loadBikes } from './data'

const csv = 'examples/lifecycle/data/bikeshare-2011.csv'
const folder = process.argv[2] ?? 'out/ab-test'
const storage = memoryStorage()
const registry = new ModelRegistry({ storage })

const { train, traffic } = await loadBikes(csv)
const hours = traffic.toRecords() as (Row & { readonly busy: boolean })[]
const forest = chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 15, maxDepth: 4, seed: 1 })])
const boosted = chain([oneHotEncoder(), gradientBoostingClassifier({ nEstimators: 80, seed: 1 })])
const fit = { target: 'busy' }
const champion = await registry.register('busy', forest.fit(train, fit))
await registry.promote('busy', champion, 'champion')
const broken = await registry.register('busy', boosted.fit(inAnotherTimeZone(train), fit))
const better = await registry.register('busy', boosted.fit(train, fit))

mkdirSync(folder, { recursive: true })
heading(`Version ${broken.version} was trained with the hours of another time zone. Nobody noticed.`)
await rollOut(broken.version)
heading(`Version ${better.version} is the same model, trained with the right hours.`)
await rollOut(better.version)
heading('What is it worth? Guests see one of the two for two weeks, and hire a bike more often when it is right.')
await abTest()
console.log(`\nPages: ${folder}/canary-${broken.version}.html, canary-${better.version}.html, ab-test.html`)

/** Tries a version beside the champion, on the hours from September on, over HTTP. */
async function rollOut(version: string): Promise<void> {
  const stable = await Predictor.load(registry, 'busy@champion')
  const candidate = await Predictor.load(registry, `busy@${version}`)
  const canary = await createCanary({
    ...{ name: 'busy', stable, candidate, storage, everyMs: 150 },
    steps: [0, 0.1, 0.3, 0.6].map((weight) => ({ weight, minRows: 60 })),
    checks: [errorRateCheck(), latencyCheck({ ratio: 3, slackMs: 100 }), outcomeCheck({ metric: 'correct' })],
    target: { registry, model: 'busy', version },
  })
  canary.on('step', ({ phase, step, weight, reason }) =>
    say(canary, `${phase}, step ${step + 1}, ${Math.round(weight * 100)} %: ${reason}`),
  )
  canary.on('error', (error) => console.error(error))
  const server = await serve(canary, { port: 0, collect: () => canary.families() })
  for (let at = 0; isUnderWay(canary.status()); at = (at + 20) % hours.length) {
    await ask(server.url, canary, hours.slice(at, at + 20))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { champion: now } = Object.fromEntries((await registry.listModels()).flatMap(({ aliases }) => Object.entries(aliases)))
  console.log(`  champion is version ${now}`)
  writeFileSync(join(folder, `canary-${version}.html`), trafficHtml(canary.status()))
  await server.close()
  await canary.dispose()
  await Promise.all([stable.close(), candidate.close()])
}

/** Sends hours to the server, and tells the canary how they went: an hour later everybody knows. */
async function ask(url: string, canary: Canary, rows: typeof hours): Promise<void> {
  const body = JSON.stringify({ rows: rows.map((row) => Object.fromEntries(features.map((name) => [name, row[name]]))) })
  const response = await fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { predictions } = (await response.json()) as { predictions: { prediction: boolean; outputs: { variant: string } }[] }
  for (const [i, { prediction, outputs }] of predictions.entries()) canary.record(outputs.variant, 'correct', prediction === rows[i]?.busy)
}

/** Guests get one of the two models; a right answer makes 20 of 100 hire a bike, a wrong one 6. */
async function abTest(): Promise<void> {
  const planned = sampleSizeForShares({ baseline: 0.16, effect: 0.02 })
  console.log(`  a plan for finding 16 % → 18 % needs ${planned} guests for each model; the always-valid test may stop before`)
  const arms = {
    forest: await Predictor.load(registry, `busy@${champion.version}`),
    boosted: await Predictor.load(registry, 'busy@champion'),
  }
  const test = await createAbTest({
    ...{ name: 'busy', arms, key: 'guest', storage, unitsPerArm: 4 * planned },
    metrics: {
      hired: { kind: 'share', minimumEffect: 0.01 },
      latency_ms: { kind: 'mean', higherIsBetter: false, margin: 50 },
    },
  })
  const predictor = Predictor.of(test)
  const random = seeded(5)
  for (let day = 1; day <= 14; day++) {
    const rows = Array.from({ length: 4000 }, (_, i) => ({
      ...(hours[Math.floor(random() * hours.length)] as (typeof hours)[number]),
      guest: `guest-${day}-${i}`,
    }))
    for (let at = 0; at < rows.length; at += 100) {
      const guests = rows.slice(at, at + 100)
      const answers = await predictor.predict(guests)
      guests.forEach(({ guest, busy }, i) => {
        if (random() < (answers[i]?.prediction === busy ? 0.2 : 0.06)) test.record(guest, 'hired')
      })
    }
    const { verdict, comparisons } = await test.results()
    const { difference, pValue } = comparisons[0] as (typeof comparisons)[number]
    console.log(
      `  day ${String(day).padStart(2)}: ${(100 * difference).toFixed(2).padStart(5)} points, p ${pValue.toPrecision(2)}  ${verdict.text}`,
    )
    if (verdict.state !== 'running') break
  }
  writeFileSync(join(folder, 'ab-test.html'), trafficHtml(await test.results()))
  await predictor.close()
}

/** Random numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function isUnderWay({ phase }: CanaryStatus): boolean {
  return phase === 'running' || phase === 'promoting'
}

function say(canary: Canary, text: string): void {
  const { stable, candidate } = canary.status().counts
  const share = (counts: typeof stable): string => {
    const correct = counts.outcomes.correct
    return correct === undefined ? '   –  ' : `${(100 * correct.mean).toFixed(1)} %`
  }
  console.log(`  right: champion ${share(stable)}, candidate ${share(candidate)}  ${text}`)
}

function heading(text: string): void {
  console.log(`\n${text}`)
}
