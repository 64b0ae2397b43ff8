/** A `fetch` with certificates of its own (Node, Bun, Deno): the built-in one takes none. For one server; it follows no redirects. */
import type { IncomingMessage } from 'node:http'
import { invalidArgument } from '../../../core/errors'
import { builtin } from '../../../core/node-builtin'

/** What MLflow's variables ask for. */
export interface TlsSettings {
  /** `MLFLOW_TRACKING_SERVER_CERT_PATH`: PEM file of certificate authorities to trust, in place of the usual ones. */
  readonly serverCertPath?: string | undefined
  /** `MLFLOW_TRACKING_CLIENT_CERT_PATH`: PEM file with our certificate and its key. */
  readonly clientCertPath?: string | undefined
  /** `MLFLOW_TRACKING_INSECURE_TLS`: any certificate will do. */
  readonly isInsecure: boolean
}

/** @throws InvalidArgument naming the variable whose file cannot be read */
export function nodeTlsFetch({ serverCertPath, clientCertPath, isInsecure }: TlsSettings): typeof fetch {
  const ca = pem('MLFLOW_TRACKING_SERVER_CERT_PATH', serverCertPath)
  const client = pem('MLFLOW_TRACKING_CLIENT_CERT_PATH', clientCertPath)
  const { Agent, request } = builtin<typeof import('node:https')>('node:https')
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: !isInsecure,
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : { cert: client, key: client }),
  })
  return (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = (init.body ?? undefined) as string | Uint8Array | undefined
    const signal = init.signal ?? undefined
    return new Promise((resolve, reject) => {
      const options = { agent, method: init.method ?? 'GET', headers, ...(signal === undefined ? {} : { signal }) }
      const asked = request(String(input), options, (answer) => resolve(responseOf(answer)))
      asked.once('error', reject)
      asked.end(body)
    })
  }
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const status = answer.statusCode ?? 0
  const { Readable } = builtin<typeof import('node:stream')>('node:stream')
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers })
}

function pem(variable: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined
  try {
    return builtin<typeof import('node:fs')>('node:fs').readFileSync(path)
  } catch (cause) {
    throw invalidArgument(`the file that ${variable} names cannot be read (${(cause as { code?: string }).code ?? 'no reason given'})`, {
      cause,
    })
  }
}
