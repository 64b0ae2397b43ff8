/**
 * A server under load and under attack: models are promoted and rolled back while autocannon asks (no request may fail; `--all` asks the 100,000 of the whole
 * proof), then slow and endless clients, and thousands of idle connections (service to others goes on). `--short` asks a tenth as much.
 */
import { connect, type Socket } from 'node:net'
import autocannon from 'autocannon'
import { parseCsv } from '../../../src/adapters/csv/csv'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { linearRegression } from '../../../src/learn'
import { ModelRegistry } from '../../../src/wiring/model-registry'
import { Predictor } from '../../../src/wiring/predictor'
import { serve } from '../../../src/wiring/serve'

const share = process.argv.includes('--short') ? 0.1 : 1
const fail = (message: string): never => {
  throw new Error(message)
}
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const registry = new ModelRegistry({ storage: memoryStorage() })
for (const factor of [2, 3])
  await registry.register('line', linearRegression().fit(parseCsv(`x,y\n1,${factor}\n2,${2 * factor}\n`), { target: 'y' }))
await registry.promote('line', 1, 'champion')
const predictor = await Predictor.load(registry, 'line@champion', { batch: {}, cache: { maxEntries: 100 }, warmUp: true })
predictor.follow({ everyMs: 20 })
const server = await serve(predictor, { port: 0, limits: { deadlineMs: 20_000 }, headersTimeoutMs: 3000 })
const { url, port } = server
const body = JSON.stringify({ rows: [{ x: 5 }] })
const headers = { 'content-type': 'application/json' }

/** What `/predict` answers, and how long it takes; the service that others get. */
async function served(): Promise<number> {
  const start = performance.now()
  const response = await fetch(`${url}/predict`, { method: 'POST', headers, body })
  const { predictions } = (await response.json()) as { predictions: { prediction: number }[] }
  const [first] = predictions
  if (response.status !== 200 || ![10, 15].includes(Math.round(first?.prediction ?? 0))) fail(`service was lost: ${response.status}`)
  return performance.now() - start
}

async function hotSwap(): Promise<void> {
  const amount = Math.round((process.argv.includes('--all') ? 100_000 : 10_000) * share)
  let [moves, isOver] = [0, false]
  const moving = (async () => {
    while (!isOver) {
      if (moves % 2 === 0) await registry.promote('line', 2, 'champion')
      else await registry.rollback('line', 'champion')
      moves++
      await pause(60)
    }
  })()
  const swaps: string[] = []
  predictor.on('model-reloaded', ({ to }) => swaps.push(to))
  const result = await autocannon({ url: `${url}/predict`, method: 'POST', headers, body, connections: 32, amount })
  isOver = true
  await moving
  const failed = result.errors + result.timeouts + result.non2xx
  console.info(`${result.requests.total} requests, ${moves} moves of the alias, ${swaps.length} swaps, ${failed} failed`)
  if (failed > 0 || swaps.length < 10 * share || result.requests.total < amount) fail('the hot swap lost requests, or nothing was swapped')
}

function open(text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text)
      resolve(socket)
    })
    socket.once('error', reject)
    socket.on('error', () => {})
  })
}

async function slowClients(): Promise<void> {
  const head = 'POST /predict HTTP/1.1\r\nhost: x\r\n'
  const slow = await Promise.all(Array.from({ length: 200 }, () => open(head)))
  const drip = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('x-slow: 1\r\n')
  }, 200)
  const took = await served()
  await pause(share === 1 ? 8000 : 500)
  clearInterval(drip)
  const left = slow.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length
  for (const socket of slow) socket.destroy()
  console.info(
    `200 clients that send a header line at a time: others are answered in ${took.toFixed(0)} ms; ${left} are still connected at the end`,
  )
  if (share === 1 && left > 0) fail('slow clients are not disconnected')
}

async function hugeBodies(): Promise<void> {
  const read = async (head: string, feed: (socket: Socket) => void): Promise<string> => {
    const socket = await open(head)
    let text = ''
    socket.on('data', (part) => {
      text += String(part)
    })
    feed(socket)
    await new Promise((resolve) => socket.once('close', resolve))
    return text
  }
  const post = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  const declared = await read(`${post}content-length: 1073741824\r\n\r\n`, () => {})
  const chunk = `100000\r\n${' '.repeat(1 << 20)}\r\n`
  let sent = 0
  const endless = await read(`${post}transfer-encoding: chunked\r\n\r\n`, (socket) => {
    const more = (): void => {
      while (!socket.destroyed && sent++ < 1024 && socket.write(chunk));
      if (sent < 1024) socket.once('drain', more)
    }
    more()
  })
  const rows = `{"rows":[${'{"x":1},'.repeat(999_999)}{"x":1}]}`
  const million = await fetch(`${url}/predict`, { method: 'POST', headers, body: rows }).then(
    ({ status }) => String(status),
    () => 'closed',
  )
  const took = await served()
  console.info(
    `1 GB declared: ${declared.slice(9, 12)}; endless chunks: ${endless.slice(9, 12) || 'closed'} after ${sent} MB; a million rows: ${million}; others: ${took.toFixed(0)} ms`,
  )
  if (!declared.includes(' 413 ') || sent > 64 || !['413', 'closed'].includes(million)) fail('a huge body was not refused')
}

async function idleConnections(): Promise<void> {
  const idle: Socket[] = []
  for (let i = 0; i < 2000 * share; i += 100) idle.push(...(await Promise.all(Array.from({ length: 100 }, () => open('')))))
  const times: number[] = []
  for (let i = 0; i < 50; i++) times.push(await served())
  for (const socket of idle) socket.destroy()
  console.info(`${idle.length} idle connections: others are answered in ${Math.max(...times).toFixed(0)} ms at most`)
}

try {
  await hotSwap()
  await slowClients()
  await hugeBodies()
  await idleConnections()
  await served()
} finally {
  await server.close()
  await predictor.close()
}
