import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const folder = await mkdtemp(join(tmpdir(), 'penguins-service-'))
after(() => rm(folder, { recursive: true, force: true }))

const run = async (): Promise<string> =>
  (await promisify(execFile)(process.execPath, [fileURLToPath(new URL('main.js', import.meta.url)), folder])).stdout

test('the challenger passes the rollout and is promoted', async () => {
  const printed = await run()
  assert.match(printed, /challenger is penguins-2: \d+ files as they were signed/)
  assert.match(printed, /promoted, 100 % for version 2/)
  assert.match(printed, /champion is version 2/)
})

test('a second start finds the promoted version, and nothing to try', async () => {
  const printed = await run()
  assert.match(printed, /champion is penguins-2/)
  assert.doesNotMatch(printed, /for version 2/)
})
