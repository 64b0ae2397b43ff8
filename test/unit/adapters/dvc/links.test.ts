/** `cache.type`: the working tree and the cache share content by links. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DvcRepo, dvcRepo } from '../../../../src/adapters/dvc'
import { md5Of } from '../../../../src/adapters/dvc/hashes'
import { createIgnore } from '../../../../src/adapters/dvc/ignore'
import { keepFiles } from '../../../../src/adapters/dvc/keep'
import { program } from '../../../../src/adapters/dvc/keep-program'
import { createKeeper, SMALL_BYTES } from '../../../../src/adapters/dvc/keep-small'
import { loadKnownHashes } from '../../../../src/adapters/dvc/known-hashes'
import { openProject } from '../../../../src/adapters/dvc/project'
import { findFiles } from '../../../../src/adapters/dvc/workspace'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { times } from '../../../support/effort'
import { patchFs } from '../../../support/patch-fs'

/** From now on, changes of a mode by a handle fail: the file belongs to another user. @returns ends that */
const makeForeign = (): (() => void) =>
  patchFs({
    fchmodSync() {
      throw Object.assign(new Error('EPERM: operation not permitted, fchmod'), { code: 'EPERM', syscall: 'fchmod' })
    },
  })

let base: string
let root: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'millwright-dvc-'))
  root = join(base, 'project')
  mkdirSync(root)
  vi.stubEnv('DVC_GLOBAL_CONFIG_DIR', base)
  vi.stubEnv('DVC_SYSTEM_CONFIG_DIR', base)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(base, { recursive: true, force: true })
})

const path = (name: string): string => join(root, name)
const objectOf = (content: string): string => {
  const hash = md5Of(Buffer.from(content))
  return path(`.dvc/cache/files/md5/${hash.slice(0, 2)}/${hash.slice(2)}`)
}

/** Writes files that have not changed for a while. */
function put(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), content)
    utimesSync(path(name), 1e9, 1e9)
  }
}

async function open(type: string, options: { readonly fsync?: boolean; readonly remotes?: object } = {}): Promise<DvcRepo> {
  const repo = dvcRepo({ root, git: false, fsync: false, ...options } as Parameters<typeof dvcRepo>[0])
  await repo.init()
  writeFileSync(path('.dvc/config'), `[core]\n    no_scm = True\n[cache]\n    type = ${type}\n`)
  return repo
}

const large = 'large '.repeat(SMALL_BYTES / 3)
const data = { 'data/a': 'one', 'data/sub/b': 'two', 'data/same': 'one', 'data/empty': '', 'data/large': large }

/** Whether a file and the object of its content are one. */
function isShared(name: string, content: string): boolean {
  return statSync(path(name)).ino === statSync(objectOf(content)).ino
}

describe.each([false, true])('hard links, with fsync %s', (fsync) => {
  it('make each file and its object one, which nobody may write to', async () => {
    put(data)
    const repo = await open('hardlink', { fsync })
    await repo.add('data')
    for (const [name, content] of Object.entries(data)) {
      expect(readFileSync(path(name), 'utf8') === content, name).toBe(true)
      expect(isShared(name, content), name).toBe(content !== '')
      expect(statSync(objectOf(content)).mode & 0o777).toBe(0o444)
      expect(lstatSync(path(name)).isSymbolicLink()).toBe(false)
    }
    expect(await repo.status()).toEqual([])
    expect(await repo.verify()).toEqual([])
    const before = statSync(path('data/a'))
    await repo.add('data')
    expect(statSync(path('data/a'))).toMatchObject({ ino: before.ino, ctimeMs: before.ctimeMs })
    expect(readdirSync(path('.dvc/tmp/millwright'))).toEqual(['hashes.json'])
  })
})

describe('symbolic links', () => {
  it('lead into the cache; what the cache has lost is missing, and comes back from the remote', async () => {
    put(data)
    const repo = await open('symlink', { remotes: { cloud: memoryStorage() } })
    await repo.add('data')
    for (const [name, content] of Object.entries(data)) {
      expect(readlinkSync(path(name))).toBe(objectOf(content))
      expect(readFileSync(path(name), 'utf8') === content, name).toBe(true)
    }
    expect(await repo.status()).toEqual([])
    await repo.push({ remote: 'cloud' })
    rmSync(objectOf('one'))
    expect((await repo.status()).map(({ state, removed }) => [state, removed])).toEqual([['modified', ['a', 'same']]])
    await expect(repo.add('data')).rejects.toThrow('is a symbolic link that leads nowhere')
    await repo.pull({ remote: 'cloud' })
    expect(await repo.status()).toEqual([])
    expect(readlinkSync(path('data/a'))).toBe(objectOf('one'))
  })

  it('replace a link of the user, whose file stays as it is', async () => {
    put({ 'raw/x': 'raw', 'data/a': 'one' })
    symlinkSync('../raw/x', path('data/x'))
    const { mode } = statSync(path('raw/x'))
    const repo = await open('symlink')
    await repo.add('data')
    expect(readlinkSync(path('data/x'))).toBe(objectOf('raw'))
    expect(lstatSync(path('raw/x'))).toMatchObject({ nlink: 1, mode })
    expect(await repo.status()).toEqual([])
  })
})

describe.each(['hardlink', 'symlink', 'copy', 'reflink,copy'])('cache.type %s', (type) => {
  it('holds for checkout, too, and a file of its own can be changed and shared again', async () => {
    put({ ...data, 'run.sh': 'run' })
    chmodSync(path('run.sh'), 0o755)
    const repo = await open(type)
    for (const name of ['data', 'run.sh']) await repo.add(name)
    expect(statSync(path('run.sh')).mode & 0o100).toBe(0o100)
    for (const name of ['data', 'run.sh']) rmSync(path(name), { recursive: true })
    await repo.checkout()
    expect(await repo.status()).toEqual([])
    expect(statSync(path('run.sh')).mode & 0o100).toBe(0o100)
    const isLink = type === 'hardlink' || type === 'symlink'
    expect(isShared('data/a', 'one')).toBe(isLink)
    expect((await repo.unprotect({ paths: 'data' })).includes('data/a')).toBe(isLink)
    expect(isShared('data/a', 'one')).toBe(false)
    writeFileSync(path('data/a'), 'changed')
    expect((await repo.status()).map(({ changed }) => changed)).toEqual([['a']])
    await repo.add('data')
    expect(isShared('data/a', 'changed')).toBe(isLink)
    expect(isShared('data/sub/b', 'two')).toBe(isLink)
    expect(readFileSync(objectOf('one'), 'utf8')).toBe('one')
    expect(await repo.verify()).toEqual([])
  })
})

describe('what is not safe', () => {
  it('a damaged object is replaced by the right content, and is never linked to', async () => {
    put({ 'a.txt': 'one', 'b.txt': large })
    const repo = await open('hardlink')
    for (const content of ['one', large]) {
      mkdirSync(dirname(objectOf(content)), { recursive: true })
      writeFileSync(objectOf(content), content.replace(/./g, 'x'))
    }
    for (const name of ['a.txt', 'b.txt']) await repo.add(name)
    expect([readFileSync(path('a.txt'), 'utf8'), readFileSync(objectOf('one'), 'utf8')]).toEqual(['one', 'one'])
    expect(readFileSync(objectOf(large), 'utf8') === large).toBe(true)
    rmSync(path('a.txt'))
    chmodSync(objectOf('one'), 0o644)
    writeFileSync(objectOf('one'), 'xxx')
    await expect(repo.checkout()).rejects.toMatchObject({ code: 'Corrupt' })
    expect(() => statSync(path('a.txt'))).toThrow('ENOENT')
  })

  it('a file that changes while it is kept is copied, and stays as it is', () => {
    put({ a: 'one' })
    const keeper = createKeeper({ cache: path('.dvc/cache'), temporary: path('tmp'), types: ['hardlink'], fsync: false })
    const { size, mtimeMs, ino: inode, mode } = statSync(path('a'))
    const found = { path: path('a'), size, mtimeMs, inode, mode, isLink: false }
    for (const changed of [{ mtimeMs: mtimeMs - 5 }, { inode: inode + 1 }]) {
      expect(keeper.keep({ ...found, ...changed })).toEqual({ hash: md5Of(Buffer.from('one')), size: 3, facts: undefined })
      expect(lstatSync(path('a'))).toMatchObject({ nlink: 1, mode })
      expect(statSync(objectOf('one'))).toMatchObject({ nlink: 1, mode: 0o100444 })
      rmSync(objectOf('one'))
    }
    expect(keeper.keep(found)?.facts).toMatchObject({ ino: inode, mtimeMs })
  })

  it.each(['one', large])('an object that a killed process left writable is protected by the next add', async (content) => {
    put({ a: content })
    const repo = await open('hardlink')
    mkdirSync(dirname(objectOf(content)), { recursive: true })
    linkSync(path('a'), objectOf(content))
    await repo.add('a')
    expect(isShared('a', content)).toBe(true)
    expect(statSync(objectOf(content)).mode & 0o777).toBe(0o444)
    const { ctimeMs } = statSync(path('a'))
    await repo.add('a')
    expect(statSync(path('a')).ctimeMs).toBe(ctimeMs)
  })

  it.each(['one', large])('a file whose mode may not be changed is not shared, at the second try neither', async (content) => {
    put({ a: content })
    const repo = await open('hardlink')
    const putBack = makeForeign()
    onTestFinished(putBack)
    for (const _ of [1, 2]) {
      await expect(repo.add('a')).rejects.toMatchObject({
        code: 'PermissionDenied',
        message: 'the DVC cache cannot keep "a": the file system does not permit it (EPERM)',
      })
      expect(existsSync(objectOf(content))).toBe(false)
    }
    // A link that an earlier release left behind.
    linkSync(path('a'), objectOf(content))
    await expect(repo.add('a')).rejects.toMatchObject({ code: 'PermissionDenied' })
    putBack()
    await repo.add('a')
    expect(statSync(objectOf(content)).mode & 0o777).toBe(0o444)
  })

  it('a file that goes away while the folder is read is told, not a system call', async () => {
    put({ 'data/a': 'one' })
    const ignore = createIgnore(root)
    const removing = {
      ...ignore,
      within: () => () => {
        rmSync(path('data/a'))
        return false
      },
    }
    await expect(findFiles(root, 'data', removing, { cache: path('.dvc/cache') })).rejects.toMatchObject({
      code: 'Conflict',
      message: 'dvcRepo: "data/a" changes while it is read',
    })
  })

  it('unprotect leaves files alone that are writable already', async () => {
    put({ 'data/a': 'one', 'data/b': 'two' })
    const repo = await open('copy')
    await repo.add('data')
    chmodSync(path('data/a'), 0o600)
    chmodSync(path('data/b'), 0o400)
    const { ctimeMs } = statSync(path('data/a'))
    expect(await repo.unprotect()).toEqual([])
    expect(statSync(path('data/a'))).toMatchObject({ mode: 0o100600, ctimeMs })
    expect(statSync(path('data/b')).mode & 0o200).toBe(0o200)
  })

  it('is refused: other types, and types that the file system has not', async () => {
    put({ a: 'one' })
    await expect((await open('hardlink, junction')).add('a')).rejects.toThrow(
      '`cache.type` may hold reflink, hardlink, symlink, copy, got "junction"',
    )
    const clones = (await open('reflink')).add('a')
    // A file system of the machine that runs the test may have clones.
    await clones.catch((error: Error) => {
      expect(error.message).toBe(`${root}: "a" and the DVC cache can share content by none of \`cache.type\` reflink`)
      expect(readdirSync(root)).toEqual(['.dvc', '.dvcignore', 'a'])
    })
    await (await open('reflink,hardlink')).add('a')
    expect(await (await open('reflink,hardlink')).status()).toEqual([])
  })
})

describe('many files', () => {
  async function keep(types: readonly ('copy' | 'hardlink')[], threadsFrom: number): Promise<readonly unknown[]> {
    rmSync(path('.dvc'), { recursive: true, force: true })
    await open(types.join())
    const project = openProject({ root, fsync: false, jobs: 8, git: undefined, remotes: {} })
    const { files } = await findFiles(root, 'data', createIgnore(root))
    const options = { cache: await project.cache(), known: await loadKnownHashes(root), signal: undefined, onProgress: undefined }
    return keepFiles(project, files, { ...options, threadsFrom })
  }

  it.each(['copy', 'hardlink'] as const)('are kept on threads as on one (%s)', async (type) => {
    expect(program).toBeDefined()
    const count = times(40, 2000)
    const names = Array.from({ length: count }, (_, i) => `data/${i % 7}/${i}`)
    const content = (i: number): string => `content ${i % Math.ceil(0.9 * count)}`
    put(Object.fromEntries(names.map((name, i) => [name, content(i)])))
    const onThreads = await keep([type], 1)
    for (const [i, name] of names.entries()) expect(isShared(name, content(i))).toBe(type === 'hardlink')
    rmSync(path('data'), { recursive: true })
    put(Object.fromEntries(names.map((name, i) => [name, content(i)])))
    expect(await keep([type], Number.POSITIVE_INFINITY)).toEqual(onThreads)
  })

  it('that one cannot be kept are an error that says why', async () => {
    put({ 'data/a': 'one', 'data/b': 'two' })
    mkdirSync(objectOf('two'), { recursive: true })
    const repo = await open('copy')
    const why = { name: 'MillwrightError', message: expect.stringMatching(/^the DVC cache cannot keep "data\/b": .+ \(E[A-Z]+\)$/) }
    await expect(repo.add('data')).rejects.toMatchObject(why)
    const project = openProject({ root, fsync: false, jobs: 8, git: undefined, remotes: {} })
    const { files } = await findFiles(root, 'data', createIgnore(root))
    const options = { cache: await project.cache(), known: await loadKnownHashes(root), signal: undefined, onProgress: undefined }
    await expect(keepFiles(project, files, { ...options, threadsFrom: 1 })).rejects.toMatchObject(why)
  })

  it.each(['copy', 'hardlink', 'reflink,copy'])('of which one goes away are an error that names it (%s)', async (type) => {
    put({ 'data/a': 'one', 'data/b': 'two', 'data/large': large })
    await open(type)
    const { files } = await findFiles(root, 'data', createIgnore(root))
    for (const name of ['data/large', 'data/b']) {
      rmSync(path(name))
      for (const fsync of [false, true]) {
        const project = openProject({ root, fsync, jobs: 1, git: undefined, remotes: {} })
        const options = { cache: await project.cache(), known: await loadKnownHashes(root), signal: undefined, onProgress: undefined }
        for (const threadsFrom of [1, 1000]) {
          const one = files.filter(({ full }) => full === name)
          await expect(keepFiles(project, one, { ...options, threadsFrom })).rejects.toMatchObject({
            code: 'Conflict',
            message: `dvcRepo: "${name}" changes while it is read`,
          })
        }
      }
    }
  })
})
