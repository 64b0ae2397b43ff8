/**
 * Reading Parquet against bare hyparquet (its columns, as they come), on the same file in turns in the same process.
 *
 * Run: `node scripts/run.mjs bench/parquet.ts [file] [repeats]`. Prints a table and one line of JSON.
 */
import { cpus } from 'node:os'
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { readParquet } from '../src/adapters/parquet/parquet'

const file = process.argv[2] ?? '../shared/data/monitoring/employment_ma_analysis.parquet'
const repeats = Number(process.argv[3] ?? 9)

/** Cells as hyparquet hands them out: arrays of numbers and strings. */
async function bare(): Promise<number> {
  const buffer = await asyncBufferFromFile(file)
  const metadata = await parquetMetadataAsync(buffer)
  let cells = 0
  const onChunk = ({ columnData }: { readonly columnData: ArrayLike<unknown> }): void => {
    cells += columnData.length
  }
  await parquetRead({ file: buffer, metadata, onChunk })
  return cells
}

async function ours(): Promise<number> {
  const data = await readParquet(file)
  return data.numRows * data.columnNames.length
}

/** Wall time, and processor time, which other programs on the machine disturb less. */
const times: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] }
const cpu: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] }
for (let i = 0; i < repeats; i++) {
  for (const [name, read] of [
    ['bare', bare],
    ['ours', ours],
  ] as const) {
    const start = performance.now()
    const before = process.cpuUsage()
    const cells = await read()
    const used = process.cpuUsage(before)
    cpu[name].push((used.user + used.system) / 1000)
    times[name].push(performance.now() - start)
    if (i === 0) console.info(`${name}: ${cells} cells`)
  }
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number
const [a, b] = [median(times.ours), median(times.bare)]
console.info(
  `\n${cpus()[0]?.model}, node ${process.versions.node}\n\n| reader | best | median | median of processor time |\n| --- | --- | --- | --- |`,
)
console.info(`| readParquet | ${Math.round(Math.min(...times.ours))} ms | ${Math.round(a)} ms | ${Math.round(median(cpu.ours))} ms |`)
console.info(`| bare hyparquet | ${Math.round(Math.min(...times.bare))} ms | ${Math.round(b)} ms | ${Math.round(median(cpu.bare))} ms |`)
console.info(
  `\n${JSON.stringify({ name: 'parquet', file, repeats, ours: times.ours, bare: times.bare, ratio: a / b, cpuRatio: median(cpu.ours) / median(cpu.bare) })}`,
)
