/** What the function of a route gets: the request, and what is served. */
import { MillwrightError, show } from '../core/errors'
import type { Predictor } from '../predictor/predictor'
import type { HttpExchange, RouteContext } from './exchange'
import { parseJsonBytes, readBodyBytes, readJsonBody } from './json-body'

/** What all requests of a handler have in common. */
export interface ServedState {
  readonly models: ReadonlyMap<string, Predictor>
  readonly limits: {
    readonly maxBodyBytes: number
    readonly maxRows: number
    readonly maxJsonDepth: number
    readonly maxConcurrent: number
    readonly deadlineMs: number
  }
  /** The models that an administrator took out of service. */
  readonly unloaded: Set<string>
  /** Whether the server is shutting down. */
  draining: boolean
}

/** The context of one request. */
export class RequestContext implements RouteContext {
  readonly #state: ServedState
  readonly exchange: HttpExchange
  readonly params: Readonly<Record<string, string>>
  readonly requestId: string

  constructor(state: ServedState, exchange: HttpExchange, ...[params, requestId]: [Readonly<Record<string, string>>, string]) {
    this.#state = state
    this.exchange = exchange
    this.params = params
    this.requestId = requestId
  }

  get models(): ReadonlyMap<string, Predictor> {
    return this.#state.models
  }

  get unloaded(): Set<string> {
    return this.#state.unloaded
  }

  get maxRows(): number {
    return this.#state.limits.maxRows
  }

  get draining(): boolean {
    return this.#state.draining
  }

  get call(): RouteContext['call'] {
    return { signal: this.exchange.signal, deadlineMs: this.#state.limits.deadlineMs }
  }

  // Routes may take these functions out of the context and call them alone. They are made when asked for, since most requests need two of them.
  get predictor(): RouteContext['predictor'] {
    return (name) => predictorOf(this.#state, name)
  }

  get json(): RouteContext['json'] {
    return () => readJsonBody(this.exchange, this.#state.limits)
  }

  get bytes(): RouteContext['bytes'] {
    const { limits } = this.#state
    return (maxBytes) => readBodyBytes(this.exchange, maxBytes === undefined ? limits : { ...limits, maxBodyBytes: maxBytes })
  }

  get parse(): RouteContext['parse'] {
    return (bytes) => parseJsonBytes(bytes, this.#state.limits)
  }

  get optionalJson(): RouteContext['optionalJson'] {
    return async (otherwise) => {
      const bytes = await this.bytes()
      return bytes.length === 0 ? otherwise : this.parse(bytes)
    }
  }
}

/** The predictor of a name, or the first. @throws NotFound, InvalidState */
function predictorOf({ models, unloaded }: ServedState, name: string | undefined): Predictor {
  const predictor = name === undefined ? models.values().next().value : models.get(name)
  if (predictor === undefined)
    throw new MillwrightError('NotFound', `there is no model ${show(name)}; there are ${[...models.keys()].map(show).join(', ')}`)
  if (unloaded.size > 0 && unloaded.has(name ?? (models.keys().next().value as string)))
    throw new MillwrightError('InvalidState', `the model ${show(name ?? predictor.name)} was taken out of service`)
  return predictor
}
