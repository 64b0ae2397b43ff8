/** Mounts the handler of `millwright/serve` in applications on Node: `node:http`, Express, Fastify. */
import { invalidArgument, show } from '../core/errors'
import { createAnswerQueue } from './answer-queue'
import { answerNode, type ExchangeHandler, exchangeOfNode, type NodeRequest, type NodeResponse, pathOf } from './node-exchange'

/** What is mounted: the handler of `millwright/serve`. */
export interface MountableHandler extends ExchangeHandler {
  /** The prefix of all its paths, or `''`. */
  readonly basePath: string
  /** Whether it has a route at a path. */
  has(path: string): boolean
}

/**
 * A listener for `node:http`: `createServer(nodeListener(createHandler(model)))`.
 *
 * @throws InvalidArgument for what is no handler
 */
export function nodeListener(handler: MountableHandler): (request: NodeRequest, response: NodeResponse) => void {
  assertHandler('nodeListener', handler)
  const options = { queue: createAnswerQueue() }
  return (request, response) => void answerNode(handler, request, response, options)
}

/** The part of Express's request that is used. */
export interface ExpressRequest extends NodeRequest {
  readonly originalUrl: string
  readonly baseUrl: string
}

/**
 * Middleware for Express 4 and 5: `app.use('/ml', expressMount(createHandler(model)))`. Works at any path, before or after `express.json()`. Paths that
 * the handler does not have go on to the application's next route.
 *
 * @throws InvalidArgument for what is no handler
 */
export function expressMount(
  handler: MountableHandler,
): (request: ExpressRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  assertHandler('expressMount', handler)
  const queue = createAnswerQueue()
  return (request, response, next) => {
    const place = placeOf(handler, pathOf(request.originalUrl), request.baseUrl)
    if (handler.has(place.path)) void answerNode(handler, request, response, { ...place, queue })
    else next()
  }
}

/** The part of Fastify's request that is used. */
export interface FastifyRequestLike {
  readonly url: string
  readonly raw: NodeRequest
}

/** The part of Fastify's reply that is used. */
export interface FastifyReplyLike {
  readonly raw: NodeResponse
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body: unknown): unknown
  callNotFound(): unknown
}

/** The part of a Fastify instance that is used. */
export interface FastifyLike {
  readonly prefix: string
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    parser: (request: never, payload: never, done: (error: Error | null, body?: undefined) => void) => void,
  ): unknown
  route(options: {
    method: string[]
    url: string
    handler(request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown>
  }): unknown
}

/**
 * A plugin for Fastify 4 and 5: `app.register(fastifyMount(createHandler(model)), { prefix: '/ml' })`. The plugin reads bodies itself; the parsers of the
 * rest of the application are not changed. Hooks of the application see its requests and answers.
 *
 * @throws InvalidArgument for what is no handler
 */
export function fastifyMount(handler: MountableHandler): (app: FastifyLike, options: object, done: (error?: Error) => void) => void {
  assertHandler('fastifyMount', handler)
  return (app, _options, done) => {
    const { prefix } = app
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const route = async (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown> => {
      const place = placeOf(handler, pathOf(request.url), prefix)
      if (!handler.has(place.path)) return reply.callNotFound()
      const { status, headers, body } = await handler.exchange(exchangeOfNode(request.raw, reply.raw, place))
      reply.code(status)
      reply.headers(request.raw.complete ? { ...headers } : { ...headers, connection: 'close' })
      return reply.send(body)
    }
    for (const url of ['/', '/*']) app.route({ method: ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'], url, handler: route })
    done()
  }
}

/** The path that the handler knows, for a whole path below a mount. A handler whose `basePath` is that of the mount keeps it. */
function placeOf({ basePath }: MountableHandler, whole: string, mountedAt: string): { path: string; mountedAt?: string } {
  if (mountedAt === '' || mountedAt === '/') return { path: whole }
  if (basePath !== '' && (whole === basePath || whole.startsWith(`${basePath}/`))) return { path: whole }
  return { path: whole.slice(mountedAt.length) || '/', mountedAt }
}

function assertHandler(mount: string, handler: MountableHandler): void {
  if (typeof handler?.exchange === 'function' && typeof handler.has === 'function') return
  throw invalidArgument(`${mount} needs a handler, got ${show(handler)}`, { hint: `${mount}(createHandler(model))` })
}
