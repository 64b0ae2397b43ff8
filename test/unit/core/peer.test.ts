import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadPeer } from '../../../src/core/peer'

const folder = join('node_modules', '@millwright-test')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A package that is installed while the tests run; its name. */
function install(name: string, code: string): string {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(
    join(folder, name, 'package.json'),
    JSON.stringify({ name: `@millwright-test/${name}`, type: 'module', exports: './index.js' }),
  )
  writeFileSync(join(folder, name, 'index.js'), code)
  return `@millwright-test/${name}`
}

describe('loadPeer', () => {
  it('gives the default export of a package, else its names', async () => {
    expect(await loadPeer(install('by-default', 'export default { a: 1 }'), { needed: 'x' })).toEqual({ a: 1 })
    expect(await loadPeer(install('by-name', 'export const b = 2'), { needed: 'x' })).toMatchObject({ b: 2 })
  })

  it('says that a package is not installed, and what to do', async () => {
    await expect(loadPeer('@millwright-test/absent', { needed: 'the reader' })).rejects.toMatchObject({
      code: 'MissingDependency',
      message: "the reader needs the package '@millwright-test/absent', which is not installed",
      hint: 'npm install @millwright-test/absent',
    })
    await expect(loadPeer('@millwright-test/absent', { needed: 'the reader', hint: 'hand one in' })).rejects.toMatchObject({
      hint: 'hand one in',
    })
  })

  it('tells an absent package from one that fails while it loads', async () => {
    const name = install('broken', "throw new TypeError('libcudart.so.12: cannot open shared object file')")
    await expect(loadPeer(name, { needed: 'the reader' })).rejects.toMatchObject({
      code: 'MissingDependency',
      message:
        "the reader needs the package '@millwright-test/broken', which cannot be loaded: libcudart.so.12: cannot open shared object file",
    })
  })
})
