/** Stands in for W&B's server on 127.0.0.1: answers what its client asks while it uploads a run, and keeps what arrives. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** What arrived of one run. */
export interface UploadedRun {
  /** Variables of each `UpsertBucket`. */
  readonly upserts: Record<string, unknown>[]
  /** Lines of the streamed files, at the offsets they were sent with. */
  readonly lines: Record<string, string[]>
  /** Uploaded files. */
  readonly files: Record<string, Buffer>
  exitCode: number | undefined
  complete: boolean
}

/** A running server. */
export interface WandbServer {
  readonly url: string
  readonly runs: Map<string, UploadedRun>
  /** Operations that it had no answer for. */
  readonly unknown: string[]
  close(): Promise<void>
}

interface StreamBody {
  readonly files?: Record<string, { offset: number; content: string[] }>
  readonly complete?: boolean
  readonly exitcode?: number
}

/** Starts on a free port. */
export async function wandbServer(): Promise<WandbServer> {
  const runs = new Map<string, UploadedRun>()
  const unknown: string[] = []
  const runOf = (name: string): UploadedRun => {
    const run = runs.get(name) ?? { upserts: [], lines: {}, files: {}, exitCode: undefined, complete: false }
    runs.set(name, run)
    return run
  }
  let url = ''

  const answer = (query: string, variables: Record<string, unknown>): unknown => {
    const operation = /(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? ''
    const name = String(variables.name ?? variables.run)
    if (operation === 'UpsertBucket') {
      const run = runOf(name)
      const project = { id: 'p', name: variables.project, entity: { id: 'e', name: 'team' } }
      const bucket = {
        id: `id-${name}`,
        name,
        displayName: variables.displayName,
        description: null,
        config: '{}',
        sweepName: null,
        project,
      }
      const inserted = run.upserts.length === 0
      run.upserts.push(variables)
      return { upsertBucket: { bucket: { ...bucket, historyLineCount: (run.lines['wandb-history.jsonl'] ?? []).length }, inserted } }
    }
    if (operation === 'ServerFeaturesQuery') return { serverInfo: { features: [] } }
    if (operation === 'CreateRunFiles') {
      const files = (variables.files as string[]).map((file) => ({
        name: file,
        uploadUrl: `${url}/upload/${name}/${encodeURIComponent(file)}`,
      }))
      return { createRunFiles: { runID: `id-${name}`, uploadHeaders: [], files } }
    }
    unknown.push(operation)
    return {}
  }

  const stream = (run: UploadedRun, body: StreamBody): void => {
    for (const [file, { offset, content }] of Object.entries(body.files ?? {})) {
      run.lines[file] ??= []
      const lines = run.lines[file]
      for (const [i, line] of content.entries()) lines[offset + i] = line
    }
    if (body.complete !== undefined) run.complete = body.complete
    if (body.exitcode !== undefined) run.exitCode = body.exitcode
  }

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const path = request.url ?? ''
    let reply: unknown = {}
    if (path === '/graphql') {
      const { query, variables = {} } = JSON.parse(body.toString()) as { query: string; variables?: Record<string, unknown> }
      reply = { data: answer(query, variables) }
    } else if (path.startsWith('/upload/')) {
      const [, , name = '', file = ''] = path.split('/')
      runOf(name).files[decodeURIComponent(file)] = body
    } else if (path.endsWith('/file_stream')) {
      // Python's NaN and Infinity stand inside texts here, so this is plain JSON.
      stream(runOf(path.split('/').at(-2) as string), JSON.parse(body.toString()) as StreamBody)
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    runs,
    unknown,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
}
