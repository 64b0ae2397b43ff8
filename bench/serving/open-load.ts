/**
 * Load that does not wait for the server: requests become due at a fixed rate, in ticks of a millisecond, and are sent as soon as a connection is free. A time is
 * that from the tick to the answer, so that waiting for a connection counts. (autocannon's `overallRate` sends the requests of each second at its start.)
 */
import { createConnection, type Socket } from 'node:net'

/** Options of {@link openLoad}. */
export interface OpenLoadOptions {
  readonly port: number
  readonly path: string
  readonly body: string
  readonly connections: number
  /** Requests a second. */
  readonly rate: number
  readonly seconds: number
}

/** Times in milliseconds. */
export interface OpenLoadResult {
  readonly total: number
  readonly errors: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

/** One connection, which has at most one request under way. */
interface Line {
  readonly socket: Socket
  /** When the request under way became due; `NaN` while there is none. */
  dueAt: number
  received: string
}

/** Sends the load. @throws Error when a connection breaks */
export async function openLoad({ port, path, body, connections, rate, seconds }: OpenLoadOptions): Promise<OpenLoadResult> {
  const request = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const times: number[] = []
  const due: number[] = []
  const free: Line[] = []
  let errors = 0
  let next = 0
  let fail = (_error: Error): void => {}
  const broken = new Promise<never>((_, reject) => {
    fail = reject
  })
  const send = (): void => {
    while (next < due.length && free.length > 0) {
      const line = free.pop() as Line
      line.dueAt = due[next++] as number
      line.socket.write(request)
    }
  }
  const lines = await Promise.all(Array.from({ length: connections }, () => connect(port)))
  for (const line of lines) {
    line.socket.on('error', fail)
    line.socket.on('data', (part: string) => {
      line.received += part
      const length = answerLength(line.received)
      if (length === undefined || line.received.length < length) return
      times.push(performance.now() - line.dueAt)
      if (!line.received.startsWith('HTTP/1.1 200')) errors++
      line.received = ''
      free.push(line)
      send()
    })
    free.push(line)
  }
  const start = performance.now()
  const count = Math.round(rate * seconds)
  const sent = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      const reached = Math.min(count, Math.floor(((now - start) / 1000) * rate))
      while (due.length < reached) due.push(now)
      send()
      if (times.length < count) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.race([sent, broken])
  const took = (performance.now() - start) / 1000
  for (const { socket } of lines) socket.destroy()
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] as number
  return { total: times.length, errors, seconds: took, p50: at(0.5), p99: at(0.99) }
}

async function connect(port: number): Promise<Line> {
  const socket = createConnection(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return { socket, dueAt: Number.NaN, received: '' }
}

/** The length of the answer that `received` begins with; `undefined` while its head is not complete. */
function answerLength(received: string): number | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end + 2))?.[1]
  if (length === undefined) throw new Error(`an answer without content-length: ${received.slice(0, end)}`)
  return end + 4 + Number(length)
}
