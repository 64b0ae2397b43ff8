/**
 * A complete model service: signed models, a canary that promotes or rolls back by itself, four protocols, metrics, logs, a page about the rollout, and a
 * clean end.
 *
 *   node scripts/run.mjs examples/service/main.ts [folder]    asks itself until the rollout has ended, prints what happened, and ends
 *   node scripts/run.mjs examples/service/main.ts --serve     serves until Ctrl+C
 */
import { type ModelRegistry, Predictor } from 'millwright'
import { verifyPassport } from 'millwright/deploy'
import { consoleLogger } from 'millwright/logging'
import { fsStorage, serve } from 'millwright/node'
import { trafficHtml } from 'millwright/report'
import { mlflowProtocol, openInferenceProtocol, type Protocol } from 'millwright/serve'
import { type Canary, createCanary, errorRateCheck, latencyCheck, outcomeCheck } from 'millwright/traffic'
import { KEY, MODEL, observations, registerModels } from './models.js'

const isDemo = !process.argv.includes('--serve')
const folder = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? 'out/service'
const storage = fsStorage({ root: folder })
const logger = consoleLogger({ level: isDemo ? 'warn' : 'info' })
const registry = await registerModels(storage)
// Where models come from elsewhere, the key must not: a team gives it by the environment.
const publicKey = process.env.PASSPORT_PUBLIC_KEY ?? new TextDecoder().decode(await storage.get(KEY))

const champion = await load('champion')
const challenger = await load('challenger')
// Once the challenger is promoted, both are one version, and there is nothing to try.
const canary = challenger.version === champion.version ? undefined : await openCanary(registry, champion, challenger)
const predictor =
  canary === undefined
    ? champion
    : Predictor.of(canary, {
        name: MODEL,
        batch: { maxDelayMs: 0 },
        limits: { deadlineMs: 2000 },
      })
const server = await serve(predictor, {
  port: Number(process.env.PORT ?? (isDemo ? 0 : 8000)),
  host: process.env.HOST ?? '127.0.0.1',
  title: 'Penguins',
  protocols: [...(canary === undefined ? [] : [rolloutPages(canary)]), mlflowProtocol(), openInferenceProtocol()],
  collect: () => canary?.families() ?? [],
  logger,
  handleSignals: true,
  drainDelayMs: isDemo ? 0 : 5000,
})
void server.closed.then(() => Promise.all([predictor.close(), champion.close(), challenger.close()]))
console.log(['docs', 'metrics', ...(canary === undefined ? [] : ['rollout'])].map((page) => `${server.url}/${page}`).join(', '))
if (isDemo) await demo(canary)

/** Loads the version of an alias. A model without a valid passport is not served. */
async function load(alias: string): Promise<Predictor> {
  const { name, files, digest } = await verifyPassport(registry, `${MODEL}@${alias}`, { storage, publicKey })
  console.log(`${alias} is ${name}: ${files.length} files as they were signed, ${digest.slice(0, 12)}`)
  return Predictor.load(registry, `${MODEL}@${alias}`, { cache: { maxEntries: 10_000 } })
}

/** Tries the challenger beside the champion. */
async function openCanary(from: ModelRegistry, stable: Predictor, candidate: Predictor): Promise<Canary> {
  const opened = await createCanary({
    ...{ name: MODEL, stable, candidate, storage, key: 'observer', everyMs: isDemo ? 100 : 10_000 },
    steps: [0, 0.1, 0.5].map((weight) => ({ weight, minRows: 60 })),
    checks: [errorRateCheck(), latencyCheck({ ratio: 3, slackMs: 100 }), outcomeCheck({ metric: 'correct', margin: 0.05 })],
    target: { registry: from, model: MODEL, version: candidate.version },
  })
  opened.on('step', ({ phase, weight, reason }) =>
    console.log(`${phase}, ${Math.round(weight * 100)} % for version ${candidate.version}: ${reason}`),
  )
  opened.on('error', (error) => logger.error('the rollout failed', { error }))
  return opened
}

/** `GET /rollout`: a page for people. `POST /feedback`: `{ "variant": "candidate", "correct": true }`, when the truth is known. */
function rolloutPages(opened: Canary): Protocol {
  return {
    name: 'rollout',
    routes: [
      {
        method: 'GET',
        path: '/rollout',
        handle: () => ({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: trafficHtml(opened.status()) }),
      },
      {
        method: 'POST',
        path: '/feedback',
        async handle({ json }) {
          const { variant, correct } = (await json()) as { variant: string; correct: boolean }
          opened.record(variant, 'correct', correct)
          return { status: 204, headers: {}, body: '' }
        },
      },
    ],
  }
}

/** Asks the service about penguins whose species is known, and tells it whether it was right. */
async function demo(opened: Canary | undefined): Promise<void> {
  const rows = await observations()
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  for (let at = 0; ['running', 'promoting'].includes(opened?.status().phase ?? ''); at = (at + 10) % rows.length) {
    const asked = rows.slice(at, at + 10)
    const response = await post('/predict', { rows: asked.map(({ species: _, ...row }) => row) })
    const { predictions } = (await response.json()) as { predictions: { prediction: string; outputs: { variant: string } }[] }
    for (const [i, { prediction, outputs }] of predictions.entries())
      await post('/feedback', { variant: outputs.variant, correct: prediction === asked[i]?.species })
  }
  const { aliases } = (await registry.listModels())[0] as { aliases: Readonly<Record<string, string>> }
  console.log(`champion is version ${aliases.champion}`)
  const inference = await fetch(`${server.url}/v2/models/${MODEL}`)
  console.log(`Open Inference Protocol: ${Object.keys((await inference.json()) as object).join(', ')}`)
  const metrics = (await (await fetch(`${server.url}/metrics`)).text()).split('\n')
  console.log(metrics.filter((line) => /^millwright_(rollout_weight|requests_total|http_requests_total.*"200")/.test(line)).join('\n'))
  await server.close()
}
