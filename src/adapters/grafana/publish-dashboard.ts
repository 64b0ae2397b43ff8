/** Sends dashboards and annotations to a Grafana over its HTTP API. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { type ErrorCode, MillwrightError } from '../../core/errors'
import { sendOnce } from '../../core/http'
import { type HttpClientOptions, httpClientRules, httpClientSettings, parseHttpUrl } from '../../core/http-client'
import { checkOptions, finiteNumber, nonEmptyString, type OptionRule, ofType, requireOptions } from '../../core/options'
import { retrying } from '../../core/retry'

/** How a Grafana is reached. */
export interface GrafanaConnection extends HttpClientOptions {
  /** Its address, with the path below which it lies: `https://grafana.example.org`. */
  readonly url: string
  /** The token of a service account that may write dashboards. */
  readonly token: string
}

/** Options of {@link publishDashboard}. */
export interface PublishDashboardOptions extends GrafanaConnection {
  /** The folder. Without it a dashboard is put at the top, also one that was in a folder before. */
  readonly folderUid?: string | undefined
  /** Replaces a dashboard of the same `uid`, whoever changed it last. @default true */
  readonly overwrite?: boolean | undefined
  /** For the history of the dashboard. */
  readonly message?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Where a dashboard is now. */
export interface PublishedDashboard {
  readonly uid: string
  readonly url: string
  readonly version: number
}

/**
 * Creates or replaces a dashboard (`POST /api/dashboards/db`).
 *
 * @throws InvalidArgument for a dashboard or folder that Grafana refuses; PermissionDenied for the token; Conflict when, without `overwrite`, somebody
 * has changed it or another has its name; Unavailable (retried)
 * @example await publishDashboard(grafanaDashboard({ monitor: 'bikes', rules }), { url, token, folderUid: 'models' })
 */
export async function publishDashboard(
  dashboard: { readonly uid: string; readonly title: string },
  options: PublishDashboardOptions,
): Promise<PublishedDashboard> {
  requireOptions('publishDashboard', options, ['url', 'token'])
  requireOptions('publishDashboard', dashboard, ['uid', 'title'])
  checkOptions('publishDashboard', options, {
    ...connectionRules(),
    folderUid: nonEmptyString(),
    overwrite: ofType('boolean'),
    message: nonEmptyString(),
  })
  const { folderUid, overwrite = true, message, ...connection } = options
  const what = `could not publish the dashboard ${JSON.stringify(dashboard.title)}`
  const body = { dashboard: { ...dashboard, id: null }, folderUid, message, overwrite }
  const { uid, url, version } = (await post(connection, '/api/dashboards/db', body, what)) as PublishedDashboard
  return { uid, url: new URL(url, connection.url).href, version }
}

/** A mark on dashboards. */
export interface GrafanaAnnotation {
  readonly text: string
  readonly tags?: readonly string[] | undefined
  /** Epoch milliseconds. @default now, by Grafana's clock */
  readonly at?: number | undefined
  /** The end of a span of time. */
  readonly until?: number | undefined
  /** Only on this dashboard. @default every one that asks for the tags */
  readonly dashboardUid?: string | undefined
}

/** Marks a moment on dashboards: a retraining, a promotion, a rollback (`POST /api/annotations`). @throws as {@link publishDashboard} */
export async function annotateGrafana(
  annotation: GrafanaAnnotation,
  options: GrafanaConnection & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  requireOptions('annotateGrafana', options, ['url', 'token'])
  requireOptions('annotateGrafana', annotation, ['text'])
  checkOptions('annotateGrafana', options, connectionRules())
  checkOptions('the annotation of annotateGrafana', annotation, {
    text: nonEmptyString(),
    tags: { allowed: 'a list of strings', test: (tags) => Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') },
    at: finiteNumber(),
    until: finiteNumber(),
    dashboardUid: nonEmptyString(),
  })
  const { text, tags = [], at, until, dashboardUid } = annotation
  await post(
    options,
    '/api/annotations',
    { text, tags, time: at, timeEnd: until, dashboardUID: dashboardUid },
    'could not add an annotation',
  )
}

const longestAnswer = 2 ** 20

function connectionRules(): Record<string, OptionRule> {
  return { ...httpClientRules(), url: nonEmptyString(), token: nonEmptyString(), signal: ofType('object') }
}

async function post(
  options: GrafanaConnection & { readonly signal?: AbortSignal | undefined },
  path: string,
  body: unknown,
  what: string,
): Promise<unknown> {
  const { url, token, signal, ...http } = options
  const base = parseHttpUrl(url, '`url` of Grafana')
  const failed = `Grafana at ${base.host} ${what}`
  const { policy, http: sending } = httpClientSettings(http, longestAnswer)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' }
  const request = {
    method: 'POST',
    url: `${base.href.replace(/\/+$/, '')}${path}`,
    headers,
    body: utf8(JSON.stringify(body)),
    failed,
    signal,
  }
  return retrying(
    policy,
    async () => {
      const { status, bytes } = await sendOnce(request, sending)
      const answer = jsonOf(fromUtf8(bytes))
      if (status === 200) return answer
      throw refusal(failed, status, answer)
    },
    signal,
  )
}

function refusal(failed: string, status: number, answer: unknown): MillwrightError {
  const { message, status: reason } = (typeof answer === 'object' && answer !== null ? answer : {}) as { message?: string; status?: string }
  const codes: Readonly<Record<number, ErrorCode>> = {
    400: 'InvalidArgument',
    401: 'PermissionDenied',
    403: 'PermissionDenied',
    404: 'NotFound',
    409: 'Conflict',
    412: 'Conflict',
    429: 'RateLimited',
  }
  const code = codes[status] ?? (status >= 500 ? 'Unavailable' : 'InvalidArgument')
  const hints: Readonly<Record<string, string>> = {
    'version-mismatch': 'somebody has changed it since; `overwrite` replaces it',
    'name-exists': 'the folder has another dashboard of this title; `overwrite` replaces it',
    'plugin-dashboard': 'it belongs to a plugin',
  }
  const hint = status === 401 ? 'the token is not valid' : status === 403 ? 'the token may not write dashboards' : hints[reason ?? '']
  const said = [message, reason].filter((part) => part !== undefined).join(', ')
  return new MillwrightError(
    code,
    `${failed}: status ${status}${said === '' ? '' : `, ${said}`}${hint === undefined ? '' : ` (${hint})`}`,
    {
      retryable: status === 429 || status >= 500,
    },
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { message: text.trim().slice(0, 200) }
  }
}
