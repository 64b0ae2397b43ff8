/**
 * Weights & Biases from both sides: what we write is read by W&B's own reader and uploaded by the real `wandb sync` (to a small server
 * that keeps what arrives); what the real client wrote offline is read and imported by us.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { importWandbRun, readWandbRun, wandbOffline, writeWandbRun } from '../../../src/adapters/wandb'
import { parseWandbJson } from '../../../src/adapters/wandb/wandb-json'
import { createBareTracker as createTracker } from '../../../src/run'
import { type UploadedRun, wandbServer } from './_server'

const bin = (name: string): string => resolve(`.venvs/${name}/bin`)
const client = resolve('test/interop/wandb/wandb_client.py')

if (process.argv[2] === 'log') await logForEver(process.argv[3] as string)

const root = mkdtempSync(join(tmpdir(), 'millwright-wandb-'))
const server = await wandbServer()

async function call(program: string, ...args: string[]): Promise<string> {
  const child = spawn(program, args, {
    cwd: root,
    timeout: 90_000,
    env: {
      PATH: process.env.PATH,
      HOME: root,
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: 'a'.repeat(40),
      WANDB_ERROR_REPORTING: 'false',
      NO_PROXY: '127.0.0.1',
    },
  })
  let [output, errors] = ['', '']
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  const code = await new Promise((done) => child.on('close', done))
  assert.equal(code, 0, `${program} ${args.join(' ')}: ${errors}${output}`)
  return output
}

type Scanned = Record<string, unknown> & { kind: string; items?: Record<string, string> }

async function scan(file: string): Promise<Scanned[]> {
  return (await call(join(bin('wandb-old'), 'python'), client, 'scan', file))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Scanned)
}

const sync = (directory: string): Promise<string> => call(join(bin('wandb'), 'wandb'), 'sync', directory)
const rows = (run: UploadedRun | undefined): Record<string, unknown>[] =>
  (run?.lines['wandb-history.jsonl'] ?? []).map((line) => parseWandbJson(line, 'a row') as Record<string, unknown>)
const summaryOf = (run: UploadedRun | undefined): Record<string, unknown> =>
  parseWandbJson(run?.lines['wandb-summary.json']?.at(-1) ?? '{}', 'the summary') as Record<string, unknown>
const configOf = (run: UploadedRun | undefined): Record<string, { value: unknown }> =>
  JSON.parse(String(run?.upserts.at(-1)?.config ?? '{}')) as Record<string, { value: unknown }>
const directories = (): string[] => readdirSync(join(root, 'wandb')).filter((name) => name.startsWith('offline-run-'))

/** A PNG of 3 × 2 grey pixels. */
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNgYGBgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==', 'base64')

async function ourRun(): Promise<void> {
  const storage = fsStorage({ root })
  const backend = memoryTracker()
  const tracker = createTracker({ backend: wandbOffline(backend, { storage, entity: 'team' }) })
  const tags = { 'wandb.tags': '["alpha","beta"]', 'wandb.group': 'sweep-7', 'wandb.job_type': 'train', stage: 'dev' }
  let runId = ''
  await tracker
    .run({ experiment: 'vision/small', name: 'ours', tags, description: 'what it is' }, async (run) => {
      runId = run.runId
      run.logParams({
        lr: 0.1,
        big: '12345678901234567890',
        model: { kind: 'forest', layers: [8, 4] },
        on: true,
        text: 'yes: # no',
        huge: '1e999',
      })
      for (let step = 0; step < 300; step++) {
        run.logMetrics({ loss: 1 / (step + 1), 'val/acc': step / 300 }, { step })
        if (step % 100 === 99) await run.flush()
      }
      run.logMetrics({ odd: Number.NaN, high: Number.POSITIVE_INFINITY, low: Number.NEGATIVE_INFINITY, zero: -0 }, { step: 300 })
      await run.flush()
      run.logMetric('late', 7, { step: 5 })
      run.logMetric('system/system_memory_usage_percentage', 41.5, { step: 0 })
      run.logText('notes/readme.txt', 'x'.repeat(100_000))
      run.logImage('maps/error', png, { step: 3 })
      await run.flush()
      throw new Error('on purpose')
    })
    .catch((error: Error) => assert.equal(error.message, 'on purpose'))
  const [name = ''] = directories()
  const directory = join(root, 'wandb', name)
  const file = join(directory, `run-${runId}.wandb`)

  // W&B's own reader.
  const records = await scan(file)
  assert.deepEqual(
    records.map(({ num }) => num),
    records.map((_, i) => i),
  )
  const history = records.filter(({ kind }) => kind === 'history')
  const firstRun = records.find(({ kind }) => kind === 'run')
  assert.deepEqual(
    [
      firstRun?.runId,
      firstRun?.project,
      firstRun?.entity,
      firstRun?.name,
      firstRun?.notes,
      firstRun?.group,
      firstRun?.jobType,
      firstRun?.tags,
    ],
    [runId, 'vision-small', 'team', 'ours', 'what it is', 'sweep-7', 'train', ['alpha', 'beta']],
  )
  assert.equal(history.length, 303)
  assert.equal(history[200]?.items?.loss, String(1 / 201))
  assert.deepEqual(records.at(-1), { kind: 'exit', num: records.length - 1, code: 1, runtime: records.at(-1)?.runtime })
  const config = Object.assign({}, ...records.filter(({ kind }) => kind === 'config' || kind === 'run').map(({ items }) => items))
  assert.equal(config.big, '12345678901234567890')
  assert.equal(config.huge, '"1e999"')
  console.log(`wandb's DataStore reads ${records.length} records of our file, ${history.length} of them history`)

  // The real upload.
  await sync(directory)
  const uploaded = server.runs.get(runId)
  const lines = rows(uploaded)
  assert.equal(lines.length, 303)
  for (let step = 0; step < 300; step++) {
    const { _step, step: own, loss, 'val/acc': accuracy } = lines[step] as Record<string, number>
    assert.deepEqual([_step, own, loss, accuracy], [step, step, 1 / (step + 1), step / 300])
  }
  const odd = lines[300] as Record<string, number>
  assert.deepEqual([odd.odd, odd.high, odd.low, odd.step], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 300])
  assert.deepEqual([lines[301]?.late, lines[301]?.step, lines[301]?._step], [7, 5, 301])
  const steps = lines.map(({ _step }) => _step as number)
  assert.ok(
    steps.every((step, i) => i === 0 || step > (steps[i - 1] as number)),
    '_step rises',
  )
  const picture = lines[302]?.['maps/error'] as Record<string, unknown>
  assert.deepEqual([picture._type, picture.width, picture.height, picture.format], ['image-file', 3, 2, 'png'])
  assert.deepEqual(uploaded?.files[String(picture.path)], png)
  assert.equal(uploaded?.files['artifacts/notes/readme.txt']?.length, 100_000)
  const summary = summaryOf(uploaded)
  assert.deepEqual([summary.loss, summary['val/acc'], summary.odd, summary.late], [1 / 300, 299 / 300, Number.NaN, 7])
  const sent = configOf(uploaded)
  assert.deepEqual(
    [sent.lr?.value, sent['model.kind']?.value, sent['model.layers']?.value, sent.on?.value, sent.text?.value, sent.huge?.value],
    [0.1, 'forest', [8, 4], true, 'yes: # no', '1e999'],
  )
  assert.equal((sent.run_tags?.value as Record<string, string> | undefined)?.stage, 'dev')
  const upsert = uploaded?.upserts.at(-1)
  assert.deepEqual(
    [upsert?.displayName, upsert?.notes, upsert?.groupName, upsert?.jobType, upsert?.tags],
    ['ours', 'what it is', 'sweep-7', 'train', ['alpha', 'beta']],
  )
  assert.deepEqual([uploaded?.complete, uploaded?.exitCode], [true, 1])
  const axes = (sent._wandb?.value as { m?: { 1: string; 5?: number }[] } | undefined)?.m ?? []
  assert.ok(
    axes.some((metric) => metric[1] === 'loss' && axes[(metric[5] ?? 0) - 1]?.[1] === 'step'),
    `loss has the axis step: ${JSON.stringify(axes)}`,
  )
  const events = uploaded?.lines['wandb-events.jsonl'] ?? []
  assert.equal((JSON.parse(events[0] ?? '{}') as Record<string, number>)['system.memory_percent'], 41.5)
  assert.ok(existsSync(`${file}.synced`))
  console.log(
    `wandb sync uploads it: ${lines.length} rows, config, summary, ${Object.keys(uploaded?.files ?? {}).length} files, exit code 1`,
  )

  // Taken up again by another process: a second directory of the same run.
  const second = createTracker({ backend: wandbOffline(backend, { storage, entity: 'team' }) })
  const again = await second.resumeRun(runId)
  again.logMetric('loss', 0.001, { step: 301 })
  await again.finish()
  const next = directories().find((other) => other !== name) ?? ''
  await sync(join(root, 'wandb', next))
  assert.equal(rows(uploaded).length, 304)
  assert.deepEqual([rows(uploaded)[303]?.loss, rows(uploaded)[303]?.step, rows(uploaded)[303]?._step], [0.001, 301, 303])
  assert.deepEqual([uploaded?.exitCode, summaryOf(uploaded).loss, summaryOf(uploaded)['val/acc']], [0, 0.001, 299 / 300])
  assert.equal(configOf(uploaded).lr?.value, 0.1)
  console.log('wandb sync adds the directory of a resumed run behind the first')

  // Both directories come back as they were.
  const target = memoryTracker()
  await importWandbRun(target, storage, [`wandb/${name}`, `wandb/${next}`])
  const [before, after] = [await backend.getRun(runId), await target.getRun(runId)]
  assert.deepEqual(after.params, before.params)
  assert.equal(after.status, 'finished')
  assert.deepEqual((await target.getMetricHistory(runId, 'loss')).items.map(({ value, step }) => [value, step]).length, 301)
  assert.equal(after.tags.stage, 'dev')

  // The same run written at once.
  const whole = await writeWandbRun(backend, runId, fsStorage({ root: join(root, 'whole') }), { project: 'whole' })
  server.runs.delete(runId)
  await sync(join(root, 'whole', whole))
  assert.equal(rows(server.runs.get(runId)).length, 303)
  assert.equal(server.runs.get(runId)?.upserts.at(-1)?.project, 'whole')

  // A file that was cut: W&B reads up to the last whole record.
  const torn = join(root, 'torn', 'offline-run-20260101_000000-torn')
  mkdirSync(torn, { recursive: true })
  const bytes = readFileSync(file)
  writeFileSync(join(torn, `run-${runId}.wandb`), bytes.subarray(0, Math.floor(bytes.length / 2)))
  server.runs.delete(runId)
  await sync(torn)
  const ours = readWandbRun(bytes.subarray(0, Math.floor(bytes.length / 2)))
  assert.ok(ours.history.length > 50 && ours.tornAt !== undefined && ours.exitCode === undefined)
  assert.equal(rows(server.runs.get(runId)).length, ours.history.length)
  console.log(`a file cut in two: wandb sync and we read the same ${ours.history.length} rows`)
  await tracker.close()
  await second.close()
}

async function theirRuns(): Promise<void> {
  const folder = join(root, 'theirs')
  mkdirSync(folder)
  await call(join(bin('wandb'), 'python'), client, 'write', folder)
  const storage = fsStorage({ root: join(folder, 'wandb') })
  const names = readdirSync(join(folder, 'wandb'))
  const nameOf = (id: string): string => names.find((name) => name.startsWith('offline-run-') && name.endsWith(id)) ?? ''
  const backend = memoryTracker()

  const done = await importWandbRun(backend, storage, nameOf('full0001'))
  const run = await backend.getRun(done.runId)
  assert.deepEqual([run.runId, run.runName, run.status], ['full0001', 'a full run', 'failed'])
  const { lr, seed, on, none, late } = run.params
  assert.deepEqual([lr, seed, on, none, late], ['0.1', '12345678901234567890', 'true', 'null', 'yes'])
  assert.deepEqual([run.params['model.kind'], run.params['model.layers']], ['forest', '[8,4]'])
  assert.deepEqual(
    [
      run.tags['wandb.tags'],
      run.tags['wandb.group'],
      run.tags['wandb.job_type'],
      run.tags['mlflow.note.content'],
      run.tags['wandb.project'],
    ],
    ['["alpha","beta gamma"]', 'sweep-7', 'train', 'first line\nsecond line', 'vision'],
  )
  const history = async (key: string): Promise<number[][]> =>
    (await backend.getMetricHistory('full0001', key)).items.map(({ value, step }) => [step, value]).sort(([a = 0], [b = 0]) => a - b)
  assert.deepEqual(
    (await history('loss')).map(([, value]) => value),
    Array.from({ length: 20 }, (_, i) => 1 / (i + 1)),
  )
  assert.deepEqual(
    (await history('deep.y.z')).map(([, value]) => value),
    Array.from({ length: 20 }, (_, i) => i / 2),
  )
  assert.deepEqual(await history('val/acc'), [
    [10, 0.2],
    [11, 0.45],
    [12, 0.7],
    [13, 0.95],
  ])
  assert.deepEqual(
    [run.metrics.odd?.value, run.metrics.high?.value, run.metrics.low?.value],
    [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
  assert.deepEqual([run.metrics.best?.value, run.metrics.done?.value, run.metrics['loss.min']?.value], [0.25, 1, 0.05])
  assert.ok(
    Object.keys(run.metrics).some((key) => key.startsWith('system/')),
    'system metrics',
  )
  const texts = Buffer.from(await backend.getArtifact({ runId: 'full0001' }, 'wandb/history.jsonl')).toString()
  assert.ok(texts.includes('"text":"row 7"') && texts.includes('"_type":"html-file"') && texts.length > 190_000)
  const rest = JSON.parse(Buffer.from(await backend.getArtifact({ runId: 'full0001' }, 'wandb/run.json')).toString())
  assert.deepEqual([rest.alerts[0].title, rest.summary.words, rest.exitCode], ['lost', 'none', 3])
  const [page] = await backend.listArtifacts({ runId: 'full0001' }, 'media/html')
  assert.equal(Buffer.from(await backend.getArtifact({ runId: 'full0001' }, page?.path ?? '')).toString(), '<b>hello</b>')
  console.log(`a run of the real client comes in: ${done.points} points, ${done.params} params, ${done.files} files, exit code 3`)

  const killed = nameOf('killed01')
  const file = join(folder, 'wandb', killed, 'run-killed01.wandb')
  const ours = readWandbRun(readFileSync(file))
  const theirs = (await scan(file)).filter(({ kind }) => kind === 'history')
  assert.equal(ours.exitCode, undefined)
  assert.ok(ours.history.length > 0)
  assert.deepEqual(
    ours.history.map(({ step, values }) => [step, values.loss]),
    theirs.map(({ step, items }) => [step, Number(items?.loss)]),
  )
  const { status } = await importWandbRun(backend, storage, killed)
  assert.equal(status, 'killed')
  console.log(`a run killed while logging: its ${ours.history.length} rows are those that wandb's DataStore reads`)
}

/** Logs until it is killed, and prints how many rows are acknowledged. */
async function logForEver(folder: string): Promise<never> {
  const backend = wandbOffline(memoryTracker(), { storage: fsStorage({ root: folder }) })
  const { experimentId } = await backend.ensureExperiment('killed')
  const { runId } = await backend.createRun({ experimentId, startTime: Date.now(), runId: 'killed' })
  for (let step = 0; ; step++) {
    await backend.logBatch(runId, { metrics: [{ key: 'loss', value: step, step, timestamp: Date.now() }] })
    process.stdout.write(`${step + 1}\n`)
  }
}

async function killedRun(): Promise<void> {
  const folder = join(root, 'killed')
  mkdirSync(folder)
  const child = spawn(process.execPath, [process.argv[1] as string, 'log', folder], { timeout: 60_000 })
  let printed = ''
  child.stdout.on('data', (data) => {
    printed += data
    if (printed.split('\n').length > 200) child.kill('SIGKILL')
  })
  await new Promise((done) => child.on('close', done))
  const acknowledged = Number(printed.trim().split('\n').at(-1))
  const [name = ''] = readdirSync(join(folder, 'wandb'))
  const scanned = (await scan(join(folder, 'wandb', name, 'run-killed.wandb'))).filter(({ kind }) => kind === 'history')
  assert.ok(acknowledged >= 199 && scanned.length >= acknowledged, `${scanned.length} of ${acknowledged} acknowledged rows`)
  assert.deepEqual(
    scanned.map(({ items }) => Number(items?.loss)),
    scanned.map((_, i) => i),
  )
  server.runs.delete('killed')
  await sync(join(folder, 'wandb', name))
  const uploaded = server.runs.get('killed')
  assert.equal(rows(uploaded).length, scanned.length)
  console.log(
    `our process killed while logging: all ${acknowledged} acknowledged rows are read and uploaded, exit code ${uploaded?.exitCode}`,
  )
}

try {
  await ourRun()
  await killedRun()
  await theirRuns()
  assert.deepEqual(
    server.unknown.filter((name) => name !== 'NotifyScriptableRunAlert'),
    [],
  )
} finally {
  await server.close()
  rmSync(root, { recursive: true, force: true })
}
