import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeEnvironment } from '../../../../src/adapters/node/node-environment'
import { sha256Hex } from '../../../../src/core/hash'

let folder = ''
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright-env-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('nodeEnvironment', () => {
  it('knows the process, and nothing of git or a package where there is none', async () => {
    const found = await nodeEnvironment({ folder })()
    expect(found.runtime).toBe('node')
    expect(found.runtimeVersion).toBe(process.versions.node)
    expect(found.user).toBe(userInfo().username)
    expect(found.entryScript).toBe(process.argv[1])
    expect(found.cpuCount).toBeGreaterThan(0)
    expect(found.gitCommit).toBeUndefined()
  })

  it('knows commit, branch, remote without its password, changes, package and lockfile', async () => {
    await writeFile(join(folder, 'package.json'), '{"name":"demo","version":"1.2.3"}')
    await writeFile(join(folder, 'package-lock.json'), '{}')
    git('init', '-q', '-b', 'trunk')
    git('add', '.')
    git('commit', '-q', '-m', 'first')
    git('remote', 'add', 'origin', 'https://me:secret@example.org/demo.git')
    const clean = await nodeEnvironment({ folder })()
    expect(clean).toMatchObject({
      gitCommit: git('rev-parse', 'HEAD'),
      gitBranch: 'trunk',
      gitRepoUrl: 'https://example.org/demo.git',
      gitDirty: false,
      packageName: 'demo',
      packageVersion: '1.2.3',
      lockfileDigest: sha256Hex('{}'),
    })
    await writeFile(join(folder, 'package.json'), '{"name":"demo","version":"1.2.4"}')
    expect((await nodeEnvironment({ folder })()).gitDirty).toBe(true)
  })

  it('survives a package.json that is no JSON and a folder that is not there', async () => {
    await writeFile(join(folder, 'package.json'), 'not json')
    expect((await nodeEnvironment({ folder })()).packageName).toBeUndefined()
    expect((await nodeEnvironment({ folder: join(folder, 'none') })()).runtime).toBe('node')
    expect(() => nodeEnvironment({ timeout: 5 } as object)).toThrow(/is not an option of nodeEnvironment/)
  })

  it('knows the installed versions of direct dependencies', async () => {
    const own = await mkdtemp(join(tmpdir(), 'millwright-env-'))
    try {
      await writeFile(
        join(own, 'package.json'),
        '{"name":"demo","dependencies":{"@a/b":"^1.0.0","gone":"1"},"devDependencies":{"dev":"1"}}',
      )
      await mkdir(join(own, 'node_modules', '@a', 'b'), { recursive: true })
      await writeFile(join(own, 'node_modules', '@a', 'b', 'package.json'), '{"version":"1.4.2"}')
      expect((await nodeEnvironment({ folder: own })()).packages).toEqual({ '@a/b': '1.4.2' })
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  })
})
