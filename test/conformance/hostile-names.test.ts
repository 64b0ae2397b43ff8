/** Hostile names on real folders: nothing beside the root is made or changed, and what is below it could lie on Windows too. */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeDvclive } from '../../src/adapters/dvc/dvclive'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../src/adapters/memory/memory-tracker'
import { mlflowTracker } from '../../src/adapters/mlflow/tracker/mlflow-tracker'
import { filesTracker } from '../../src/adapters/mlruns/files-tracker'
import { sqliteRegistry } from '../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../src/adapters/sqlite/tracker/sqlite-tracker'
import { wandbOffline, writeWandbRun } from '../../src/adapters/wandb'
import { fromUtf8, utf8 } from '../../src/core/bytes'
import { isMillwrightError } from '../../src/core/errors'
import { queuedTracker } from '../../src/layers/queued/queued-tracker'
import { teeTracker } from '../../src/layers/tee/tee-tracker'
import type { ModelPackage } from '../../src/ports/model'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import type { TrackerBackend } from '../../src/ports/tracker-backend'
import { ModelRegistry, objectStoreBackend } from '../../src/registry'
import { hostileNameParts } from '../../src/testing/hostile-names'
import { NO_SQLITE, sqliteLibs } from '../fixtures/sqlite-libs'
import { atLeastOf, hostileSample } from '../support/effort'

const names = hostileSample(101)
const storage = (root: string): ReturnType<typeof fsStorage> => fsStorage({ root, fsync: false })
const libs = await sqliteLibs()

interface Place {
  /** What the backend is given. */
  readonly root: string
  /** Throws if anything outside of the root is not as it was. */
  expectUntouched(): void
}

const parents: string[] = []
afterEach(() => {
  for (const parent of parents.splice(0)) rmSync(parent, { recursive: true, force: true })
})

/** A root in a folder of its own, with a file and a folder beside it; watched with them: all that the names could mean elsewhere. */
function place(): Place {
  const parent = mkdtempSync(join(tmpdir(), 'millwright-hostile-'))
  parents.push(parent)
  const root = join(parent, 'root')
  mkdirSync(root)
  mkdirSync(join(parent, 'beside'))
  writeFileSync(join(parent, 'beside', 'x'), 'canary')
  writeFileSync(join(parent, 'x'), 'canary')
  const bases = [root, join(root, 'mlruns'), join(root, 'mlruns', '0'), join(root, 'mlruns', 'models'), process.cwd(), homedir()]
  const meant = names
    .filter((name) => !name.includes('\0') && name.length < 1000)
    .flatMap((name) => bases.map((base) => resolve(base, name)))
    .filter((path) => !path.startsWith(root + sep) && path !== root)
  const watched = [...new Set(meant)]
  const look = (): string => JSON.stringify([tree(parent, root), readdirSync(process.cwd()), watched.map(stampOf)])
  const before = look()
  return { root, expectUntouched: () => expect(look()).toBe(before) }
}

/** Whether something is there; of files also when and what size. */
function stampOf(path: string): string {
  try {
    const stats = lstatSync(path)
    return stats.isFile() ? `${stats.mtimeMs} ${stats.size}` : stats.isDirectory() ? 'folder' : 'other'
  } catch {
    return ''
  }
}

/** Every path below a folder but not below `except`, with the text of files. */
function tree(folder: string, except?: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (path === except) return []
    return entry.isDirectory()
      ? [`${path}/`, ...tree(path, except)]
      : [`${path} ${entry.isFile() ? readFileSync(path, 'utf8').slice(0, 100) : 'other'}`]
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const refusedByWindows = /[\u0000-\u001f\\:]|[. ]$|^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)/i

/**
 * Paths below the root that Windows would refuse.
 *
 * @param free below which folder names are the caller's own, so that `< > " | ? *` may stand in them, which Windows alone forbids
 */
function unportable(root: string, free: RegExp = /\/artifacts\//): string[] {
  const isBad = (path: string): boolean => {
    const own = free.exec(path)
    const fixed = own === null ? path : path.slice(0, own.index)
    return /[<>"|?*]/.test(fixed) || path.split('/').some((part) => refusedByWindows.test(part) || utf8(part).length > 255)
  }
  return allPaths(root)
    .map((path) => relative(root, path).split(sep).join('/'))
    .filter(isBad)
}

function allPaths(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...allPaths(path)] : [path]
  })
}

/** How many of the names were taken; each of the others must be refused with one clear error. */
async function countTaken(
  work: (name: string, i: number) => unknown,
  refusals: readonly string[] = ['InvalidArgument'],
  some: readonly string[] = names,
): Promise<number> {
  let taken = 0
  for (const [i, name] of some.entries()) {
    try {
      await work(name, i)
      taken++
    } catch (error) {
      if (!isMillwrightError(error) || !refusals.includes(error.code)) expect.fail(`${JSON.stringify(name.slice(0, 60))}: ${String(error)}`)
    }
  }
  return taken
}

/** Every one of the names in every place where a tracker takes one. */
async function pushRuns(tracker: TrackerBackend, some: readonly string[] = names): Promise<Record<string, number>> {
  const { experimentId } = await tracker.ensureExperiment('pushed')
  const newRun = async (): Promise<string> => (await tracker.createRun({ experimentId, startTime: 1 })).runId
  const runId = await newRun()
  // Where a key or path is a file, there is no room for one below it: that is a Conflict.
  const crowded = ['InvalidArgument', 'Conflict']
  const pair = (name: string): Record<string, string> => Object.fromEntries([[name, 'v']])
  const dataset = (name: string, digest: string) => ({ name, digest, sourceType: 'code', source: '{}', context: name.slice(0, 400) })
  const count = (work: (name: string, i: number) => unknown, refusals?: readonly string[]) => countTaken(work, refusals, some)
  const counts = {
    experiments: await count((name) => tracker.ensureExperiment(name)),
    runNames: await count((runName) => tracker.updateRun(runId, { runName })),
    runIds: await count((id) => tracker.createRun({ experimentId, runId: id, startTime: 1 }), [...crowded, 'AlreadyExists']),
    metrics: await count((key) => tracker.logBatch(runId, { metrics: [{ key, value: 1, step: 0, timestamp: 1 }] }), crowded),
    params: await count((name) => tracker.logBatch(runId, { params: pair(name) }), crowded),
    tags: await count((name) => tracker.logBatch(runId, { tags: pair(name) }), crowded),
    artifacts: await count((path) => tracker.putArtifact({ runId }, path, utf8('x')), crowded),
    images: await count((name) => tracker.putArtifact({ runId }, imagePath(name), png), crowded),
    models: await count((name) => tracker.createModel({ experimentId, name, createdAt: 1 })),
    datasets: await count((name, i) => tracker.logBatch(runId, { datasets: [dataset(name, `${i}`)] })),
  }
  await tracker.close()
  return counts
}

const png = new Uint8Array(64)

/** Where `run.logImage` would put an image of this name. */
function imagePath(name: string): string {
  return `images/${name.replaceAll('/', '~')}+step+1+timestamp+1+0123.png`
}

/** Every name in every place where a registry takes one. */
async function pushModels(backend: RegistryBackend): Promise<Record<string, number>> {
  const registry = new ModelRegistry({ backend })
  const packed = (files: Readonly<Record<string, Uint8Array>>): ModelPackage => ({
    ...{ flavor: 'f', task: 'other', signature: { inputs: [], outputs: [] } },
    files,
  })
  await registry.register('known', packed({ 'a.bin': utf8('x') }))
  let safe: Readonly<Record<string, Uint8Array>> = {}
  const counts = {
    models: await countTaken((name) => backend.ensureModel(name, { createdAt: 1 })),
    aliases: await countTaken((alias) => registry.setAlias('known', alias, 1)),
    tags: await countTaken((key) => registry.setTags('known@1', Object.fromEntries([[key, 'v']])), ['InvalidArgument', 'Conflict']),
    files: await countTaken(async (path) => {
      // Checked as a registration checks, which is then ended before it writes; what passes is registered at once below.
      const files = { ...safe, ...Object.fromEntries([[path, utf8('x')]]) }
      const stop = new Error('checked')
      await registry.register('packed', packed(files), { signal: AbortSignal.abort(stop) }).catch((error) => {
        if (error !== stop) throw error
      })
      safe = files
    }),
  }
  await registry.register('packed', packed(safe))
  await registry.close()
  return counts
}

/** Pushes into a place of its own, and looks around afterwards. */
async function pushInto(
  push: (root: string) => Promise<Record<string, number>>,
  atLeast: Readonly<Record<string, number>>,
  free?: RegExp,
): Promise<Place> {
  const here = place()
  const counts = await push(here.root)
  here.expectUntouched()
  expect(unportable(here.root, free)).toEqual([])
  for (const [kind, least] of Object.entries(atLeast))
    expect(counts[kind], `how many ${kind} were taken`).toBeGreaterThan(atLeastOf(names, least))
  return here
}

const someRuns = {
  experiments: 300,
  runNames: 300,
  runIds: 20,
  metrics: 80,
  params: 80,
  tags: 80,
  artifacts: 200,
  models: 100,
  datasets: 300,
}
const someModels = { models: 20, aliases: 20, tags: 100, files: 150 }

describe('on a real folder nothing leaves the root', () => {
  it('filesTracker', async () => {
    await pushInto((root) => pushRuns(filesTracker({ storage: storage(root) })), someRuns)
  })

  it('queuedTracker over files', async () => {
    await pushInto(async (root) => {
      const backend = filesTracker({ storage: storage(root) })
      const queue = queuedTracker({ backend, storage: storage(join(root, 'queue')), waitMs: 20_000 })
      return pushRuns(queue, hostileNameParts(names)[0])
    }, {})
  })

  it('teeTracker over memory and files', async () => {
    const push = (root: string) =>
      pushRuns(teeTracker([memoryTracker(), filesTracker({ storage: storage(root) })]), hostileNameParts(names)[1])
    await pushInto(push, { experiments: 100, artifacts: 60 })
  })

  it('wandbOffline and writeWandbRun', async () => {
    await pushInto(
      async (root) => {
        const counts = await pushRuns(wandbOffline(memoryTracker(), { storage: storage(root) }))
        const tracker = memoryTracker()
        const made = await countTaken(async (name) => {
          const { experimentId } = await tracker.ensureExperiment(name)
          const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
          await tracker.logBatch(runId, { metrics: [{ key: name, value: 1, step: 0, timestamp: 1 }] })
          await writeWandbRun(tracker, runId, storage(root), { folder: 'later' })
        })
        return { ...counts, made }
      },
      { artifacts: 200, images: 100, metrics: 80, made: 80 },
      /\/files\//,
    )
  })

  it('the registry on files', async () => {
    // Names of models and of files are the caller's own, as they are to MLflow.
    await pushInto((root) => pushModels(objectStoreBackend(storage(root))), someModels, /^mlruns\/models\/|\/artifacts\//)
  })

  if (libs.length === 0) it.skip(`SQLite (left out: ${NO_SQLITE})`, () => {})

  for (const { name, lib } of libs) {
    it(`sqliteTracker and sqliteRegistry with ${name}: the tables stay what they are, too`, async () => {
      const open = { path: '', lib }
      const untouched = place()
      await (await sqliteTracker({ ...open, path: join(untouched.root, 'mlflow.db'), storage: storage(untouched.root) })).close()
      const here = await pushInto(async (root) => {
        const at = { ...open, path: join(root, 'mlflow.db'), storage: storage(root) }
        return { ...(await pushModels(await sqliteRegistry(at))), ...(await pushRuns(await sqliteTracker(at))) }
      }, someRuns)
      const ask = (root: string, sql: string): unknown[] => askSqlite(lib, join(root, 'mlflow.db'), sql)
      const tables = 'SELECT type, name, sql FROM sqlite_master ORDER BY type, name'
      expect(ask(here.root, tables)).toEqual(ask(untouched.root, tables))
      expect(ask(here.root, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
      expect(ask(here.root, 'PRAGMA database_list')).toHaveLength(1)
      const { runs } = ask(here.root, 'SELECT count(*) AS runs FROM runs')[0] as { runs: number }
      expect(runs).toBeGreaterThan(atLeastOf(names, someRuns.runIds))
    })
  }
})

/** The rows that a statement gives on a file. */
function askSqlite(lib: unknown, path: string, sql: string): unknown[] {
  interface Database {
    prepare(text: string): { all(): unknown[] }
    close(): void
  }
  type Open = new (path: string) => Database
  const { getBuiltinModule } = process as unknown as { getBuiltinModule: (name: string) => { DatabaseSync: Open } }
  const open = (lib as Open | undefined) ?? getBuiltinModule('node:sqlite').DatabaseSync
  const database = new open(path)
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...(row as object) }))
  } finally {
    database.close()
  }
}

describe('symbolic links below the root', () => {
  it('are not followed out of it when artifacts, metrics and tags are written', async () => {
    const here = place()
    const outside = join(here.root, '..', 'beside')
    const tracker = filesTracker({ storage: storage(here.root) })
    const { experimentId } = await tracker.ensureExperiment('linked')
    const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
    const run = join(here.root, 'mlruns', experimentId, runId)
    symlinkSync(outside, join(run, 'artifacts', 'out'))
    symlinkSync(join(outside, 'x'), join(run, 'artifacts', 'file'))
    symlinkSync(join(outside, 'x'), join(run, 'metrics', 'm'))
    symlinkSync(outside, join(run, 'params', 'deep'))
    symlinkSync(join(outside, 'x'), join(run, 'tags', 't'))
    const attempts: readonly (() => unknown)[] = [
      () => tracker.putArtifact({ runId }, 'out/x', utf8('stolen')),
      () => tracker.putArtifact({ runId }, 'out/new', utf8('stolen')),
      () => tracker.putArtifact({ runId }, 'file', utf8('stolen')),
      () => tracker.logBatch(runId, { metrics: [{ key: 'm', value: 1, step: 0, timestamp: 1 }] }),
      () => tracker.logBatch(runId, { params: { 'deep/x': 'stolen' } }),
      () => tracker.logBatch(runId, { tags: { t: 'stolen' } }),
      () => tracker.getArtifact({ runId }, 'out/x'),
    ]
    const codes: string[] = []
    for (const attempt of attempts) {
      try {
        await attempt()
        codes.push('done')
      } catch (error) {
        codes.push(isMillwrightError(error) ? error.code : String(error))
      }
      here.expectUntouched()
    }
    // Replacing a link by a file of its own harms nobody; everything that would go through one is refused.
    expect(codes).toEqual([
      'PermissionDenied',
      'PermissionDenied',
      'done',
      'PermissionDenied',
      'PermissionDenied',
      'done',
      'PermissionDenied',
    ])
    expect(await tracker.listArtifacts({ runId })).toEqual([{ path: 'file', isFolder: false, sizeBytes: 6 }])
    await tracker.close()
  })
})

describe('writeDvclive', () => {
  it('stays below its folder, and refuses what is no file name before it writes', async () => {
    const here = place()
    const tracker = memoryTracker()
    const { experimentId } = await tracker.ensureExperiment('dvclive')
    let written = 0
    for (const name of names) {
      const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
      const pair = Object.fromEntries([[name, 'v']])
      const isLogged = await countOne(() =>
        tracker.logBatch(runId, { metrics: [{ key: name, value: 1, step: 2, timestamp: 3 }], params: pair }),
      )
      if (!isLogged) continue
      const target = memoryStorage()
      try {
        await writeDvclive(tracker, runId, target)
        await writeDvclive(tracker, runId, storage(here.root))
        const tsv = (await target.list({ prefix: 'dvclive/plots/metrics/' })).objects.map(({ key }) => key)
        expect(tsv).toEqual([`dvclive/plots/metrics/${name}.tsv`])
        expect(JSON.parse(fromUtf8(await target.get('dvclive/metrics.json')))).toHaveProperty('step')
        written++
      } catch (error) {
        if (!isMillwrightError(error, 'InvalidArgument')) throw error
        expect((await target.list()).objects).toEqual([])
      }
    }
    expect(written).toBeGreaterThan(atLeastOf(names, 100))
    here.expectUntouched()
    expect(unportable(here.root)).toEqual([])
  })

  it('keeps images below its folder, or writes nothing', async () => {
    const here = place()
    const tracker = memoryTracker()
    const { experimentId } = await tracker.ensureExperiment('images')
    let written = 0
    for (const name of [...names, '..~..~x', '#etc#x', '~..~..~..~x', 'a~..~b']) {
      const { runId } = await tracker.createRun({ experimentId, startTime: 1 })
      if (!(await countOne(() => tracker.putArtifact({ runId }, imagePath(name), png)))) continue
      const root = join(here.root, `${written}`)
      try {
        await writeDvclive(tracker, runId, storage(root))
        written++
      } catch (error) {
        if (!isMillwrightError(error, 'InvalidArgument')) throw error
        expect(stampOf(root)).toBe('')
      }
    }
    expect(written).toBeGreaterThan(atLeastOf(names, 100))
    here.expectUntouched()
    expect(unportable(here.root, /\/images\//)).toEqual([])
  })
})

/** Whether it was taken. */
async function countOne(work: () => unknown): Promise<boolean> {
  try {
    await work()
    return true
  } catch {
    return false
  }
}

describe('mlflowTracker', () => {
  it('asks for nothing but its own addresses, whatever the names', async () => {
    const asked: URL[] = []
    const info = {
      run_id: 'r',
      experiment_id: '0',
      artifact_uri: 'mlflow-artifacts:/0/r/artifacts',
      status: 'RUNNING',
      lifecycle_stage: 'active',
    }
    const tracker = mlflowTracker({
      url: 'http://mlflow.test/prefix',
      retries: 0,
      fetch: async (input) => {
        asked.push(new URL(input instanceof Request ? input.url : String(input)))
        return new Response(JSON.stringify({ run: { info, data: {} }, experiment: { experiment_id: '0', name: 'x' } }))
      },
    })
    let sent = 0
    for (const name of names) {
      const calls: readonly (() => unknown)[] = [
        () => tracker.putArtifact({ runId: 'r' }, name, utf8('x')),
        () => tracker.getArtifact({ runId: 'r' }, name),
        () => tracker.listArtifacts({ runId: 'r' }, name),
        () => tracker.getModel(name),
        () => tracker.getRun(name),
        () => tracker.deleteRun(name),
      ]
      for (const call of calls) {
        const from = asked.length
        await Promise.resolve()
          .then(call)
          .then(
            () => sent++,
            (error) => expect(isMillwrightError(error)).toBe(true),
          )
        for (const { host, pathname, hash } of asked.slice(from)) {
          expect([host, hash]).toEqual(['mlflow.test', ''])
          expect(pathname).toMatch(
            /^\/prefix\/(api\/2\.0\/(mlflow\/(runs|artifacts|logged-models)|mlflow-artifacts\/artifacts(\/0\/r\/artifacts\/|$)))/,
          )
        }
      }
    }
    expect(sent).toBeGreaterThan(atLeastOf(names, 500))
    await tracker.close()
  })
})
