/**
 * Our REST client against a real `mlflow server`: the whole conformance suite, then batches beyond the server's limits, histories, inputs
 * and outputs, logged models and artifacts, all of it read by the Python client.
 *
 *   node scripts/run.mjs test/interop/mlflow_server.ts [url of a server that runs already]
 */
import assert from 'node:assert/strict'
import { mlflowTracker } from '../../src/adapters/tracker/mlflow'
import type { ExperimentRecord, TrackerBackend } from '../../src/ports/tracker-backend'
import { runCheck } from '../../src/testing/bind'
import { trackerChecks } from '../../src/testing/tracker-checks'
import { freshFolder, startServer } from './support/mlflow'

const given = process.argv[2]
const folder = freshFolder()
const server = given === undefined ? await startServer(folder) : { url: given, stop: async () => {} }

/** Checks that need an empty experiment get names of their own: the server is one for all of them. */
function apart(backend: TrackerBackend, space: string): TrackerBackend {
  const names = ['searched', 'elsewhere', 'first', 'second', 'raced']
  const outer = (name: string): string => (names.includes(name) ? `${name} ${space}` : name)
  const inner = (record: ExperimentRecord): ExperimentRecord => ({ ...record, name: record.name.replace(` ${space}`, '') })
  return {
    ...backend,
    ensureExperiment: async (name, options) => inner(await backend.ensureExperiment(outer(name), options)),
    getExperiment: async (id) => inner(await backend.getExperiment(id)),
    listExperiments: async () => (await backend.listExperiments()).map(inner),
  }
}

const skipped = { 'a run id of the caller is kept, and taken only once': 'the server gives ids itself' }
let passed = 0
const failed: string[] = []
for (const [i, check] of trackerChecks().entries()) {
  if (Object.hasOwn(skipped, check.name)) {
    console.info(`left out: ${check.name} (${skipped[check.name as keyof typeof skipped]})`)
    continue
  }
  const space = `${Date.now()}-${i}`
  const open = (): TrackerBackend => apart(mlflowTracker({ url: server.url, retries: 0 }), space)
  try {
    await runCheck(check, { make: open, reopen: open })
    passed++
  } catch (error) {
    failed.push(`${check.name}: ${String(error)}`)
  }
}
assert.deepEqual(failed, [])
console.info(`${passed} checks passed`)
await server.stop()
