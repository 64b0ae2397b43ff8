/** The connection to a server: its address, how we log in (MLflow's environment variables, its credentials file), TLS. */
import { toBase64, utf8 } from '../../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../../core/errors'
import type { MlflowClientOptions } from './options'

type Environment = Readonly<Record<string, string | undefined>>
type Headers = Readonly<Record<string, string>>

/** What every request to one server needs. */
export interface Connection {
  /** The address without user name, password and trailing slash. */
  readonly url: string
  /** Headers of every request. @throws InvalidArgument for a user name without a password, or the reverse */
  headers(): Promise<Headers>
  /** The `fetch` for the server itself. @throws InvalidArgument for a certificate file that cannot be read */
  fetch(): Promise<typeof fetch>
}

/**
 * The server at `options.url`, or at the address in the first of `variables` that is set.
 *
 * @throws InvalidArgument without a usable URL, Unsupported where the environment asks for a kind of authentication that is not implemented
 */
export function connectionTo(options: MlflowClientOptions, variables: readonly string[]): Connection {
  const environment: Environment = processOf()?.env ?? {}
  const given = options.url ?? variables.map((name) => environment[name]).find((value) => value) ?? ''
  const { url, username, password } = addressOf(given)
  const asked = { ...options, username: options.username ?? username, password: options.password ?? password }
  const ownAuthorization = Object.keys(options.headers ?? {}).some((name) => name.toLowerCase() === 'authorization')
  if (!ownAuthorization && options.fetch === undefined) refusePlugins(environment)
  let headers: Promise<Headers> | undefined
  let fetchIt: Promise<typeof fetch> | undefined
  return {
    url,
    headers() {
      headers ??= (async () => {
        const workspace = options.workspace ?? environment.MLFLOW_WORKSPACE
        return {
          ...(ownAuthorization ? {} : await authorization(asked, environment)),
          ...(workspace ? { 'X-MLFLOW-WORKSPACE': workspace } : {}),
          ...options.headers,
        }
      })()
      return headers
    },
    fetch() {
      fetchIt ??= options.fetch === undefined && url.startsWith('https:') ? tlsFetch(environment) : Promise.resolve(options.fetch ?? fetch)
      return fetchIt
    },
  }
}

/** The address, and the user name and password that it may contain: `fetch` refuses an address with them. */
function addressOf(given: string): { readonly url: string; readonly username?: string; readonly password?: string } {
  const [, scheme, user, rest] = /^(https?:\/\/)(?:([^/@]*)@)?([^/@].*)$/i.exec(given) ?? []
  if (scheme === undefined || rest === undefined) {
    const shown = show(given.replace(/\/\/[^/@]*@/, '//'))
    throw invalidArgument(`the \`url\` of an MLflow server must be an http or https address, got ${shown}`, {
      hint: 'pass { url } or set MLFLOW_TRACKING_URI',
    })
  }
  const url = scheme.toLowerCase() + rest.replace(/\/$/, '')
  if (user === undefined) return { url }
  const [username = '', ...password] = user.split(':').map(decodeURIComponent)
  return { url, username, password: password.join(':') }
}

/** Options first, then variables, then `~/.mlflow/credentials`; user name and password before a token, in the order of MLflow's own client. */
async function authorization(options: MlflowClientOptions, environment: Environment): Promise<Headers> {
  let username = options.username ?? environment.MLFLOW_TRACKING_USERNAME
  let password = options.password ?? environment.MLFLOW_TRACKING_PASSWORD
  const token = options.token ?? environment.MLFLOW_TRACKING_TOKEN
  if ((!username || !password) && options.token === undefined && processOf()?.versions?.node !== undefined) {
    const held = (await import('./node-only')).readCredentials(environment)
    username ||= held.username
    password ||= held.password
  }
  if (username && password) return { Authorization: `Basic ${toBase64(utf8(`${username}:${password}`))}` }
  if (token) return { Authorization: `Bearer ${token}` }
  if (username || password) {
    const [there, missing] = username ? ['user name', 'password'] : ['password', 'user name']
    throw invalidArgument(`the MLflow server is to be given a ${there}, but there is no ${missing}`, {
      hint: `pass { username, password }, or set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD`,
    })
  }
  return {}
}

/** Refuses these variables instead of ignoring them: a user who sets them expects signed requests. */
function refusePlugins(environment: Environment): void {
  const { MLFLOW_TRACKING_AUTH: plugin, MLFLOW_TRACKING_AWS_SIGV4: signed } = environment
  const name = plugin ? 'MLFLOW_TRACKING_AUTH' : isTrue(signed) ? 'MLFLOW_TRACKING_AWS_SIGV4' : undefined
  if (name === undefined) return
  throw new MillwrightError(
    'Unsupported',
    `${name} is set (${show(environment[name])}), a way to log in that only MLflow's Python client knows`,
    {
      hint: `unset ${name}, and pass { headers: { Authorization } } or a { fetch } that signs requests`,
    },
  )
}

async function tlsFetch(environment: Environment): Promise<typeof fetch> {
  const serverCertPath = environment.MLFLOW_TRACKING_SERVER_CERT_PATH || undefined
  const clientCertPath = environment.MLFLOW_TRACKING_CLIENT_CERT_PATH || undefined
  const isInsecure = isTrue(environment.MLFLOW_TRACKING_INSECURE_TLS)
  if (serverCertPath === undefined && clientCertPath === undefined && !isInsecure) return fetch
  if (isInsecure && serverCertPath !== undefined) {
    throw invalidArgument('MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are both set; only one of them can hold')
  }
  return (await import('./node-only')).nodeTlsFetch({ serverCertPath, clientCertPath, isInsecure })
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['true', '1'].includes(value.toLowerCase())
}

function processOf(): { readonly env?: Environment; readonly versions?: { readonly node?: string } } | undefined {
  return (globalThis as { process?: { env?: Environment; versions?: { node?: string } } }).process
}
