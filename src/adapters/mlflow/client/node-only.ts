/** What only Node, Bun and Deno can do for the connection: certificates of our own, and MLflow's credentials file. Loaded when needed. */
import type { IncomingMessage } from 'node:http'
import { invalidArgument } from '../../../core/errors'
import { builtin } from '../../../core/node-builtin'

/** What MLflow's environment variables say about TLS. */
export interface TlsSettings {
  /** `MLFLOW_TRACKING_SERVER_CERT_PATH`: PEM file of the certificate authorities to trust instead of the usual ones. */
  readonly serverCertPath?: string | undefined
  /** `MLFLOW_TRACKING_CLIENT_CERT_PATH`: PEM file with our certificate and its key. */
  readonly clientCertPath?: string | undefined
  /** `MLFLOW_TRACKING_INSECURE_TLS`: the server's certificate is not checked. */
  readonly isInsecure: boolean
}

/**
 * A `fetch` that uses these certificates, which the built-in one cannot. It follows no redirects.
 *
 * @throws InvalidArgument naming the variable whose file cannot be read
 */
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
      const sent = request(String(input), options, (message) => resolve(responseOf(message)))
      sent.once('error', reject)
      sent.end(body)
    })
  }
}

function responseOf(message: IncomingMessage): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const status = message.statusCode ?? 0
  const { Readable } = builtin<typeof import('node:stream')>('node:stream')
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : (Readable.toWeb(message) as ReadableStream), { status, headers })
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

/** The user name and password in `~/.mlflow/credentials`, the INI file of MLflow's Python client. */
export interface StoredCredentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * The user name and password of the section `[mlflow]`; empty where the file is missing or cannot be read. The home folder is the one that
 * `environment` names, if it names one.
 */
export function readCredentials(environment: Readonly<Record<string, string | undefined>> = {}): StoredCredentials {
  try {
    const home = environment.HOME || environment.USERPROFILE || builtin<typeof import('node:os')>('node:os').homedir()
    const path = builtin<typeof import('node:path')>('node:path').join(home, '.mlflow', 'credentials')
    return parseCredentials(builtin<typeof import('node:fs')>('node:fs').readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/** Parses the text of the file: `key = value` or `key: value`, comments after `#` or `;` at the start of a line. */
export function parseCredentials(text: string): StoredCredentials {
  const values = new Map<string, string>()
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    const [, name] = /^\s*\[([^\]]*)\]/.exec(line) ?? []
    if (name !== undefined) section = name.trim()
    const [, key, value] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined && section === 'mlflow' && key !== undefined) values.set(key.toLowerCase(), value ?? '')
  }
  return { username: values.get('mlflow_tracking_username'), password: values.get('mlflow_tracking_password') }
}
