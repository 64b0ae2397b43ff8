import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { fromUtf8, utf8 } from '../../src/core/bytes'
import { createRng } from '../../src/core/random'
import { times } from '../support/effort'

/** Real processes on one folder: races have one winner, and kill -9 leaves a readable store. */
let folder = ''
let bundle = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright-processes-'))
  await chmod(folder, 0o755)
  bundle = join(folder, 'fs.mjs')
  const source = fileURLToPath(new URL('../../src/adapters/fs/fs-storage.ts', import.meta.url))
  await build({ entryPoints: [source], bundle: true, platform: 'node', format: 'esm', outfile: bundle, logLevel: 'error' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Starts a process that runs `body` with `store` and `id`; it answers with JSON lines. */
function start(root: string, id: number, body: string, uid?: number): ChildProcess {
  const program = `
    const { fsStorage } = await import(${JSON.stringify(pathToFileURL(bundle).href)})
    const store = fsStorage({ root: ${JSON.stringify(root)} })
    const id = ${id}
    const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
    ${uid === undefined ? '' : `process.setgid(${uid}); process.setuid(${uid})`}
    ${body}`
  // Another user takes over inside the program: node itself may lie where only its owner can start it.
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
}

function linesOf(child: ChildProcess): Promise<unknown[]> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  return new Promise((resolve) => {
    child.on('close', () => {
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      resolve(
        whole
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      )
    })
  })
}

describe('fsStorage among processes', () => {
  it('gives each ifAbsent race one winner and loses no ifMatch increment', async () => {
    const root = join(folder, 'race')
    const store = fsStorage({ root })
    await store.put('counter', utf8('0'))
    const body = `
      const text = (bytes) => new TextDecoder().decode(bytes)
      const bytes = (value) => new TextEncoder().encode(String(value))
      const won = []
      for (let round = 0; round < 20; round++) {
        try { await store.put('once/' + round, bytes(id), { ifAbsent: true }); won.push(round) }
        catch (error) { if (error.code !== 'Conflict') throw error }
      }
      let done = 0, lost = 0
      while (done < 20) {
        const { etag } = await store.head('counter')
        const value = Number(text(await store.get('counter')))
        try { await store.put('counter', bytes(value + 1), { ifMatch: etag }); done++ }
        catch (error) { if (error.code !== 'Conflict') throw error; lost++ }
      }
      for (let i = 0; i < 20; i++) await store.append('log', bytes(id + ':' + i + ':' + 'x'.repeat(3000) + '\\n'))
      say({ id, won, lost })`
    const answers = (await Promise.all([1, 2, 3].map((id) => linesOf(start(root, id, body))))).flat() as { id: number; won: number[] }[]
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, 3])
    expect(answers.flatMap(({ won }) => won).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, round) => round))
    for (const { id, won } of answers) {
      for (const round of won) expect(fromUtf8(await store.get(`once/${round}`))).toBe(String(id))
    }
    expect(fromUtf8(await store.get('counter'))).toBe('60')
    const lines = fromUtf8(await store.get('log'))
      .split('\n')
      .slice(0, -1)
    expect(lines).toHaveLength(60)
    expect(lines.every((line) => /^\d:\d+:x{3000}$/.test(line))).toBe(true)
    expect(await readdir(join(root, '.millwright/locks'))).toEqual([])
  })

  it('is whole after kill -9 in the middle of puts, and holds what was acknowledged', async () => {
    const root = join(folder, 'killed')
    const rng = createRng(11)
    const body = `
      say('ready')
      for (let i = 1; ; i++) {
        const fill = i % 251
        await store.put('object/' + (i % 5), new Uint8Array(20_000 + fill).fill(fill))
        await store.put('last', new TextEncoder().encode(String(i)))
        await store.append('log', new TextEncoder().encode(i + '\\n'))
        say(i)
      }`
    for (let round = 0; round < times(2, 6); round++) {
      await rm(root, { recursive: true, force: true })
      const child = start(root, round, body)
      const lines = linesOf(child)
      const wait = 5 + rng.int(60)
      let heard = 0
      child.stdout?.on('data', () => {
        if (heard++ === wait >> 2) child.kill('SIGKILL')
      })
      const acknowledged = ((await lines).at(-1) ?? 0) as number
      const store = fsStorage({ root })
      for (const { key, sizeBytes } of (await store.list()).objects) {
        if (!key.startsWith('object/')) continue
        const bytes = await store.get(key)
        expect(bytes.every((byte) => byte === bytes[0])).toBe(true)
        expect(sizeBytes).toBe(20_000 + (bytes[0] as number))
      }
      expect(Number(fromUtf8(await store.get('last')))).toBeGreaterThanOrEqual(acknowledged)
      const log = fromUtf8(await store.get('log'))
      expect(log.startsWith(Array.from({ length: acknowledged }, (_, i) => `${i + 1}\n`).join(''))).toBe(true)
      await store.put('last', utf8('and goes on'))
    }
  })

  it('says in one sentence that the root is not writable', async () => {
    const root = join(folder, 'locked')
    await mkdir(root)
    await writeFile(join(root, 'there'), 'x')
    await chmod(root, 0o555)
    const body = `
      try { await store.put('a/b', new Uint8Array(1)) } catch (error) { say([error.code, error.message]) }
      try { await store.delete('there') } catch (error) { say([error.code, error.message]) }`
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined
    const answers = (await linesOf(start(root, 1, body, nobody))) as [string, string][]
    expect(answers.map(([code]) => code)).toEqual(['PermissionDenied', 'PermissionDenied'])
    for (const [, message] of answers) expect(message).toMatch(/^fsStorage\(\S+\) cannot .*: the file system does not permit it \(E\w+\)$/)
    expect(await readdir(root)).toEqual(['there'])
    await chmod(root, 0o755)
  })
})
