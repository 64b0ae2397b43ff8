/** What the environment and `~/.mlflow/credentials` say about logging in; none of it is passed over in silence. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCredentials } from '../../../../src/adapters/mlflow/client/node-only'
import { mlflowRegistry } from '../../../../src/adapters/mlflow/registry/mlflow-registry'
import { type MlflowTrackerOptions, mlflowTracker } from '../../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { toBase64, utf8 } from '../../../../src/core/bytes'

const held = { ...process.env }
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'millwright-home-'))
  for (const name of Object.keys(process.env)) if (name.startsWith('MLFLOW_')) delete process.env[name]
  process.env.HOME = home
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
  for (const name of Object.keys(process.env)) if (!(name in held)) delete process.env[name]
  Object.assign(process.env, held)
})

/** The headers of one request. */
async function headersOf(options: MlflowTrackerOptions = {}): Promise<Headers> {
  let seen = new Headers()
  const fetchIt = (async (_url: unknown, init: RequestInit = {}) => {
    seen = new Headers(init.headers)
    return new Response(JSON.stringify({ run: { info: { run_id: 'r' } } }))
  }) as typeof fetch
  await mlflowTracker({ url: 'http://server', fetch: fetchIt, ...options }).getRun('r')
  return seen
}
const basic = (text: string): string => `Basic ${toBase64(utf8(text))}`
const store = (text: string): void => {
  mkdirSync(join(home, '.mlflow'))
  writeFileSync(join(home, '.mlflow', 'credentials'), text)
}

describe('logging in', () => {
  it('takes user name and password of the environment before its token', async () => {
    process.env.MLFLOW_TRACKING_TOKEN = 'token'
    expect((await headersOf()).get('authorization')).toBe('Bearer token')
    Object.assign(process.env, { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'pass:word' })
    expect((await headersOf()).get('authorization')).toBe(basic('ada:pass:word'))
    expect((await headersOf({ username: 'bob', password: 'x' })).get('authorization')).toBe(basic('bob:x'))
  })

  it('takes the credentials file where nothing else is said, and fills in what the environment leaves out', async () => {
    store(
      '# mine\n[other]\nmlflow_tracking_username = wrong\n[mlflow]\n; a comment\nMLFLOW_TRACKING_USERNAME = ada\nmlflow_tracking_password: p=1 %\n',
    )
    expect((await headersOf()).get('authorization')).toBe(basic('ada:p=1 %'))
    process.env.MLFLOW_TRACKING_USERNAME = 'bob'
    expect((await headersOf()).get('authorization')).toBe(basic('bob:p=1 %'))
    expect((await headersOf({ token: 'given' })).get('authorization')).toBe('Bearer given')
  })

  it('says when half of it is missing', async () => {
    process.env.MLFLOW_TRACKING_USERNAME = 'ada'
    await expect(headersOf()).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/user name, but there is no password/),
    })
  })

  it('leaves an Authorization of the caller alone', async () => {
    Object.assign(process.env, { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'x' })
    expect((await headersOf({ headers: { authorization: 'Signed abc' } })).get('authorization')).toBe('Signed abc')
  })

  it('sends the workspace of the options or the environment', async () => {
    expect((await headersOf()).get('x-mlflow-workspace')).toBe(null)
    process.env.MLFLOW_WORKSPACE = 'blue'
    expect((await headersOf()).get('x-mlflow-workspace')).toBe('blue')
    expect((await headersOf({ workspace: 'green' })).get('x-mlflow-workspace')).toBe('green')
  })

  it.each([
    ['MLFLOW_TRACKING_AUTH', 'my-plugin'],
    ['MLFLOW_TRACKING_AWS_SIGV4', 'true'],
  ])('refuses to pass over %s', async (name, value) => {
    process.env[name] = value
    expect(() => mlflowTracker({ url: 'http://server' })).toThrow(new RegExp(`${name} is set`))
    expect(() => mlflowRegistry({ url: 'http://server' })).toThrow(new RegExp(name))
    // Who signs requests has dealt with it.
    expect((await headersOf({ headers: { Authorization: 'Signed' } })).get('authorization')).toBe('Signed')
  })

  it('takes the address of the registry from its own variable first', () => {
    process.env.MLFLOW_TRACKING_URI = 'http://tracking'
    expect(mlflowRegistry().name).toBe('mlflowRegistry(http://tracking)')
    process.env.MLFLOW_REGISTRY_URI = 'http://registry'
    expect([mlflowRegistry().name, mlflowTracker().name]).toEqual(['mlflowRegistry(http://registry)', 'mlflowTracker(http://tracking)'])
  })
})

describe('parseCredentials', () => {
  it.each([
    ['', {}],
    ['mlflow_tracking_username = outside', {}],
    ['[mlflow]\r\nmlflow_tracking_username=a\r\nmlflow_tracking_password=b\r\n', { username: 'a', password: 'b' }],
    ['[mlflow]\nmlflow_tracking_password = with : and = and # inside', { password: 'with : and = and # inside' }],
    ['[mlflow]\nmlflow_tracking_username = a\n[next]\nmlflow_tracking_password = b', { username: 'a' }],
  ])('reads %j', (text, expected) => {
    expect({ ...parseCredentials(text) }).toEqual({ username: undefined, password: undefined, ...expected })
  })
})
