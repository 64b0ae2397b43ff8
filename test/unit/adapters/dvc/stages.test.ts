/** `dvc.lock` as we write it, and remotes that are opened from DVC's configuration. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DvcRemote, type DvcRepo, dvcRepo } from '../../../../src/adapters/dvc'
import { pythonFloat } from '../../../../src/adapters/dvc/templates'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { s3Storage } from '../../../../src/adapters/s3/s3-storage'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millwright-dvc-'))
  // No configuration of the person who runs the tests.
  vi.stubEnv('DVC_GLOBAL_CONFIG_DIR', join(root, 'none'))
  vi.stubEnv('DVC_SYSTEM_CONFIG_DIR', join(root, 'none'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

function put(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

const text = (path: string): string => readFileSync(join(root, path), 'utf8')

async function open(options: Partial<Parameters<typeof dvcRepo>[0]> = {}): Promise<DvcRepo> {
  const repo = dvcRepo({ root, git: false, fsync: false, ...options })
  await repo.init()
  return repo
}

const pipeline = [
  'stages:',
  '  train:',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
  '    cmd: node train.mjs ${lr}',
  '    deps: [data.csv]',
  '    params: [seed, train.lr]',
  '    outs: [model, {kept: {cache: false}}]',
  '  after:',
  '    cmd: echo',
  '    matrix: {a: [1]}',
  '',
].join('\n')
const files = {
  'dvc.yaml': pipeline,
  'params.yaml': 'seed: 42\nlr: 1e-5\ntrain: {lr: 0.001}\n',
  'data.csv': 'a,b\n1,2\n',
  'model/w': '1',
  kept: 'k',
}

describe('commit', () => {
  it('writes what dvc 3.67 writes', async () => {
    put(files)
    const repo = await open()
    const outputs = await repo.commit('train')
    expect(outputs.map(({ path, kind, isCached }) => [path, kind, isCached])).toEqual([
      ['kept', 'file', false],
      ['model', 'folder', true],
    ])
    expect(text('dvc.lock')).toBe(
      [
        "schema: '2.0'",
        'stages:',
        '  train:',
        '    cmd: node train.mjs 1e-05',
        '    deps:',
        '    - path: data.csv',
        '      hash: md5',
        '      md5: e5ebd4c02cefbe7955977c67ada242b7',
        '      size: 8',
        '    params:',
        '      params.yaml:',
        '        seed: 42',
        '        train.lr: 0.001',
        '    outs:',
        '    - path: kept',
        '      hash: md5',
        '      md5: 8ce4b16b22b58894aa86c421e8759df3',
        '      size: 1',
        '    - path: model',
        '      hash: md5',
        '      md5: a1631a00d53d4ccd90596a6b5740516c.dir',
        '      size: 1',
        '      nfiles: 1',
        '',
      ].join('\n'),
    )
    expect(await repo.status()).toEqual([])
    expect(await repo.verify()).toEqual([])
  })

  it('leaves the other stages as they were written, and records a stage again in its place', async () => {
    put(files)
    const repo = await open()
    const other =
      '  before:\n    cmd: "a text\\\n      \\ that is folded"\n    outs:\n    - path: b\n      md5: 0cc175b9c0f1b6a831c399e269772661\n'
    const last = '  zz:\n    cmd: z\n    params:\n      params.yaml:\n        lr: 1e-05\n'
    put({ 'dvc.lock': `schema: '2.0'\nstages:\n${other}  train:\n    cmd: old\n    deps:\n    - path: gone\n${last}` })
    await repo.commit('train')
    expect(text('dvc.lock').startsWith(`schema: '2.0'\nstages:\n${other}  train:\n    cmd: node`)).toBe(true)
    expect(text('dvc.lock').endsWith(`      nfiles: 1\n${last}`)).toBe(true)
    const before = text('dvc.lock')
    await repo.commit('train')
    expect(text('dvc.lock')).toBe(before)
  })

  it('refuses what it cannot record, and then writes nothing', async () => {
    put(files)
    const repo = await open()
    await expect(repo.commit('nope')).rejects.toThrow('dvc.yaml has no stage "nope"; it has train, after')
    await expect(repo.commit('after@1')).rejects.toMatchObject({ code: 'Unsupported', hint: 'run `dvc commit`' })
    await expect(repo.commit('../x/dvc.yaml:a')).rejects.toThrow('commit takes a stage: "train", or "sub/dvc.yaml:train"')
    await expect(repo.commit('sub/dvc.yaml:a')).rejects.toThrow('there is no "sub/dvc.yaml"')
    // biome-ignore lint/suspicious/noExplicitAny: a caller without types
    await expect(repo.commit('train', { forced: true } as any)).rejects.toThrow('`forced` is not an option of commit')
    rmSync(join(root, 'kept'))
    await expect(repo.commit('train')).rejects.toThrow('commit: "kept" of the stage "train" is not there')
    put({ kept: 'k', 'params.yaml': 'seed: 42\nlr: 1\n' })
    await expect(repo.commit('train')).rejects.toThrow('commit: params.yaml has no param "train.lr"')
    put({ 'params.yaml': 'seed: 90071992547409930\nlr: 1\ntrain: {lr: 1}\n' })
    await expect(repo.commit('train')).rejects.toThrow('params.yaml: seed is a whole number beyond 2^53')
    put({ ...files, 'dvc.lock': 'schema: "2.0"\nstages: {a: {cmd: b}}\n' })
    await expect(repo.commit('train')).rejects.toThrow('dvc.lock is not laid out as DVC writes it')
    rmSync(join(root, 'dvc.lock'))
    await repo.add('model')
    await expect(repo.commit('train')).rejects.toThrow('commit: "model" overlaps with "model", which model.dvc tracks')
    expect(() => text('dvc.lock')).toThrow()
  })

  it('spells numbers of templates as Python does', () => {
    const spelled = [1, 0.1, 1e-5, 1.5e-7, 1e15, 1e16, 1.25e22, -0, 123456.789, 0.0001].map(pythonFloat)
    expect(spelled).toEqual(['1.0', '0.1', '1e-05', '1.5e-07', '1000000000000000.0', '1e+16', '1.25e+22', '-0.0', '123456.789', '0.0001'])
  })
})

describe('a remote by URL', () => {
  const config =
    '[core]\n    remote = cloud\n[\'remote "cloud"\']\n    url = s3://bucket/deep/folder/\n    endpointurl = http://127.0.0.1:9000\n'
  const secret = '[\'remote "cloud"\']\n    access_key_id = me\n    secret_access_key = mine\n    region = eu-central-1\n'

  it('is described to the function that opens it, once; objects of several chunks arrive as they were', async () => {
    const seen: DvcRemote[] = []
    const store = memoryStorage()
    const remotes = (remote: DvcRemote) => {
      seen.push(remote)
      return store
    }
    const big = new Uint8Array(2 ** 20 * 2 + 5).map((_, i) => (i * 31 + (i >> 10)) % 251)
    put({ 'big.bin': big })
    const repo = await open({ remotes })
    put({ '.dvc/config': config, '.dvc/config.local': secret })
    await repo.add('big.bin')
    expect(await repo.push()).toEqual({ copied: 1, present: 0 })
    rmSync(join(root, 'big.bin'))
    rmSync(join(root, '.dvc/cache'), { recursive: true })
    await repo.pull()
    expect(Buffer.compare(readFileSync(join(root, 'big.bin')), big)).toBe(0)
    expect(seen).toEqual([
      {
        name: 'cloud',
        url: 's3://bucket/deep/folder/',
        settings: { endpointurl: 'http://127.0.0.1:9000', access_key_id: 'me', secret_access_key: 'mine', region: 'eu-central-1' },
        s3: {
          bucket: 'bucket',
          prefix: 'deep/folder',
          endpoint: 'http://127.0.0.1:9000',
          region: 'eu-central-1',
          credentials: { accessKeyId: 'me', secretAccessKey: 'mine' },
        },
      },
    ])
    expect(String(seen[0]?.s3 && s3Storage(seen[0].s3).name)).toBe('s3Storage(s3://bucket/deep/folder)')
  })

  it('without a store is refused with the line to write', async () => {
    put({ 'a.txt': 'a' })
    const repo = await open({ remotes: () => undefined })
    put({ '.dvc/config': config })
    await repo.add('a.txt')
    await expect(repo.push()).rejects.toMatchObject({
      code: 'Unsupported',
      hint: expect.stringContaining('({ s3 }) => s3 && s3Storage(s3)'),
    })
    // biome-ignore lint/suspicious/noExplicitAny: a caller without types
    await expect((await open({ remotes: (() => ({})) as any })).push()).rejects.toThrow(
      'must give an object store for "cloud", got an empty object',
    )
  })
})

describe('params and metrics', () => {
  it('are read by path, also files that dvc.yaml does not name', async () => {
    put({ ...files, 'deep/m.json': '{"auc": 0.5}', 'other.yaml': 'a: 1\n' })
    const repo = await open()
    expect(await repo.metrics({ paths: 'deep/m.json' })).toEqual({ 'deep/m.json': { auc: 0.5 } })
    expect(await repo.params({ paths: ['other.yaml', 'params.yaml'] })).toEqual({
      'other.yaml': { a: 1 },
      'params.yaml': { seed: 42, lr: 1e-5, train: { lr: 0.001 } },
    })
    await expect(repo.params({ paths: 'nope.yaml' })).rejects.toMatchObject({ code: 'NotFound' })
    await expect(repo.params({ paths: '../x.yaml' })).rejects.toThrow('it lies outside')
  })
})
