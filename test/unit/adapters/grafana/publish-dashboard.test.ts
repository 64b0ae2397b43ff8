/** Against a server that answers as Grafana's HTTP API is documented to. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { annotateGrafana, publishDashboard } from '../../../../src/adapters/grafana/publish-dashboard'

let server: Server
let url = ''
let requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Record<string, unknown> }[] = []
let answers: (readonly [number, unknown])[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(text) })
      const [status, body] = answers.shift() ?? [
        200,
        { id: 1, uid: 'u1', url: '/grafana/d/u1/bikes', status: 'success', version: 3, slug: 'bikes' },
      ]
      response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/grafana/`
})
afterAll(() => new Promise((closed) => server.close(closed)))
beforeEach(() => {
  requests = []
  answers = []
})

const dashboard = { uid: 'u1', title: 'Bikes', panels: [], id: 12 }
const connection = () => ({ url, token: 'secret-token', retries: 1, backoffMs: 0 })

describe('publishDashboard', () => {
  it('creates or replaces a dashboard', async () => {
    expect(await publishDashboard(dashboard, { ...connection(), folderUid: 'ml', message: 'new rules' })).toEqual({
      uid: 'u1',
      url: new URL('/grafana/d/u1/bikes', url).href,
      version: 3,
    })
    expect(requests).toMatchObject([
      {
        path: '/grafana/api/dashboards/db',
        headers: { authorization: 'Bearer secret-token' },
        body: { dashboard: { uid: 'u1', title: 'Bikes', panels: [], id: null }, folderUid: 'ml', message: 'new rules', overwrite: true },
      },
    ])
  })

  it.each([
    [
      412,
      { status: 'version-mismatch', message: 'The dashboard has been changed by someone else' },
      'Conflict',
      /status 412, The dashboard has been changed by someone else, version-mismatch \(somebody has changed it since/,
    ],
    [
      412,
      { status: 'name-exists', message: 'A dashboard with the same name already exists' },
      'Conflict',
      /another dashboard of this title/,
    ],
    [400, { message: 'folder not found' }, 'InvalidArgument', /status 400, folder not found/],
    [401, { message: 'Invalid API key' }, 'PermissionDenied', /Invalid API key \(the token is not valid\)/],
    [403, { message: 'Access denied' }, 'PermissionDenied', /the token may not write dashboards/],
    [404, '<html>not here</html>', 'NotFound', /<html>not here/],
  ] as const)('says what Grafana refused: %i', async (status, answer, code, message) => {
    answers = [[status, answer]]
    const published = publishDashboard(dashboard, { ...connection(), overwrite: false })
    await expect(published).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await expect(published).rejects.toMatchObject({ message: expect.not.stringContaining('secret-token') })
    expect(requests).toHaveLength(1)
  })

  it('tries again when Grafana is not ready', async () => {
    answers = [[503, 'starting']]
    expect((await publishDashboard(dashboard, connection())).version).toBe(3)
    expect(requests).toHaveLength(2)
  })

  it.each([
    [undefined, undefined, 'publishDashboard takes an object with `url`, `token`'],
    [dashboard, { url: 'x', token: 't' }, '`url` of Grafana must be an http or https address'],
    [{ title: 'a' }, { url: 'http://x', token: 't' }, 'publishDashboard needs `uid`'],
    [dashboard, { url: 'http://x', token: 't', folder: 'a' }, '`folder` is not an option of publishDashboard'],
  ])('refuses what does not fit: %#', async (what, options, message) => {
    await expect(publishDashboard(what as never, options as never)).rejects.toThrow(message)
  })
})

describe('annotateGrafana', () => {
  it('marks a moment on dashboards', async () => {
    await annotateGrafana({ text: 'version 4 promoted', tags: ['deployment'], at: 1_700_000_000_000, dashboardUid: 'u1' }, connection())
    expect(requests).toMatchObject([
      {
        path: '/grafana/api/annotations',
        body: { text: 'version 4 promoted', tags: ['deployment'], time: 1_700_000_000_000, dashboardUID: 'u1' },
      },
    ])
    await expect(annotateGrafana({} as never, connection())).rejects.toThrow('annotateGrafana needs `text`')
  })
})
