/** schemathesis over the OpenAPI document: generated requests, good and bad, for every operation; no answer may contradict the document. */
import { runPython, startServer } from './_server'

const server = await startServer()
try {
  // What the document cannot say: that a tensor has as many elements as its shape says, that there are as many ids as rows, that a batch has rows.
  const excluded = ['--exclude-checks', 'positive_data_acceptance']
  const run = ['-m', 'schemathesis.cli', 'run', `${server.url}/openapi.json`, '--checks', 'all', ...excluded]
  await runPython([
    ...run,
    '--max-examples',
    '30',
    '--seed',
    '7',
    '--header',
    'x-admin-token: token-of-the-clients-lane',
    '--phases',
    'examples,coverage,fuzzing',
  ])
} finally {
  await server.close()
}
