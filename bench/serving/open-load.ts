/**
 * Load that does not wait for the server, as a program: `open-load.mjs <options as JSON>` prints its result as JSON. It runs in a process of its own and polls
 * without a pause, so that neither timers nor the garbage of the bench delay a request.
 *
 * When each request becomes due is fixed before the first one: at even distances, or at random ones (exponential, as of clients that know nothing of each
 * other). It is sent then, or as soon as a connection is free. Its time is that from when it was due to its answer, so that waiting for a connection, and a
 * late generator, count.
 */
import { createConnection, type Socket } from 'node:net'
import { createRng } from '../../src/core/random'

/** Options of the load. */
export interface OpenLoadOptions {
  readonly port: number
  readonly path: string
  readonly body: string
  readonly connections: number
  /** Requests a second. */
  readonly rate: number
  readonly seconds: number
  readonly arrivals: 'even' | 'random'
}

/** What the load found. Times in milliseconds, without those of the first 300 ms. */
export interface OpenLoadResult {
  readonly total: number
  readonly errors: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** p99 / p50 within each window of 200 ms. */
  readonly windowTails: readonly number[]
  /** How late the generator sent requests for which a connection was free: the 99th percentile. */
  readonly late: number
}

const warmUpMs = 300
const windowMs = 200

/** A connection, which has at most one request under way. */
interface Line {
  readonly socket: Socket
  /** The number of the request under way. */
  request: number
}

async function openLoad(options: OpenLoadOptions): Promise<OpenLoadResult> {
  const { port, path, body, connections, rate } = options
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  const request = Buffer.from(head + body)
  const due = dueTimes(options)
  const [times, late] = [new Float64Array(due.length), new Float64Array(due.length)]
  const free: Line[] = []
  let [start, answered, errors] = [0, 0, 0]
  const onAnswer = (line: Line, isOk: boolean): void => {
    times[line.request] = performance.now() - start - (due[line.request] as number)
    answered++
    if (!isOk) errors++
    free.push(line)
  }
  free.push(...(await Promise.all(Array.from({ length: connections }, () => connect(port, onAnswer)))))
  const lines = [...free]
  let next = 0
  let wasFree = true
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      for (; next < due.length && free.length > 0; next++) {
        const lateness = performance.now() - start - (due[next] as number)
        if (lateness < 0) break
        if (wasFree) late[next] = lateness
        const line = free.pop() as Line
        line.request = next
        line.socket.write(request)
      }
      wasFree = free.length > 0
      if (answered < due.length) setImmediate(turn)
      else resolve()
    }
    start = performance.now()
    turn()
  })
  const seconds = (performance.now() - start) / 1000
  for (const { socket } of lines) socket.destroy()
  const first = due.findIndex((time) => time >= warmUpMs)
  const windowTails: number[] = []
  const perWindow = Math.round((rate * windowMs) / 1000)
  for (let at = first; at + perWindow <= due.length; at += perWindow) {
    const window = times.slice(at, at + perWindow)
    windowTails.push(percentile(window, 0.99) / percentile(window, 0.5))
  }
  const counted = times.slice(first)
  const [p50, p99] = [percentile(counted, 0.5), percentile(counted, 0.99)]
  return { total: due.length, errors, seconds, p50, p99, windowTails, late: percentile(late.slice(first), 0.99) }
}

/** When each request becomes due, in milliseconds from the start. */
function dueTimes({ rate, seconds, arrivals }: OpenLoadOptions): Float64Array {
  const rng = createRng(7)
  const due = new Float64Array(Math.round(rate * (seconds + warmUpMs / 1000)))
  for (let i = 1; i < due.length; i++) {
    const gaps = arrivals === 'even' ? 1 : -Math.log(1 - rng.next())
    due[i] = (due[i - 1] as number) + (gaps * 1000) / rate
  }
  return due
}

/** Sorts `values`. */
function percentile(values: Float64Array, share: number): number {
  return values.sort()[Math.min(values.length - 1, Math.floor(values.length * share))] as number
}

/** Opens a connection; all its answers go to one buffer, so that reading makes no garbage. */
function connect(port: number, onAnswer: (line: Line, isOk: boolean) => void): Promise<Line> {
  return new Promise((resolve, reject) => {
    let received = ''
    const buffer = Buffer.alloc(65_536)
    const onPart = (length: number): boolean => {
      received += buffer.toString('latin1', 0, length)
      const whole = answerLength(received)
      if (whole === undefined || received.length < whole) return true
      const isOk = received.startsWith('HTTP/1.1 200') && received.length === whole
      received = ''
      onAnswer(line, isOk)
      return true
    }
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback: onPart } })
    const line: Line = { socket, request: 0 }
    socket.on('error', (error) => {
      reject(error)
      throw error
    })
    socket.once('connect', () => resolve(line))
  })
}

/** The length of the answer that `received` begins with; `undefined` while its head is not complete. */
function answerLength(received: string): number | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1]
  if (length === undefined) throw new Error(`an answer without content-length: ${received.slice(0, end)}`)
  return end + 4 + Number(length)
}

console.log(JSON.stringify(await openLoad(JSON.parse(process.argv[2] as string) as OpenLoadOptions)))
process.exit(0)
