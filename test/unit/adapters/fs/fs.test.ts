import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appendOnce, SMALL_BYTES } from '../../../../src/adapters/fs/files'
import { fsStorage } from '../../../../src/adapters/fs/fs-storage'
import { createFsLocks } from '../../../../src/adapters/fs/lock'
import { systemCode, translateFsError } from '../../../../src/adapters/node/system-errors'
import { fromUtf8, utf8 } from '../../../../src/core/bytes'
import { isMillwrightError, type MillwrightError } from '../../../../src/core/errors'
import { patchFs } from '../../../support/patch-fs'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millwright-fs-unit-'))
})
afterEach(async () => {
  await chmod(root, 0o755)
  await rm(root, { recursive: true, force: true })
})

async function failure(work: () => unknown): Promise<MillwrightError> {
  try {
    await work()
  } catch (error) {
    if (isMillwrightError(error)) return error
    throw error
  }
  throw new Error('it succeeded')
}

describe('fsStorage: options', () => {
  it('refuses unknown and missing options', async () => {
    expect((await failure(() => fsStorage({ rot: 'x' } as never))).message).toBe('`rot` is not an option of fsStorage; it has root, fsync')
    expect((await failure(() => fsStorage({} as never))).code).toBe('InvalidArgument')
    expect((await failure(() => fsStorage({ root: '' }))).code).toBe('InvalidArgument')
  })

  it('touches nothing before the first write', async () => {
    const store = fsStorage({ root: join(root, 'later') })
    expect(await store.list()).toEqual({ objects: [], prefixes: [] })
    expect(await store.head('a')).toBeUndefined()
    await store.delete('a')
    expect(await readdir(root)).toEqual([])
  })

  it('gives file URIs that resolve to the file', async () => {
    const store = fsStorage({ root })
    await store.put('a b/ü.txt', utf8('x'))
    expect(store.uri('a b/ü.txt')).toBe(pathToFileURL(join(root, 'a b/ü.txt')).href)
    expect(store.uri('mlruns/')).toBe(`${pathToFileURL(root).href}/mlruns/`)
    expect(await readFile(new URL(store.uri('a b/ü.txt')), 'utf8')).toBe('x')
    expect(() => store.uri('../x')).toThrow(/storage key/)
  })
})

describe('fsStorage: its own folder', () => {
  it('keeps keys out of it and leaves nothing in it', async () => {
    const store = fsStorage({ root })
    await store.put('a', utf8('1'))
    await store.put('a', utf8('2'))
    await store.put('b', utf8('1'), { ifAbsent: true })
    await failure(() => store.put('b', utf8('1'), { ifAbsent: true }))
    await store.delete('b')
    expect(await readdir(join(root, '.millwright/tmp'))).toEqual([])
    expect(await readdir(join(root, '.millwright/locks'))).toEqual([])
    expect((await store.list()).objects.map(({ key }) => key)).toEqual(['a'])
    expect((await failure(() => store.put('.millwright/tmp/x', utf8('1')))).code).toBe('InvalidArgument')
    expect((await failure(() => store.list({ prefix: '.millwright/' }))).code).toBe('InvalidArgument')
  })

  it('hides what a killed process left, and removes it when it is old', async () => {
    await mkdir(join(root, '.millwright/tmp'), { recursive: true })
    await writeFile(join(root, '.millwright/tmp/old'), 'x')
    await writeFile(join(root, '.millwright/tmp/young'), 'x')
    await utimes(join(root, '.millwright/tmp/old'), new Date(), new Date(Date.now() - 2 * 3_600_000))
    const store = fsStorage({ root })
    expect((await store.list()).objects).toEqual([])
    await store.put('a', utf8('1'))
    expect(await readdir(join(root, '.millwright/tmp'))).toEqual(['young'])
  })

  it('recovers when the folder vanishes', async () => {
    const store = fsStorage({ root })
    await store.put('a', utf8('1'))
    await rm(join(root, '.millwright'), { recursive: true })
    await store.put('a', utf8('2'))
    expect(fromUtf8(await store.get('a'))).toBe('2')
  })
})

describe('fsStorage: locks', () => {
  const lockOf = (name: string): string => join(root, 'locks', `${name}.lock`)
  const foreign = (fields: object): string => JSON.stringify({ token: 't', pid: 1, host: 'elsewhere', started: '', ...fields })

  it('breaks the lock of a dead process on this host at once', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    const locks = createFsLocks(join(root, 'locks'))
    const held = await locks.acquire('a', 'a', undefined)
    const { host } = JSON.parse(await readFile(lockOf('a'), 'utf8')) as { host: string }
    await held.release()
    await writeFile(lockOf('a'), foreign({ pid: dead, host }))
    await (await locks.acquire('a', 'a', undefined)).release()
    expect(await readdir(join(root, 'locks'))).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')('breaks a lock whose pid now belongs to another process (Linux)', async () => {
    const locks = createFsLocks(join(root, 'locks'))
    const held = await locks.acquire('a', 'a', undefined)
    const own = JSON.parse(await readFile(lockOf('a'), 'utf8')) as { host: string; started: string }
    await held.release()
    await writeFile(lockOf('a'), foreign({ pid: process.pid, host: own.host, started: `${Number(own.started) - 1}` }))
    await (await locks.acquire('a', 'a', undefined)).release()
  })

  it('breaks a lock, and the guard of a breaker, that are too old', async () => {
    await mkdir(join(root, 'locks'))
    for (const path of [lockOf('a'), `${lockOf('a')}.break`]) {
      await writeFile(path, foreign({}))
      await utimes(path, new Date(), new Date(Date.now() - 60_000))
    }
    await (await createFsLocks(join(root, 'locks')).acquire('a', 'a', undefined)).release()
    expect(await readdir(join(root, 'locks'))).toEqual([])
  })

  it('waits for a lock of another host, until the signal says otherwise', async () => {
    await mkdir(join(root, 'locks'))
    await writeFile(lockOf('a'), foreign({}))
    const controller = new AbortController()
    const waiting = createFsLocks(join(root, 'locks')).acquire('a', 'a', controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(await readFile(lockOf('a'), 'utf8')).toBe(foreign({}))
  })

  it('gives one lock to one holder at a time', async () => {
    const locks = createFsLocks(join(root, 'locks'))
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const held = await locks.acquire('a', 'a', undefined)
        most = Math.max(most, ++inside)
        await stat(root)
        inside--
        await held.release()
      }),
    )
    expect(most).toBe(1)
  })
})

describe('fsStorage: symbolic links', () => {
  it('refuses those that lead out of the root, and follows those that stay', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'millwright-outside-'))
    try {
      await writeFile(join(outside, 'secret'), 'secret')
      await symlink(outside, join(root, 'out'))
      await symlink(join(outside, 'secret'), join(root, 'file'))
      await mkdir(join(root, 'in'))
      await writeFile(join(root, 'in/x'), 'inside')
      await symlink(join(root, 'in'), join(root, 'alias'))
      const store = fsStorage({ root })
      for (const key of ['out/secret', 'file']) {
        expect((await failure(() => store.get(key))).code).toBe('PermissionDenied')
        expect((await failure(() => store.append(key, utf8('x')))).code).toBe('PermissionDenied')
      }
      expect((await failure(() => store.put('out/new', utf8('x')))).code).toBe('PermissionDenied')
      expect((await failure(() => store.put('out/deep/new', utf8('x')))).code).toBe('PermissionDenied')
      expect((await failure(() => store.delete('out/secret'))).code).toBe('PermissionDenied')
      expect((await failure(() => store.list({ prefix: 'out/' }))).code).toBe('PermissionDenied')
      expect(fromUtf8(await store.get('alias/x'))).toBe('inside')
      expect((await store.list()).objects.map(({ key }) => key)).toEqual(['in/x'])
      await store.put('file', utf8('replaced'))
      expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
      expect(await readdir(outside)).toEqual(['secret'])
    } finally {
      await rm(outside, { recursive: true })
    }
  })
})

describe('fsStorage: turns', () => {
  it('lets timers fire between calls that wait for nothing', async () => {
    const storage = fsStorage({ root, fsync: false })
    let hasFired = false
    setTimeout(() => {
      hasFired = true
    }, 0)
    for (let i = 0; i < 100_000 && !hasFired; i++) await storage.head('missing')
    expect(hasFired).toBe(true)
  })
})

describe('fsStorage: trouble', () => {
  it('says that the root is a file', async () => {
    await writeFile(join(root, 'file'), 'x')
    const error = await failure(() => fsStorage({ root: join(root, 'file') }).put('a', utf8('1')))
    expect(error.message).toMatch(/needs a folder as its root, but there is a file with that name$/)
  })

  // Root may write anywhere; test/conformance runs this case as another user.
  it.skipIf(process.getuid?.() === 0)('says in one sentence that the root is not writable, and leaves nothing (not as root)', async () => {
    await chmod(root, 0o555)
    const error = await failure(() => fsStorage({ root }).put('a', utf8('1')))
    expect([error.code, error.retryable]).toEqual(['PermissionDenied', false])
    expect(error.message).toMatch(/^fsStorage\(.*\) cannot use the folder ".*: the file system does not permit it \(EACCES\)$/)
    expect(await readdir(root)).toEqual([])
  })

  it('refuses a key beneath an object and an object above keys', async () => {
    const store = fsStorage({ root })
    await store.put('a/b', utf8('1'))
    expect((await failure(() => store.put('a', utf8('1')))).code).toBe('Conflict')
    expect((await failure(() => store.append('a', utf8('1')))).code).toBe('Conflict')
    expect((await failure(() => store.put('a/b/c', utf8('1')))).code).toBe('Conflict')
    expect((await failure(() => store.get('a'))).code).toBe('NotFound')
    await store.delete('a')
    expect((await store.list()).objects.map(({ key }) => key)).toEqual(['a/b'])
  })

  it('does not list names that no key can have, nor empty folders', async () => {
    await writeFile(join(root, 'ends with space '), 'x')
    await mkdir(join(root, 'empty/deeper'), { recursive: true })
    expect(await fsStorage({ root }).list({ shallow: true })).toEqual({ objects: [], prefixes: [] })
  })

  it('translates what the system says', () => {
    const translate = (code: string): MillwrightError =>
      translateFsError(Object.assign(new Error('raw'), { code }), 'fsStorage(x)', 'put', 'k') as MillwrightError
    expect(translate('ENOSPC').toJSON()).toEqual({
      name: 'MillwrightError',
      code: 'Unavailable',
      message: 'fsStorage(x) cannot put "k": the disk is full (ENOSPC)',
      retryable: true,
      details: { key: 'k' },
    })
    expect(['EROFS', 'EACCES', 'EMFILE', 'EXDEV', 'ENAMETOOLONG', 'EWEIRD'].map((code) => translate(code).code)).toEqual([
      'PermissionDenied',
      'PermissionDenied',
      'Unavailable',
      'Unsupported',
      'InvalidArgument',
      'Internal',
    ])
    const other = new Error('not of the system')
    expect(translateFsError(other, 's', 'o', 'k')).toBe(other)
    expect(systemCode(null)).toBe('')
  })

  it('does not wait in the event loop for more than a few bytes', async () => {
    const store = fsStorage({ root })
    const [few, many] = [new Uint8Array(SMALL_BYTES).fill(1), new Uint8Array(200_000).fill(2)]
    /** Lengths of the writes that the event loop waited for. */
    const waitedFor: number[] = []
    const { writeSync } = fs
    const putBack = patchFs({
      writeSync: (descriptor: number, bytes: unknown, offset?: unknown, length?: unknown) => {
        waitedFor.push(length as number)
        return writeSync(descriptor, bytes as Uint8Array, offset as number, length as number)
      },
    })
    try {
      await store.append('a', few)
      await store.append('a', many)
      await store.append('a', few)
      await store.put('b', many)
      await store.createFolder?.('c', { files: new Map([['d', many]]) })
    } finally {
      putBack()
    }
    expect(waitedFor).toEqual([few.length, few.length])
    expect(Buffer.concat([few, many, few]).equals(await store.get('a'))).toBe(true)
    for (const key of ['b', 'c/d']) expect(Buffer.from(many).equals(await store.get(key)), key).toBe(true)
  })

  it('takes back an append that a full disk cut short', async () => {
    let size = 100
    const room = [7]
    const disk = {
      write(_: number, _bytes: Uint8Array, _offset: number, length: number) {
        const written = Math.min(length, room.shift() ?? 0)
        if (written === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
        size += written
        return written
      },
      fstatSync: () => ({ size }),
      ftruncateSync(_: number, length: number) {
        size = length
      },
    }
    await expect(appendOnce(3, new Uint8Array(20), disk)).rejects.toThrow('full')
    expect(size).toBe(100)
    room.push(7, 13)
    expect(await appendOnce(3, new Uint8Array(20), disk)).toBe(100)
    expect(size).toBe(120)
    // What somebody else has appended meanwhile stays.
    room.push(7)
    const appending = appendOnce(3, new Uint8Array(20), disk)
    size += 5
    await expect(appending).rejects.toThrow('full')
    expect(size).toBe(132)
  })
})
