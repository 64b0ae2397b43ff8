/**
 * Hostile names, kept by us on files, in SQLite and on a real server, and read by the real MLflow: what we keep under a name its Python client
 * finds under that name, with the same content, or refuses; and nothing lies beside the folders that were given, before as after.
 *
 *   node scripts/run.mjs test/interop/mlflow/hostile_names.ts [all]
 *
 * Without `all` every third name is tried, which takes a third of the minutes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { mlflowRegistry } from '../../../src/adapters/mlflow/registry/mlflow-registry'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { sqliteRegistry } from '../../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { utf8 } from '../../../src/core/bytes'
import { isMillwrightError } from '../../../src/core/errors'
import type { ModelPackage } from '../../../src/ports/model'
import type { RegistryBackend } from '../../../src/ports/registry-backend'
import type { TrackerBackend } from '../../../src/ports/tracker-backend'
import { ModelRegistry, objectStoreBackend } from '../../../src/registry'
import { assertModelName } from '../../../src/registry/reference'
import { hostileNames } from '../../../src/testing'
import { freshFolder, isBefore, mlflowVersion, needSqlite, runPython, startServer } from '../support/mlflow'

needSqlite()
const names = hostileNames().filter((_, i) => i % 3 === 0 || process.argv[2] === 'all')

/** What was kept, for Python to find: names, and what stands under them. */
interface Told {
  readonly uri: string
  readonly runId: string
  readonly experiments: Readonly<Record<string, string>>
  readonly runNames: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly artifacts: Readonly<Record<string, string>>
  readonly datasets: readonly string[]
  readonly models: readonly string[]
  readonly aliases: readonly string[]
  readonly versionTags: Readonly<Record<string, string>>
}

/** Those names that are taken, with what `work` gives; each of the others must be refused with one clear error. */
async function kept<T>(place: string, work: (name: string, i: number) => Promise<T>): Promise<Record<string, T>> {
  const found: [string, T][] = []
  for (const [i, name] of names.entries()) {
    try {
      found.push([name, await work(name, i)])
    } catch (error) {
      // Of `a` and `a/b` one is in the way of the other: a Conflict.
      // Servers before 3.4 fail for an artifact called `?`.
      const isFault = place === 'artifact' && isBefore(3, 4) && isMillwrightError(error, 'Unavailable')
      const isClear = isFault || isMillwrightError(error, 'InvalidArgument') || isMillwrightError(error, 'Conflict')
      assert.ok(isClear, `${place} ${JSON.stringify(name.slice(0, 60))}: ${String(error)}`)
    }
  }
  return Object.fromEntries(found)
}

async function write(uri: string, tracker: TrackerBackend, backend: RegistryBackend): Promise<Told> {
  const experiments = await kept('experiment', async (name) => (await tracker.ensureExperiment(name)).experimentId)
  const { experimentId } = await tracker.ensureExperiment('hostile names')
  const start = async (runName: string) => (await tracker.createRun({ experimentId, startTime: 1, runName })).runId
  const runNames = await kept('run name', start)
  const runId = await start('keys')
  const told = {
    params: await kept('param', async (key, i) => {
      await tracker.logBatch(runId, { params: Object.fromEntries([[key, `p${i}`]]) })
      return `p${i}`
    }),
    tags: await kept('tag', async (key, i) => {
      await tracker.logBatch(runId, { tags: Object.fromEntries([[key, `t${i}`]]) })
      return `t${i}`
    }),
    metrics: await kept('metric', async (key, i) => {
      await tracker.logBatch(runId, { metrics: [{ key, value: i, step: 0, timestamp: 1 }] })
      return i
    }),
    artifacts: await kept('artifact', async (path, i) => {
      await tracker.putArtifact({ runId }, path, utf8(`a${i}`))
      return `a${i}`
    }),
    datasets: await kept('dataset', (name, i) =>
      Promise.resolve(tracker.logBatch(runId, { datasets: [{ name, digest: `${i}`, sourceType: 'code', source: '{}' }] })),
    ),
  }
  await tracker.close()
  const registry = new ModelRegistry({ backend })
  const model: ModelPackage = { flavor: 'f', task: 'other', signature: { inputs: [], outputs: [] }, files: { 'a.bin': utf8('x') } }
  await registry.register('known', model)
  const versionTags = await kept('tag of a version', async (key, i) => {
    await registry.setTags('known@1', Object.fromEntries([[key, `v${i}`]]))
    return `v${i}`
  })
  const aliases = await kept('alias', (name) => registry.setAlias('known', name, 1))
  const models = await kept('model', async (name) => {
    assertModelName(name)
    await backend.ensureModel(name, { createdAt: 1 })
  })
  await registry.close()
  return {
    ...told,
    ...{ uri, runId, experiments, runNames, versionTags },
    datasets: Object.keys(told.datasets),
    aliases: Object.keys(aliases),
    models: Object.keys(models),
  }
}

/** A folder beside which nothing may come to lie; `check` throws if something does. */
function watched(): { root: string; check(): void } {
  const parent = freshFolder()
  const root = join(parent, 'deep', 'er', 'root')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(parent, 'x'), 'canary')
  const look = () => [parent, join(parent, 'deep'), join(parent, 'deep', 'er')].map((folder) => readdirSync(folder).sort())
  const before = look()
  return {
    root,
    check() {
      assert.deepEqual(look(), before, 'what lies beside the root')
      assert.equal(readFileSync(join(parent, 'x'), 'utf8'), 'canary')
    },
  }
}

async function show(kind: string, told: Told): Promise<void> {
  const file = join(freshFolder(), 'told.json')
  writeFileSync(file, JSON.stringify(told))
  const counts = runPython<Record<string, number>>('hostile_names.py', file)
  // A server before 3.4 fails for more of them.
  const least = isBefore(3, 4) ? 0.7 : 0.8
  assert.ok((counts.artifacts as number) > least * Object.keys(told.artifacts).length, JSON.stringify(counts))
  const list = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  console.info(`hostile names (${names.length}) on ${kind}: MLflow ${mlflowVersion()} finds what we kept: ${list.join(', ')}`)
}

{
  const { root, check } = watched()
  const storage = fsStorage({ root, fsync: false })
  await show('files', await write(join(root, 'mlruns'), filesTracker({ storage }), objectStoreBackend(storage)))
  check()
}
{
  const { root, check } = watched()
  const at = { path: join(root, 'mlflow.db'), storage: fsStorage({ root, fsync: false }) }
  await show('SQLite', await write(`sqlite:///${at.path}`, await sqliteTracker(at), await sqliteRegistry(at)))
  check()
}
{
  const { root, check } = watched()
  const server = await startServer(root)
  await show('a server', await write(server.url, mlflowTracker({ url: server.url }), mlflowRegistry({ url: server.url })))
  await server.stop()
  check()
  // What the server itself made of them: no file stands outside of its folder of artifacts.
  assert.deepEqual(
    readdirSync(root).filter((name) => !/^(server\.(db|log)(-\w+)?|artifacts)$/.test(name)),
    [],
  )
}
