/**
 * Reading CSV, on one thread and with `workers: true`, against pandas' C engine, polars and DuckDB (one thread each), uDSV and Papa Parse, on the same
 * file in the same run.
 *
 * Run: `node scripts/bench.mjs csv`, or `node scripts/run.mjs bench/csv.ts [file] [repeats]`. Prints a table and one line of JSON.
 * The Python peers are looked for in `.venvs/bench`; without it only those of JavaScript are measured. Each reader runs in a process of its own, so
 * that peak memory is its alone; processor time is what other programs on the machine disturb least. What threads gain shows in the time that passes.
 *
 * polars finds types in the first 10,000 rows: from all rows, with dates, version 2.1.0 takes 16 s for the flights. `polars-text` leaves dates as text.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import Papa from 'papaparse'
import { inferSchema, initParser } from 'udsv'
import { parseCsv, readCsv } from '../src/adapters/csv/csv'

const file = process.argv[2] ?? '../shared/data/bench/nyc2017_flights.csv.gz'
const repeats = Number(process.argv[3] ?? 7)

const program = `
import json, sys, time, resource
path, repeats, tool = sys.argv[1], int(sys.argv[2]), sys.argv[3]
module = __import__(tool.split('-')[0])
def read():
    if tool == 'pandas': return module.read_csv(path).shape
    if tool[:6] == 'polars': return module.read_csv(path, infer_schema_length=10_000, null_values=['NA'], try_parse_dates=tool == 'polars').shape
    con = module.connect(config={'threads': 1})
    con.execute("create table t as select * from read_csv(?, sample_size=-1, nullstr=['', 'NA'])", [path])
    return con.execute('select count(*) from t').fetchone()[0], len(con.execute('describe t').fetchall())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
times, cpu = [], []
for i in range(repeats):
    start, used = time.perf_counter(), time.process_time()
    rows, columns = read()
    times.append((time.perf_counter() - start) * 1000)
    cpu.append((time.process_time() - used) * 1000)
    if i == 0: peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"version": module.__version__, "times": times, "cpu": cpu, "rows": rows, "columns": columns, "peakMb": peak / 1024}))
`

/** One reader's measurements, in milliseconds. */
interface Side {
  readonly version: string
  readonly times: readonly number[]
  readonly cpu: readonly number[]
  readonly rows: number
  readonly columns: number
  readonly peakMb: number
}

/** Readers of JavaScript: rows and columns of the file at `path`. */
const readers: Readonly<Record<string, (path: string) => Promise<readonly [number, number]>>> = {
  async millwright(path) {
    const data = await readCsv(path)
    return [data.numRows, data.columnNames.length]
  },
  async 'millwright, workers'(path) {
    const data = await readCsv(path, { workers: true })
    return [data.numRows, data.columnNames.length]
  },
  async udsv(path) {
    const text = readFileSync(path, 'utf8')
    const schema = inferSchema(text)
    const columns = initParser(schema).typedCols(text)
    return [columns[0]?.length ?? 0, columns.length]
  },
  async papaparse(path) {
    const { data } = Papa.parse<unknown[]>(readFileSync(path, 'utf8'), { dynamicTyping: true, skipEmptyLines: true })
    return [data.length - 1, data[0]?.length ?? 0]
  },
}

async function measure(name: string): Promise<void> {
  parseCsv('a,b\n1,x\n')
  const before = process.resourceUsage().maxRSS
  const [times, cpu]: [number[], number[]] = [[], []]
  let side: Omit<Side, 'times' | 'cpu'> | undefined
  for (let i = 0; i < repeats; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()]
    const [rows, columns] = (await readers[name]?.(file)) ?? [0, 0]
    times.push(performance.now() - start)
    const { user, system } = process.cpuUsage(used)
    cpu.push((user + system) / 1000)
    side ??= { version: `node ${process.versions.node}`, rows, columns, peakMb: (process.resourceUsage().maxRSS - before) / 1024 }
  }
  process.stdout.write(JSON.stringify({ ...side, times, cpu }))
}

function main(): void {
  const plain = join(tmpdir(), `millwright-bench-${process.pid}.csv`)
  const bytes = readFileSync(file)
  writeFileSync(plain, bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
  const python = '.venvs/bench/bin/python'
  const env = { ...process.env, POLARS_MAX_THREADS: '1', OMP_NUM_THREADS: '1' }
  try {
    const sides: Record<string, Side> = {}
    for (const name of Object.keys(readers)) {
      sides[name] = JSON.parse(execFileSync(process.execPath, [process.argv[1] as string, plain, String(repeats), name]).toString()) as Side
    }
    for (const name of existsSync(python) ? ['polars', 'polars-text', 'pandas', 'duckdb'] : []) {
      sides[name] = JSON.parse(execFileSync(python, ['-c', program, plain, String(repeats), name], { env }).toString()) as Side
    }
    report(sides)
  } finally {
    rmSync(plain, { force: true })
  }
}

function report(sides: Readonly<Record<string, Side>>): void {
  const ours = sides.millwright as Side
  console.info(`${ours.rows} rows × ${ours.columns} columns, ${repeats} repeats, ${cpus()[0]?.model}\n`)
  console.info(
    '| reader | best | median | processor time, median | ours ÷ its | peak memory added |\n| --- | --- | --- | --- | --- | --- |',
  )
  const ratios: Record<string, number> = {}
  for (const [name, side] of Object.entries(sides)) {
    if (side.rows !== ours.rows || side.columns !== ours.columns) throw new Error(`${name} found ${side.rows} × ${side.columns}`)
    ratios[name] = median(ours.cpu) / median(side.cpu)
    const cells = [Math.min(...side.times), median(side.times), median(side.cpu)].map((time) => `${Math.round(time)} ms`)
    console.info(`| ${name} (${side.version}) | ${cells.join(' | ')} | ${ratios[name].toFixed(2)} | ${Math.round(side.peakMb)} MB |`)
  }
  const workers = sides['millwright, workers'] as Side
  const passed = Object.fromEntries(Object.entries(sides).map(([name, { times }]) => [name, median(workers.times) / median(times)]))
  const others = Object.entries(passed).map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`)
  console.info(`\nTime that passes with workers (${availableParallelism()} cores), in times that of: ${others.join(', ')}`)
  console.info(`\n${JSON.stringify({ name: 'csv', file, sides, ratios, passed })}`)
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] as number
}

await (process.argv[4] === undefined ? main() : measure(process.argv[4]))
