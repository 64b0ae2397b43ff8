/**
 * 20,000 malformed requests to a server of its own process: no crash, no status 500, nothing in an answer of what was sent or of where the server's code lies, and memory
 * that stays flat.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundle } from '../../../scripts/run.mjs'
import { createRng } from '../../../src/core/random'

const amount = 20_000
const parts = 10
/** The first parts fill what is kept once for all requests: compiled code, counters of each route, the buffers of connections. */
const warmUp = 3
/** After that, the most that the heap may grow, in megabytes. A leak of 200 bytes a request would be 2.7 MB. */
const mostGrowth = 1.5

const fail = (message: string): never => {
  throw new Error(message)
}
const program = join('node_modules', '.millwright', `measured-server-${process.pid}.mjs`)
await bundle('test/interop/clients/_measured-server.ts', program, { sourcemap: false })
const child = spawn(process.execPath, ['--expose-gc', program], { stdio: ['pipe', 'pipe', 'inherit'] })
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
const url = `http://127.0.0.1:${(await lines.next()).value}`

async function memory(): Promise<{ readonly heapUsed: number; readonly rss: number }> {
  child.stdin.write('\n')
  const { heapUsed, rss } = JSON.parse((await lines.next()).value) as { heapUsed: number; rss: number }
  return { heapUsed: heapUsed / 2 ** 20, rss: rss / 2 ** 20 }
}

const rng = createRng(9)
const body = JSON.stringify({ rows: [{ x: 5 }] })

/** A body that is wrong in some way. */
function malformed(): string | Uint8Array {
  const any = [
    'null',
    '[]',
    '{}',
    '"x"',
    '1e999',
    '{"rows":1}',
    '{"rows":[[]]}',
    '{"rows":[{"x":"secret-4711"}]}',
    '{"rows":[{"x":{"__proto__":1}}]}',
    '{"__proto__":{"rows":[]}}',
  ]
  switch (rng.int(6)) {
    case 0:
      return new Uint8Array(randomBytes(rng.int(300)))
    case 1:
      return body.slice(0, rng.int(body.length))
    case 2:
      return '['.repeat(1 + rng.int(5000))
    case 3:
      return `{"rows":[{"x":${'9'.repeat(1 + rng.int(400))}}],"ids":[${rng.int(9)}]}`
    case 4:
      return `{"rows":[{"X":1,"${'k'.repeat(rng.int(200))}":NaN}]}`
    default:
      return any[rng.int(any.length)] as string
  }
}

const paths = [
  '/predict',
  '/models/line/predict',
  '/models/%ff/predict',
  '/invocations',
  '/v2/models/line/infer',
  '/v1/models/line:predict',
  '/v2/repository/index',
  '/jobs',
  '/jobs/nothing/result',
  '/nothing',
  '//',
  '/predict/../..',
]
const types = ['application/json', 'text/plain', 'application/json; charset=latin1', 'application/octet-stream', '']
const statuses = new Map<number, number>()

async function ask(): Promise<void> {
  const more: Record<string, string> = rng.int(5) === 0 ? { 'inference-header-content-length': String(rng.int(300)) } : {}
  const encoding: Record<string, string> = rng.int(9) === 0 ? { 'content-encoding': 'gzip' } : {}
  // Names that no server has met before must not be kept.
  const path = rng.int(20) === 0 ? `/models/m${rng.int(1e9)}/predict` : (paths[rng.int(paths.length)] as string)
  const response = await fetch(url + path, {
    method: ['POST', 'POST', 'POST', 'PUT', 'DELETE'][rng.int(5)] as string,
    headers: { 'content-type': types[rng.int(types.length)] as string, ...more, ...encoding },
    body: malformed() as string,
  })
  const text = await response.text()
  statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
  if (response.status >= 500) fail(`a malformed request got ${response.status}: ${text}`)
  if (/secret-4711|node_modules|\.ts:\d|\.js:\d| at .+\(/.test(text)) fail(`an answer tells too much: ${text}`)
}

try {
  const series: { readonly heapUsed: number; readonly rss: number }[] = [await memory()]
  for (let part = 0; part < parts; part++) {
    const line = async (): Promise<void> => {
      for (let i = 0; i < amount / parts / 20; i++) await ask()
    }
    await Promise.all(Array.from({ length: 20 }, line))
    series.push(await memory())
  }
  const answers = [...statuses].sort().map(([status, count]) => `${status} × ${count}`)
  const shown = (key: 'heapUsed' | 'rss'): string => series.map((point) => point[key].toFixed(1)).join(' ')
  console.info(`${amount} malformed requests: ${answers.join(', ')}`)
  console.info(`heap after every ${amount / parts}, MB: ${shown('heapUsed')}`)
  console.info(`resident memory, MB: ${shown('rss')}`)
  const settled = series.slice(warmUp).map(({ heapUsed }) => heapUsed)
  const growth = (settled[settled.length - 1] as number) - (settled[0] as number)
  if (growth > mostGrowth) fail(`the heap grew by ${growth.toFixed(1)} MB; at most ${mostGrowth} MB are allowed`)
  const response = await fetch(`${url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (response.status !== 200) fail(`service was lost: ${response.status}`)
} finally {
  child.stdin.end()
  rmSync(program, { force: true })
}
