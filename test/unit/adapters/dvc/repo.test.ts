import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DvcRepo, dvcRepo } from '../../../../src/adapters/dvc'
import { md5Of } from '../../../../src/adapters/dvc/hashes'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { times } from '../../../support/effort'

let base: string
let root: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'millwright-dvc-'))
  root = join(base, 'project')
  mkdirSync(root)
  // No configuration of the person who runs the tests.
  vi.stubEnv('DVC_GLOBAL_CONFIG_DIR', base)
  vi.stubEnv('DVC_SYSTEM_CONFIG_DIR', base)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(base, { recursive: true, force: true })
})

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Every file below a folder of the project → its content. */
function tree(folder: string): Record<string, string> {
  if (!existsSync(join(root, folder))) return {}
  return Object.fromEntries(
    (readdirSync(join(root, folder), { recursive: true }) as string[])
      .filter((path) => statSync(join(root, folder, path)).isFile())
      .map((path) => [path, text(`${folder}/${path}`)]),
  )
}

async function open(): Promise<DvcRepo> {
  const repo = dvcRepo({ root, git: false, fsync: false })
  await repo.init()
  return repo
}

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...args], { cwd: root })
}

describe('what dvcRepo writes', () => {
  it('is what dvc 3.67 writes, byte for byte', async () => {
    put({ 'data/x': 'hi\n', 'data/sub/y': 'yo\n', 't.csv': 'a,b\n1,2\n', 'run.sh': 'z\n' })
    chmodSync(join(root, 'run.sh'), 0o755)
    mkdirSync(join(root, 'empty'))
    const repo = await open()
    for (const path of ['data', 't.csv', 'run.sh', 'empty']) await repo.add(path)
    expect(text('t.csv.dvc')).toBe('outs:\n- md5: e5ebd4c02cefbe7955977c67ada242b7\n  size: 8\n  hash: md5\n  path: t.csv\n')
    expect(text('empty.dvc')).toBe(
      'outs:\n- md5: d751713988987e9331980363e24189ce.dir\n  size: 0\n  nfiles: 0\n  hash: md5\n  path: empty\n',
    )
    expect(text('run.sh.dvc')).toContain('  size: 2\n  isexec: true\n  hash: md5\n')
    const manifest =
      '[{"md5": "f6255bb01c648fe967714d52a89e8e9c", "relpath": "sub/y"}, {"md5": "764efa883dda1e11db47671c4a3bbd9e", "relpath": "x"}]'
    const hash = md5Of(Buffer.from(manifest))
    expect(text(`.dvc/cache/files/md5/${hash.slice(0, 2)}/${hash.slice(2)}.dir`)).toBe(manifest)
    expect(text('data.dvc')).toBe(`outs:\n- md5: ${hash}.dir\n  size: 6\n  nfiles: 2\n  hash: md5\n  path: data\n`)
    expect(statSync(join(root, '.dvc/cache/files/md5/e5/ebd4c02cefbe7955977c67ada242b7')).mode & 0o777).toBe(0o444)
    expect(await repo.status()).toEqual([])
    expect(await repo.verify()).toEqual([])
  })

  it('keeps the comments and fields of a pointer, in the place where they stand', async () => {
    put({ 'f.txt': 'f' })
    const repo = await open()
    await repo.add('f.txt')
    writeFileSync(join(root, 'f.txt.dvc'), `# by hand\n${text('f.txt.dvc')}  desc: a text # why\nmeta:\n  owner: ada\n`)
    put({ 'f.txt': 'longer' })
    await repo.add('f.txt')
    expect(text('f.txt.dvc')).toBe(
      `# by hand\nouts:\n- md5: ${md5Of(Buffer.from('longer'))}\n  size: 6\n  hash: md5\n  path: f.txt\n  desc: a text # why\nmeta:\n  owner: ada\n`,
    )
  })

  it('tells git to ignore the data, once, and refuses what git has', async () => {
    git('init', '-q')
    put({ 'in/a#b': '1', 'in/c': '2', 'kept.txt': 'k', 'in/.gitignore': 'old' })
    git('add', 'kept.txt')
    const repo = dvcRepo({ root })
    await repo.init()
    await Promise.all([repo.add('in/a#b'), repo.add('in/c')])
    await repo.add('in/c')
    expect(text('in/.gitignore')).toBe('old\n/a\\#b\n/c\n')
    await expect(repo.add('kept.txt')).rejects.toThrow('add: git already tracks "kept.txt"')
  })

  it('refuses what DVC cannot track', async () => {
    put({ 'data/a': '1', 'new\nline': 'x', 'x.dvc': 'outs: []\n', 'other/b': '' })
    symlinkSync('nowhere', join(root, 'broken'))
    symlinkSync('data', join(root, 'linked'))
    const repo = await open()
    await repo.add('data')
    await expect(repo.add('data/a')).rejects.toThrow('add: "data/a" overlaps with "data", which data.dvc tracks')
    await expect(repo.add('.')).rejects.toThrow('it is the root itself')
    await expect(repo.add('../x')).rejects.toThrow('it lies outside')
    await expect(repo.add('.dvc/config')).rejects.toThrow('it leads into .dvc')
    await expect(repo.add('new\nline')).rejects.toThrow('holds a control character')
    await expect(repo.add('x.dvc')).rejects.toThrow('is a file of DVC or git, not data')
    await expect(repo.add('nothing')).rejects.toThrow('add: there is no file or folder "nothing"')
    await expect(repo.add('broken')).rejects.toThrow('"broken" is a symbolic link that leads nowhere')
    await expect(repo.add('linked')).rejects.toThrow('"linked" is a symbolic link to a folder')
    await expect(repo.add('linked/a')).rejects.toThrow('does not go through the symbolic link "linked"')
    await expect(repo.add(undefined as unknown as string)).rejects.toThrow('add takes a path below')
    put({ 'other.dvc': `outs:\n- md5: ${md5Of(Buffer.from(''))}\n  hash: md5\n  path: elsewhere\n` })
    await expect(repo.add('other')).rejects.toThrow('add: other.dvc already tracks "elsewhere"')
    await expect(repo.add('other', { sginal: 1 } as object)).rejects.toThrow('`sginal` is not an option of add')
    await expect(dvcRepo({ root: base, git: false }).list()).rejects.toThrow('is not a DVC project: it has no folder .dvc')
  })

  it('round-trips every tree', async () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter(
        (name) =>
          !/[/\0]/.test(name) &&
          !['.', '..'].includes(name) &&
          name.isWellFormed() &&
          Buffer.byteLength(name) < 100 &&
          !/^\.(dvc|git|hg)/i.test(name),
      )
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    const trees = fc.dictionary(path, fc.string({ maxLength: 20 }), { maxKeys: 8, noNullPrototype: true })
    const repo = await open()
    await fc.assert(
      fc.asyncProperty(trees, async (wanted) => {
        rmSync(join(root, 'data'), { recursive: true, force: true })
        mkdirSync(join(root, 'data'))
        for (const [name, content] of Object.entries(wanted)) {
          try {
            put({ [`data/${name}`]: content })
          } catch {
            // A name that is a folder already.
          }
        }
        const before = tree('data')
        await repo.add('data')
        expect(await repo.status()).toEqual([])
        rmSync(join(root, 'data'), { recursive: true })
        put({ 'data/left/over': 'x' })
        await repo.checkout({ force: true })
        expect(tree('data')).toEqual(before)
        expect(Object.fromEntries((await repo.files('data')).map((file) => [file.path.slice(5), file.md5]))).toEqual(
          Object.fromEntries(Object.entries(before).map(([name, content]) => [name, md5Of(Buffer.from(content))])),
        )
      }),
      { numRuns: times(8, 500), seed: 14 },
    )
  })
})

describe('checkout', () => {
  it('loses nothing that is in no cache, and changes nothing when it refuses', async () => {
    put({ 'data/a': '1', 'data/b': '2', f: 'f' })
    const repo = await open()
    await repo.add('data')
    await repo.add('f')
    rmSync(join(root, 'f'))
    put({ 'data/a': 'changed', 'data/new': 'n' })
    expect((await repo.status()).map(({ output, state, added, changed }) => [output.path, state, added, changed])).toEqual([
      ['data', 'modified', ['new'], ['a']],
      ['f', 'missing', [], []],
    ])
    await expect(repo.checkout()).rejects.toThrow('checkout would overwrite or delete changes that are in no cache: "data/a", "data/new"')
    expect(existsSync(join(root, 'f'))).toBe(false)
    expect(await repo.checkout({ paths: 'f' })).toEqual({ written: ['f'], removed: [] })
    expect(await repo.checkout({ force: true })).toEqual({ written: ['data/a'], removed: ['data/new'] })
    expect(tree('data')).toEqual({ a: '1', b: '2' })
    await expect(repo.checkout({ paths: ['data/a'] })).rejects.toThrow('"data/a" is part of "data", which DVC tracks as a whole')
  })

  it('writes a file where a folder was, and the other way round', async () => {
    put({ 'data/a/deep': '1', 'data/b': '2', 'data/c': 'c' })
    const repo = await open()
    await repo.add('data')
    rmSync(join(root, 'data'), { recursive: true })
    put({ 'data/a': 'x', 'data/b/deep': 'y', 'data/c': 'c' })
    await repo.checkout({ force: true })
    expect(tree('data')).toMatchObject({ 'a/deep': '1', b: '2' })
    rmSync(join(root, 'data'), { recursive: true })
    put({ data: 'a file' })
    await repo.checkout({ force: true })
    expect(tree('data')).toMatchObject({ 'a/deep': '1', b: '2' })
  })

  it('refuses manifests and pointers that lead out, into git or through a link', async () => {
    const repo = await open()
    const object = (content: string, tail = ''): string => {
      const hash = md5Of(Buffer.from(content))
      put({ [`.dvc/cache/files/md5/${hash.slice(0, 2)}/${hash.slice(2)}${tail}`]: content })
      return hash
    }
    const md5 = object('evil')
    for (const path of [
      '../out',
      '/etc/x',
      'a/../../x',
      '.git/hooks/pre-commit',
      '.GIT/x',
      'a/.g\u200cit/x',
      '.dvc/config',
      'a//b',
      '',
      'nul\0',
    ]) {
      const hash = object(JSON.stringify([{ md5, relpath: path }]), '.dir')
      put({ 'data.dvc': `outs:\n- md5: ${hash}.dir\n  hash: md5\n  path: data\n` })
      await expect(repo.checkout({ force: true }), path).rejects.toThrow(/the path .* is refused/)
    }
    put({ 'data.dvc': `outs:\n- md5: ../../../../etc/passwd\n  hash: md5\n  path: data\n` })
    await expect(repo.list()).rejects.toThrow('data.dvc: "data": `md5` must be 32 hexadecimal digits')
    put({ 'data.dvc': `outs:\n- md5: ${md5}\n  hash: md5\n  path: ../out\n` })
    expect((await repo.status()).map(({ state }) => state)).toEqual(['outside'])
    expect(await repo.checkout({ force: true })).toEqual({ written: [], removed: [] })
    mkdirSync(join(base, 'elsewhere'))
    symlinkSync(join(base, 'elsewhere'), join(root, 'way'))
    put({ 'data.dvc': `outs:\n- md5: ${md5}\n  hash: md5\n  path: way/x\n` })
    await expect(repo.checkout({ force: true })).rejects.toThrow('does not go through the symbolic link "way"')
    expect(readdirSync(join(base, 'elsewhere'))).toEqual([])
  })

  it('says what is missing, and finds what is damaged', async () => {
    put({ 'data/a': 'one', 'data/b': 'two' })
    const repo = await open()
    await repo.add('data')
    const path = `.dvc/cache/files/md5/${md5Of(Buffer.from('one')).slice(0, 2)}/${md5Of(Buffer.from('one')).slice(2)}`
    chmodSync(join(root, path), 0o644)
    writeFileSync(join(root, path), 'onf')
    expect((await repo.verify()).map((one) => [one.path, one.problem])).toEqual([['data/a', 'damaged']])
    rmSync(join(root, 'data/a'))
    await expect(repo.read('data/a')).rejects.toThrow(/the DVC cache: the object .* is damaged/)
    await expect(repo.checkout()).rejects.toThrow(/is damaged/)
    expect(existsSync(join(root, 'data/a'))).toBe(false)
    rmSync(join(root, path))
    expect((await repo.verify()).map((one) => [one.path, one.problem])).toEqual([['data/a', 'missing']])
    await expect(repo.checkout()).rejects.toThrow('checkout: the cache lacks "data/a"')
    put({ 'data/a': 'one' })
    expect((await repo.status()).map(({ state }) => state)).toEqual(['not-in-cache'])
    await repo.add('data')
    expect(await repo.status()).toEqual([])
  })
})

describe('a remote', () => {
  it('in any object store gets and gives what is tracked, checked', async () => {
    put({ 'data/a': 'one', 'data/b': 'two', f: 'f' })
    const store = memoryStorage()
    const repo = dvcRepo({ root, git: false, fsync: false, remotes: { cloud: store } })
    await repo.init()
    await repo.add('data')
    await repo.add('f')
    expect(await repo.push({ remote: 'cloud' })).toEqual({ copied: 4, present: 0 })
    expect(await repo.push({ remote: 'cloud' })).toEqual({ copied: 0, present: 4 })
    for (const path of ['data', 'f', '.dvc/cache']) rmSync(join(root, path), { recursive: true, force: true })
    expect(Buffer.from(await repo.read('data/a', { remote: 'cloud' })).toString()).toBe('one')
    await repo.pull({ remote: 'cloud' })
    expect(tree('data')).toEqual({ a: 'one', b: 'two' })
    await expect(repo.push()).rejects.toThrow('has no default remote')
    await expect(repo.push({ remote: 'x' })).rejects.toThrow('has no remote "x"')
    writeFileSync(join(root, '.dvc/config'), '[core]\n    remote = s\n[\'remote "s"\']\n    url = s3://user:secret@bucket/x\n')
    await expect(repo.push()).rejects.toThrow('the remote "s" is at s3://bucket/x, which dvcRepo reads only through an object store')
  })
})

describe('what DVC wrote', () => {
  it('of version 2 is read: text hashed with Unix line ends, in the old layout', async () => {
    const repo = await open()
    // `dvc 2.58 add` of "a\r\nb\r\n": the hash is that of "a\nb\n".
    const hash = md5Of(Buffer.from('a\nb\n'))
    put({
      [`.dvc/cache/${hash.slice(0, 2)}/${hash.slice(2)}`]: 'a\r\nb\r\n',
      'f.csv.dvc': `outs:\n- md5: ${hash}\n  size: 6\n  path: f.csv\n`,
    })
    await repo.checkout()
    expect(text('f.csv')).toBe('a\r\nb\r\n')
    expect([await repo.status(), await repo.verify()]).toEqual([[], []])
    rmSync(join(root, 'f.csv'))
    expect(Buffer.from(await repo.read('f.csv')).toString()).toBe('a\r\nb\r\n')
  })

  it('at a revision of git is listed and read', async () => {
    git('init', '-q')
    const repo = dvcRepo({ root, fsync: false })
    await repo.init()
    for (const version of ['1', '2']) {
      put({ 'data/a': version, [`data/only-${version}`]: '', 'params.yaml': `lr: 0.${version}\n`, 'note.txt': version })
      await repo.add('data')
      git('add', '-A')
      git('commit', '-qm', version)
      git('tag', `v${version}`)
    }
    const read = async (path: string, rev?: string): Promise<string> => Buffer.from(await repo.read(path, { rev })).toString()
    expect([await read('data/a', 'v1'), await read('data/a', 'v2'), await read('note.txt', 'v1'), await read('note.txt')]).toEqual([
      '1',
      '2',
      '1',
      '2',
    ])
    expect((await repo.files('data', { rev: 'v1' })).map(({ path }) => path)).toEqual(['data/a', 'data/only-1'])
    expect(await repo.params({ rev: 'v1' })).toEqual({ 'params.yaml': { lr: 0.1 } })
    await expect(repo.read('data', { rev: 'v1' })).rejects.toThrow('read takes the path of a file; "data" is a folder')
    await expect(repo.read('data/only-2', { rev: 'v1' })).rejects.toThrow('"data", which data.dvc tracks, has no file "only-2"')
    await expect(repo.read('x', { rev: 'v1' })).rejects.toThrow('read: "x" is neither tracked by DVC nor a file of git at "v1"')
    await expect(repo.read('x', { rev: 'v9' })).rejects.toThrow('has no revision "v9"')
    await expect(repo.read('x', { rev: '--upload-pack=x' })).rejects.toThrow('`rev` must be a branch, tag or commit')
  })

  it('in a pipeline: outputs from dvc.lock below their working folder, metrics with NaN', async () => {
    put({
      'sub/dvc.yaml': 'metrics: [top.json]\nstages:\n  train:\n    wdir: ../work\n    cmd: x\n    outs: [out]\n    metrics: [m.yaml]\n',
      'sub/dvc.lock':
        "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: out\n      hash: md5\n      md5: d751713988987e9331980363e24189ce.dir\n      size: 0\n      nfiles: 0\n",
      'sub/top.json': '{"a": NaN, "b": [-Infinity, "NaN"]}',
      'work/m.yaml': 'loss: 1e-3\n',
    })
    const repo = await open()
    expect((await repo.list()).map(({ path, kind, stage }) => [path, kind, stage])).toEqual([['work/out', 'folder', 'train']])
    expect(await repo.metrics()).toEqual({
      'sub/top.json': { a: Number.NaN, b: [Number.NEGATIVE_INFINITY, 'NaN'] },
      'work/m.yaml': { loss: 0.001 },
    })
  })

  it('that is damaged is an error that names the file', async () => {
    const repo = await open()
    for (const [content, message] of [
      ['outs: 5\n', 'x.dvc: `outs` must be a list, got "5"'],
      ['outs:\n- md5: 1\n', 'x.dvc: an output has no `path`'],
      ['outs:\n- {path: a, hash: sha256}\n', 'x.dvc: "a" is hashed with "sha256"'],
      ['- a\n', 'x.dvc must be a mapping, got an array of 1'],
      ['a: [\n', 'x.dvc is not valid YAML: line'],
    ] as const) {
      put({ 'x.dvc': content })
      await expect(repo.list(), content).rejects.toThrow(message)
    }
  })
})

describe('in between', () => {
  it('an abort leaves the old pointer, and the signal its reason', async () => {
    put({ 'data/a': '1' })
    const repo = await open()
    await repo.add('data')
    const before = text('data.dvc')
    put({ 'data/b': '2' })
    const controller = new AbortController()
    const stop = new Error('enough')
    await expect(repo.add('data', { signal: controller.signal, onProgress: () => controller.abort(stop) })).rejects.toBe(stop)
    expect(text('data.dvc')).toBe(before)
    await expect(repo.status({ signal: AbortSignal.abort(stop) })).rejects.toBe(stop)
    const seen: number[] = []
    await repo.add('data', { onProgress: ({ done, total }) => seen.push(done, total ?? -1) })
    expect(seen.slice(-2)).toEqual([2, 2])
  })

  it('a crash after the cache was written leaves a project that opens', async () => {
    put({ 'data/a': '1' })
    const repo = await open()
    await repo.add('data')
    put({ 'data/b': '2' })
    // The `.dvc` file cannot be replaced: what a kill at that moment leaves is the cache with more in it, and files aside.
    rmSync(join(root, '.dvc/tmp'), { recursive: true, force: true })
    writeFileSync(join(root, '.dvc/tmp'), 'in the way')
    await expect(repo.add('data')).rejects.toMatchObject({ name: 'MillwrightError' })
    rmSync(join(root, '.dvc/tmp'))
    put({
      '.dvc/tmp/millwright/0123': 'half',
      '.dvc/cache/millwright-tmp/0123': 'half',
      '.dvc/tmp/millwright/hashes.json': '{"version": 1, "files": {"da',
    })
    const again = dvcRepo({ root, git: false, fsync: false })
    expect((await again.status()).map(({ state, added }) => [state, added])).toEqual([['modified', ['b']]])
    expect(await again.verify()).toEqual([])
    await again.add('data')
    expect(await again.status()).toEqual([])
  })
})
