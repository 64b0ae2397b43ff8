/**
 * What a move of an alias costs as the history of a model grows: `setAlias` on a folder (as durable as ever), the same registry all the time,
 * and the median of the first and of the last moves; and the same move by a process that has just opened the registry.
 *
 *   node scripts/run.mjs bench/registry-history.ts [--moves 1200] [--sample 50]
 *
 * Prints a table and one line of JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from '../src/adapters/fs/fs-storage'
import { ModelRegistry } from '../src/registry'

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}
const moves = option('moves', 1200)
const sample = option('sample', 50)

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const root = mkdtempSync(join(tmpdir(), 'millwright-bench-history-'))
try {
  const open = (): ModelRegistry => new ModelRegistry({ storage: fsStorage({ root }) })
  const registry = open()
  for (const content of [1, 2]) {
    const files = { a: Uint8Array.of(content) }
    await registry.register('m', { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files })
  }
  const times: number[] = []
  for (let i = 0; i < moves; i++) times.push(await milliseconds(() => registry.setAlias('m', 'champion', 1 + (i % 2))))
  const stands: number[] = []
  const fresh: number[] = []
  for (let i = 0; i < sample; i++) {
    stands.push(await milliseconds(() => registry.setAlias('m', 'champion', 1 + ((moves - 1) % 2))))
    const other = open()
    fresh.push(await milliseconds(() => other.setAlias('m', 'champion', 1 + ((moves + i) % 2))))
    await other.setAlias('m', 'champion', 1 + ((moves - 1) % 2))
    await other.close()
  }
  const result = {
    first: median(times.slice(0, sample)),
    last: median(times.slice(-sample)),
    freshProcess: median(fresh),
    sameVersion: median(stands),
  }
  const rows = [
    ['', 'ms'],
    [`moves 1 to ${sample}`, result.first.toFixed(2)],
    [`moves ${moves - sample + 1} to ${moves}`, result.last.toFixed(2)],
    [`a fresh registry after ${moves} moves`, result.freshProcess.toFixed(2)],
    [`to where it is, after ${moves} moves`, result.sameVersion.toFixed(2)],
  ]
  for (const [name = '', value = ''] of rows) console.info(`${name.padEnd(40)} ${value.padStart(9)}`)
  console.info(JSON.stringify({ moves, sample, ...result, node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }))
  await registry.close()
} finally {
  rmSync(root, { recursive: true, force: true })
}
