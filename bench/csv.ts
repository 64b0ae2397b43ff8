/**
 * Reading CSV against pandas' C engine, on the same file in the same run.
 *
 * Bundle and run: `npx esbuild bench/csv.ts --bundle --platform=node --format=esm --outfile=bench/out/csv.mjs && node bench/out/csv.mjs [file] [repeats]`.
 * Prints a table and one line of JSON. pandas is looked for in `.venvs/bench`; without it only our side is measured.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseCsv, readCsv } from '../src/adapters/csv/csv'

const file = process.argv[2] ?? '../shared/data/bench/nyc2017_flights.csv.gz'
const repeats = Number(process.argv[3] ?? 7)
const plain = join(tmpdir(), `millwright-bench-${process.pid}.csv`)

const pandasProgram = `
import json, sys, time, resource
import pandas
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
times = []
for i in range(int(sys.argv[2])):
    start = time.perf_counter()
    frame = pandas.read_csv(sys.argv[1])
    times.append((time.perf_counter() - start) * 1000)
    if i == 0: peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"version": pandas.__version__, "times": times, "rows": len(frame), "columns": len(frame.columns), "peakMb": peak / 1024}))
`

/** One side's measurements. */
interface Side {
  readonly version: string
  readonly times: readonly number[]
  readonly rows: number
  readonly columns: number
  readonly peakMb: number
}

async function main(): Promise<void> {
  const bytes = readFileSync(file)
  writeFileSync(plain, bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
  try {
    const ours = JSON.parse(execFileSync(process.execPath, [process.argv[1] as string, plain, String(repeats), 'ours']).toString()) as Side
    const python = '.venvs/bench/bin/python'
    const pandas = existsSync(python)
      ? (JSON.parse(execFileSync(python, ['-c', pandasProgram, plain, String(repeats)]).toString()) as Side)
      : undefined
    report({ ours, pandas })
  } finally {
    ;(await import('node:fs')).rmSync(plain, { force: true })
  }
}

/** Runs in a process of its own, so that peak memory is ours alone. */
async function measureOurs(): Promise<void> {
  parseCsv('a,b\n1,x\n')
  const before = process.resourceUsage().maxRSS
  const times: number[] = []
  let side: Omit<Side, 'times'> | undefined
  for (let i = 0; i < repeats; i++) {
    const start = performance.now()
    const dataset = await readCsv(file)
    times.push(performance.now() - start)
    side ??= {
      version: `node ${process.versions.node}`,
      rows: dataset.numRows,
      columns: dataset.columnNames.length,
      peakMb: (process.resourceUsage().maxRSS - before) / 1024,
    }
  }
  process.stdout.write(JSON.stringify({ ...side, times }))
}

function report({ ours, pandas }: { readonly ours: Side; readonly pandas: Side | undefined }): void {
  const line = (name: string, side: Side): string => {
    const [first, best, middle] = [side.times[0], Math.min(...side.times), median(side.times)].map(
      (time) => `${Math.round(time as number)} ms`,
    )
    return `| ${name} (${side.version}) | ${first} | ${best} | ${middle} | ${Math.round(side.peakMb)} MB |`
  }
  console.info(`${ours.rows} rows × ${ours.columns} columns, ${repeats} repeats, ${cpus()[0]?.model}\n`)
  console.info('| reader | first | best | median | peak memory added |\n| --- | --- | --- | --- | --- |')
  console.info(line('millwright readCsv', ours))
  if (pandas !== undefined) console.info(line('pandas read_csv', pandas))
  const ratio = pandas === undefined ? undefined : median(ours.times) / median(pandas.times)
  const memoryRatio = pandas === undefined ? undefined : ours.peakMb / pandas.peakMb
  console.info(`\n${JSON.stringify({ name: 'csv', file, ours, pandas, ratio, memoryRatio })}`)
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] as number
}

await (process.argv[4] === 'ours' ? measureOurs() : main())
