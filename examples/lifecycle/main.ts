/**
 * A model lives its whole life on real data: checked, trained, tracked, gated, registered, served, drifting, retrained, promoted, rolled back.
 *
 *   npm start                                  the store goes to ./mlops
 *   npm start -- --folder /tmp/elsewhere       … or elsewhere
 *   npm start -- --config my.yaml              another configuration
 */
import { join, relative } from 'node:path'
import { createTracker, ModelRegistry, Predictor } from 'millwright'
import { fsStorage, serve } from 'millwright/node'
import { backAndForward, historyLines } from './aliases'
import { features, loadBikes, storeVersion } from './data'
import { keepDiary, whichCameFirst } from './diary'
import { freePort } from './free-port'
import { day, heading, line, percent, points, table } from './print'
import { closedLoop } from './retrain'
import { readSettings, type Settings, story } from './settings'
import { byMonth, streamMonths } from './stream'
import { learnable, trainFirst } from './training'
import { dataTime, detectorFor, liveMonitor, shadowMonitor } from './watching'
import { writeReport } from './write-report'

const startedAt = Date.now()

async function main(): Promise<void> {
  const settings = await readSettings(process.argv.slice(2))
  await freePort(settings.config.deployment)
  const storage = fsStorage({ root: settings.root })
  const tracker = createTracker({ storage })
  const registry = new ModelRegistry({ storage })
  try {
    await live(settings, { storage, tracker, registry })
  } finally {
    await tracker.close().catch(() => {})
    await storage.close()
  }
}

interface Store {
  readonly storage: ReturnType<typeof fsStorage>
  readonly tracker: ReturnType<typeof createTracker>
  readonly registry: ModelRegistry
}

async function live(settings: Settings, { storage, tracker, registry }: Store): Promise<void> {
  const { deployment, training, monitoring } = settings.config

  heading(1, 'The data: load, check, divide by time, version')
  const data = await loadBikes(settings)
  const { statistics } = data.validation
  line(
    `${data.all.numRows} hours of 2011; demand 24 hours earlier is missing in ${data.all.column('demand_24h_ago').nullCount}, where the record has gaps`,
  )
  line(`${statistics.successful_expectations} of ${statistics.evaluated_expectations} expectations met`)
  if (!data.validation.success) throw new Error(`the data does not meet its expectations:\n${data.validation}`)
  line(
    `train ${data.train.numRows} hours, test the ${data.test.numRows} after them, then ${data.following.numRows} hours from ${day(story.streamFrom).trim()} on as the stream`,
  )
  line(`version ${data.digest.slice(0, 12)} stored as ${await storeVersion(storage, data, settings)}`)

  heading(2, 'Cross-validate and train, tracked; gate, register, promote')
  const first = await trainFirst(settings, data, { tracker, registry })
  heading(3, `The gate: accuracy ≥ ${training.min_accuracy_threshold}`)
  line(`${percent(first.accuracy)} passes: version ${first.version} is registered and promoted to champion`)

  heading(4, 'Serve over HTTP; the following months are sent as requests, labels arrive a day later')
  const predictor = await Predictor.load(registry, `${story.model}@champion`)
  const alone = await Predictor.load(registry, `${story.model}@${first.version}`)
  const detector = detectorFor(learnable(data.train), first.fitted, settings)
  const monitor = liveMonitor(settings, storage, detector, `${story.model}-v${first.version}`)
  const shadow = shadowMonitor()
  monitor.watch(predictor)
  shadow.watch(alone)
  const retraining = await closedLoop({ settings, data, storage, tracker, registry, monitor, predictor })
  monitor.on('error', (error) => line(`monitor: ${(error as Error).message}`))
  retraining.on('error', (error) => line(`retraining: ${(error as Error).message}`))
  const server = await serve(predictor, { host: deployment.api_host, port: deployment.api_port })
  try {
    line(`${server.url}/predict, /docs, /metrics, /healthz`)
    heading(
      5,
      `Watch: drift at an index of ${monitoring.drift_threshold}, alert below ${percent(monitoring.performance_threshold)}; retrain by itself`,
    )
    const diary = keepDiary(monitor, retraining)
    const stream = await streamMonths({
      settings,
      data,
      url: server.url,
      monitor,
      shadow: { predictor: alone, monitor: shadow },
      retraining,
    })
    line(
      `${stream.rows} hours in ${stream.requests} requests and ${retraining.verdicts.length} retrainings, ${stream.seconds.toFixed(1)} s`,
    )
    line(`${whichCameFirst(diary)}${diary.firstDrift === undefined ? '' : ` (first ${diary.firstDrift.text})`}`)

    heading(6, 'Month by month: the first champion alone, and with retraining')
    const months = byMonth(monitor, shadow)
    const overall = {
      retrained: monitor.performance({ metric: 'accuracy' }).value,
      championOnly: shadow.performance({ metric: 'accuracy' }).value,
    }
    const row = (title: string, rows: number, championOnly: number, retrained: number): string[] => [
      ...[title, String(rows), percent(championOnly), percent(retrained), points(retrained - championOnly)],
    ]
    table([
      ['month', 'hours', 'champion only', 'retrained', 'points'],
      ...months.map(({ title, rows, championOnly, retrained }) => row(title, rows, championOnly, retrained)),
      row('all', stream.rows, overall.championOnly, overall.retrained),
    ])

    heading(7, 'Back and forward by alias; the history of the registry')
    const sample = data.following.row(0)
    const moves = await backAndForward(registry, predictor, {
      url: server.url,
      row: Object.fromEntries(features.map((name) => [name, sample[name] ?? null])),
      first: first.version,
    })
    if (moves !== undefined) {
      const text = `champion ${moves.from} → ${moves.to}, and forward again`
      diary.events.push({ at: dataTime.now, kind: 'rollback', text })
    }
    const history = await historyLines(registry, startedAt)
    line('champion, as the registry tells it:')
    for (const { at, text } of history.filter(({ text }) => text.includes('champion')))
      line(`${new Date(at).toISOString().slice(11, 19)}  ${text}`)

    heading(8, 'The report')
    await monitor.flush()
    const report = await writeReport({
      settings,
      data,
      storage,
      registry,
      monitor,
      detector,
      stream,
      months,
      diary,
      history,
      overall,
      firstVersion: first.version,
    })
    const shown = (key: string): string => relative(process.cwd(), join(settings.root, key)) || '.'
    line(`the store:  ${shown('.')}  (runs and models in ${shown('mlruns')}, which MLflow reads)`)
    line(`the report: ${shown(report.key)}  (${Math.round(report.sizeBytes / 1024)} kB, opens without a network)`)
  } finally {
    await retraining.close()
    await server.close()
    await Promise.all([predictor.close(), alone.close()])
    await monitor.close()
  }
}

main().catch((error: unknown) => {
  const { message, hint } = error as { message?: string; hint?: string }
  process.stderr.write(`${message ?? String(error)}${hint === undefined ? '' : ` (${hint})`}\n`)
  process.exitCode = 1
})
