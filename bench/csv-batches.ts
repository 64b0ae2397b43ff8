/**
 * Reading a CSV file of any size in batches: the most memory that the process held.
 *
 * Run: `node scripts/bench.mjs csv-batches [bytes]`, or bundle it as in bench/csv.ts. Writes a file of 2 GB (or `bytes`) into the temporary folder, reads it in a
 * process of its own, removes it. Prints a table and one line of JSON.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCsvBatches } from '../src/adapters/csv/csv'

const bytes = Number(process.argv[2] ?? 2 * 2 ** 30)

/** Rows of numbers, text of few and of many values, dates and missing cells. */
function writeFile(path: string): void {
  const file = openSync(path, 'w')
  writeSync(file, 'id,carrier,tail,delay,distance,at\n')
  for (let row = 0, written = 0; written < bytes; ) {
    const lines: string[] = []
    for (let i = 0; i < 20_000; i++, row++) {
      const delay = row % 11 === 0 ? '' : ((row * 7919) % 4001) / 10 - 60
      lines.push(
        `${row},${['UA', 'AA', 'DL'][row % 3]},"N${(row * 31) % 90_000}",${delay},${(row * 13) % 5000},2024-01-${String((row % 28) + 1).padStart(2, '0')}T10:00:00Z`,
      )
    }
    written += writeSync(file, `${lines.join('\n')}\n`)
  }
  closeSync(file)
}

async function measure(path: string): Promise<void> {
  const before = process.resourceUsage().maxRSS / 1024
  const start = performance.now()
  let rows = 0
  let delays = 0
  for await (const batch of readCsvBatches(path)) {
    rows += batch.numRows
    for (const delay of batch.column('delay').storage) if (delay === delay) delays += delay
  }
  const seconds = (performance.now() - start) / 1000
  const peakMb = process.resourceUsage().maxRSS / 1024
  process.stdout.write(JSON.stringify({ rows, mean: delays / rows, seconds, beforeMb: before, peakMb }))
}

if (process.argv[3] === 'measure') await measure(process.argv[4] as string)
else {
  const path = join(tmpdir(), `millwright-bench-${process.pid}.csv`)
  try {
    writeFile(path)
    const { size } = statSync(path)
    const side = JSON.parse(execFileSync(process.execPath, [process.argv[1] as string, '0', 'measure', path]).toString()) as {
      readonly rows: number
      readonly seconds: number
      readonly peakMb: number
    }
    console.info(`${cpus()[0]?.model}, node ${process.versions.node}\n\n| file | rows | time | peak memory |\n| --- | --- | --- | --- |`)
    console.info(`| ${(size / 1e9).toFixed(2)} GB | ${side.rows} | ${side.seconds.toFixed(1)} s | ${Math.round(side.peakMb)} MB |`)
    console.info(`\n${JSON.stringify({ name: 'csv-batches', size, ...side })}`)
  } finally {
    rmSync(path, { force: true })
  }
}
