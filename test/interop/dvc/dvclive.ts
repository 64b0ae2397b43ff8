/** A run in DVCLive's layout, read by the real `dvc`: metrics, params and plots, and how they differ between two commits. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { deflateSync } from 'node:zlib'
import { writeDvclive } from '../../../src/adapters/dvc/dvclive'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { createBareTracker as createTracker } from '../../../src/run'

const dvc = resolve('.venvs/dvc/bin/dvc')
const root = mkdtempSync(join(tmpdir(), 'millwright-dvclive-'))
const author = {
  GIT_AUTHOR_NAME: 'ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
}

function call(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...author, DVC_NO_ANALYTICS: '1', XDG_CONFIG_HOME: root },
  })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

/** JSON as Python writes it. */
function parsed(text: string): unknown {
  return JSON.parse(text.replace(/\bNaN\b/g, 'null'))
}

/** CRC-32 of PNG chunks. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return ~value >>> 0
}

/** A PNG of one grey. */
function png(grey: number): Uint8Array {
  const chunk = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(data.length)
    const body = Buffer.concat([Buffer.from(type), data])
    const tail = Buffer.alloc(4)
    tail.writeUInt32BE(crc(body))
    return Buffer.concat([head, body, tail])
  }
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: 8 }, () => Buffer.from([0, ...new Array<number>(8).fill(grey)]))))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return new Uint8Array(Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]))
}

const backend = memoryTracker()
const tracker = createTracker({ backend })
const storage = fsStorage({ root })

async function record(rate: number): Promise<void> {
  const runId = await tracker.run({}, (run) => {
    run.logParams({ rate, model: { kind: 'forest', layers: [8, 4], tuned: true }, note: 'yes: # no' })
    for (let step = 0; step < 20; step++) {
      run.logMetrics({ loss: 1 / (1 + rate * step), 'train/accuracy': 1 - 1 / (step + 2), both: 1, 'both/inner': 2 }, { step })
    }
    run.logMetric('odd', Number.NaN)
    run.logImage('maps/error', png(rate * 100), { step: 3 })
    return run.runId
  })
  await writeDvclive(backend, runId, storage)
}

try {
  call('git', 'init', '-q')
  call(dvc, 'init', '-q')
  await record(1)
  call('git', 'add', '-A')
  call('git', 'commit', '-qm', 'first')
  await record(2)

  const [shown] = Object.values(
    parsed(call(dvc, 'metrics', 'show', '--json')) as Record<string, { data: Record<string, { data: Record<string, unknown> }> }>,
  )
  const metrics = shown?.data['dvclive/metrics.json']?.data
  assert.equal(metrics?.loss, 1 / 39)
  assert.deepEqual(metrics?.train, { accuracy: 1 - 1 / 21 })
  assert.deepEqual(metrics?.both, { value: 1, inner: 2 })
  assert.equal(metrics?.step, 19)

  const difference = parsed(call(dvc, 'metrics', 'diff', '--json')) as Record<string, Record<string, { old: number; new: number }>>
  assert.deepEqual([difference['dvclive/metrics.json']?.loss?.old, difference['dvclive/metrics.json']?.loss?.new], [1 / 20, 1 / 39])

  const params = parsed(call(dvc, 'params', 'diff', '--json', '--all')) as Record<string, Record<string, unknown>>
  assert.deepEqual(params['dvclive/params.yaml']?.rate, { old: 1, new: 2, diff: 1 })
  assert.match(call(dvc, 'params', 'diff', '--all', '--md'), /model\.tuned\s*\|\s*True/i)

  const plots = parsed(call(dvc, 'plots', 'diff', 'HEAD', 'workspace', '--json')) as {
    data: Record<string, { revisions: string[]; anchor_definitions?: unknown }[]>
    errors?: unknown[]
  }
  assert.deepEqual(plots.errors ?? [], [])
  const names = Object.keys(plots.data)
  for (const wanted of ['loss.tsv', 'train/accuracy.tsv', 'both/value.tsv', 'both/inner.tsv', 'maps/error/3.png']) {
    assert.ok(
      names.some((name) => name.endsWith(wanted)),
      `${wanted} in ${names.join(', ')}`,
    )
  }
  call(dvc, 'plots', 'show', '-o', 'page')
  console.log(`dvc ${call(dvc, '--version').trim()} reads our runs: metrics, params and ${names.length} plots, shown and compared`)
} finally {
  await tracker.close()
  rmSync(root, { recursive: true, force: true })
}
