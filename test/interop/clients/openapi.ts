/** schemathesis over the OpenAPI document: generated requests, good and bad, for every operation; no answer may contradict the document. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken, runPython, startServer } from './_server'

const server = await startServer()
// schemathesis keeps a cache in the folder where it runs.
const folder = await mkdtemp(join(tmpdir(), 'schemathesis-'))
try {
  // What the document cannot say: that a tensor has as many elements as its shape says, that there are as many ids as rows, that a batch has rows.
  // A cancelled job is not gone: it tells that it was cancelled.
  const excluded = ['--exclude-checks', 'positive_data_acceptance,use_after_free']
  const run = ['-m', 'schemathesis.cli', 'run', `${server.url}/openapi.json`, '--checks', 'all', ...excluded]
  const effort = ['--max-examples', '30', '--seed', '7', '--phases', 'examples,coverage,fuzzing,stateful']
  await runPython([...run, ...effort, '--header', `x-admin-token: ${adminToken}`], folder)
} finally {
  await server.close()
  await rm(folder, { recursive: true })
}
