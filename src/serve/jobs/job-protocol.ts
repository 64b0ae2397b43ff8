/** Batch jobs over HTTP: batches over the limit of rows are submitted, watched and fetched. */
import { utf8 } from '../../core/bytes'
import { show } from '../../core/errors'
import type { Predictor } from '../../predictor/predictor'
import { type HttpAnswer, jsonAnswer, type Protocol, type RouteContext } from '../exchange'
import { isJsonObject } from '../json-body'
import { HttpProblem } from '../problem'
import { jobsApi } from '../protocol-apis'
import type { JobSettings } from './job-options'
import type { JobRunner } from './job-runner'
import { countLines, isEnded, type JobState } from './job-store'

/**
 * `POST /jobs` and `/models/:name/jobs` (JSON `{ rows }` or one row per line as `application/x-ndjson`) answer 202 with the job; `GET /jobs/:id` its state, `GET /jobs/:id/events` its progress as
 * server-sent events, `GET /jobs/:id/result` its answers, one per line; `DELETE /jobs/:id` cancels it.
 */
export function jobProtocol(runner: JobRunner, settings: JobSettings, basePath: string): Protocol {
  const answerOf = (state: JobState, status = 200): HttpAnswer => {
    const { formatVersion: _, parts: __, ...shown } = state
    const self = `${basePath}/jobs/${state.id}`
    const links = { self, events: `${self}/events`, ...(state.state === 'done' ? { result: `${self}/result` } : {}) }
    return jsonAnswer({ ...shown, links }, status, { 'cache-control': 'no-store', ...(status === 202 ? { location: self } : {}) })
  }
  const submit = async (context: RouteContext, name: string | undefined): Promise<HttpAnswer> => {
    const model = name ?? (context.models.keys().next().value as string)
    const predictor: Predictor = context.predictor(name)
    const lines = await linesOfBody(context, settings)
    const rows = countLines(lines)
    if (rows === 0) throw new HttpProblem(400, 'unknown-form', 'the job has no rows')
    if (rows > settings.maxRows)
      throw new HttpProblem(413, 'too-many-rows', `a job may hold at most ${settings.maxRows} rows, this one holds ${rows}`)
    if (predictor.closed) throw new HttpProblem(503, 'not-ready', `the model ${show(model)} is closed`)
    return answerOf(await runner.submit(model, rows, lines), 202)
  }
  const found = async ({ params: { id = '' } }: RouteContext): Promise<JobState> => {
    const state = /^[0-9a-f]{32}$/.test(id) ? await runner.store.read(id) : undefined
    if (state === undefined) throw new HttpProblem(404, 'job-not-found', `there is no job ${show(id)}`)
    return state
  }
  return {
    name: 'jobs',
    openApi: jobsApi,
    routes: [
      { method: 'POST', path: '/jobs', handle: (context) => submit(context, undefined) },
      { method: 'POST', path: '/models/:name/jobs', handle: (context) => submit(context, context.params.name) },
      { method: 'GET', path: '/jobs/:id', handle: async (context) => answerOf(await found(context)) },
      { method: 'GET', path: '/jobs/:id/events', handle: async (context) => events(runner, await found(context)) },
      { method: 'GET', path: '/jobs/:id/result', handle: async (context) => result(runner, await found(context)) },
      {
        method: 'DELETE',
        path: '/jobs/:id',
        async handle(context) {
          const { id } = await found(context)
          return answerOf((await runner.cancel(id)) as JobState)
        },
      },
    ],
  }
}

/** One row per line. @throws HttpProblem 400, 413, 415 */
async function linesOfBody(context: RouteContext, { maxBodyBytes }: JobSettings): Promise<Uint8Array> {
  const bytes = await context.bytes(maxBodyBytes)
  const type = context.exchange.header('content-type')?.toLowerCase() ?? 'application/json'
  if (/^application\/(x-)?(ndjson|jsonl?ines)/.test(type)) return bytes
  if (!/^application\/([\w.]+\+)?json/.test(type))
    throw new HttpProblem(415, 'media-type', 'a job is application/json or application/x-ndjson', {
      'accept-post': 'application/json, application/x-ndjson',
    })
  const body = context.parse(bytes)
  const rows = Array.isArray(body) ? body : isJsonObject(body) ? body.rows : undefined
  if (!Array.isArray(rows) || !rows.every(isJsonObject))
    throw new HttpProblem(400, 'unknown-form', 'the body must be { "rows": [...] }, an array of rows, or one row per line')
  return utf8(rows.map((row) => JSON.stringify(row)).join('\n'))
}

/** The answers of a job, file after file. @throws HttpProblem 409 for a job that is not done */
function result({ store }: JobRunner, state: JobState): HttpAnswer {
  if (state.state !== 'done')
    throw new HttpProblem(409, 'job-not-done', `the job is ${state.state}; it has no result${isEnded(state) ? '' : ' yet'}`)
  let next = 1
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next > state.parts) return controller.close()
      controller.enqueue(await store.readPart(state.id, next++))
    },
  })
  return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body }
}

/** How often a comment is sent, so that proxies keep the connection. */
const heartbeatMs = 15_000

/** The progress of a job: an event `progress` at every change, and `end` with the last state. */
function events(runner: JobRunner, first: JobState): HttpAnswer {
  let stop = (): void => {}
  let isOver = false
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (state: JobState): void => {
        if (isOver) return
        const { id, rows, done } = state
        const data = { id, state: state.state, rows, done, ...(state.error === undefined ? {} : { error: state.error }) }
        controller.enqueue(utf8(`event: ${isEnded(state) ? 'end' : 'progress'}\ndata: ${JSON.stringify(data)}\n\n`))
        if (!isEnded(state)) return
        isOver = true
        stop()
        controller.close()
      }
      const beat = setInterval(() => controller.enqueue(utf8(':\n\n')), heartbeatMs)
      ;(beat as unknown as { unref?: () => void }).unref?.()
      const unwatch = runner.watch(first.id, send)
      stop = () => {
        clearInterval(beat)
        unwatch()
      }
      send(first)
      // It may have ended between the first look and the watch.
      const look = async (): Promise<void> => {
        const now = await runner.store.read(first.id)
        if (now !== undefined && isEnded(now)) send(now)
      }
      look().catch(() => {})
    },
    cancel() {
      isOver = true
      stop()
    },
  })
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return { status: 200, headers, body }
}
