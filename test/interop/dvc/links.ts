/** `cache.type` both ways: the working tree and the cache share content as the real `dvc` shares it, and each leaves alone what the other linked. */
import assert from 'node:assert/strict'
import { chmodSync, lstatSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dvcRepo } from '../../../src/adapters/dvc'
import { base, call, fresh, put, removeAll, tree } from './_project'

const data = {
  'data/a.csv': 'a,b\n1,2\n',
  'data/sub/b.bin': new Uint8Array(700_000).fill(7),
  'data/same.csv': 'a,b\n1,2\n',
  'one.txt': 'one',
  'run.sh': '#!/bin/sh\n',
}
const outputs = ['data', 'one.txt', 'run.sh']

/** Of each file what it is: a link of which kind, how many names it has, what its owner may do with it. */
function kinds(root: string): readonly string[] {
  return Object.keys(data).map((path) => {
    const own = lstatSync(join(root, path))
    const { nlink, mode } = statSync(join(root, path))
    const target = own.isSymbolicLink() ? readlinkSync(join(root, path)).replace(root, '') : 'itself'
    return `${path}: ${target}, ${nlink} names, ${(mode & 0o700).toString(8)}`
  })
}

async function project(name: string, type: string): Promise<string> {
  const root = fresh(name)
  await dvcRepo({ root }).init()
  writeFileSync(join(root, '.dvc/config'), `[cache]\n    type = ${type}\n`)
  put(root, data)
  chmodSync(join(root, 'run.sh'), 0o755)
  return root
}

for (const type of ['hardlink', 'symlink']) {
  const [ours, theirs] = [await project(`${type}-ours`, type), await project(`${type}-theirs`, type)]
  const repo = dvcRepo({ root: ours })
  for (const path of outputs) await repo.add(path)
  call(theirs, 'dvc', 'add', '-q', ...outputs)
  assert.deepEqual(kinds(ours), kinds(theirs), `${type}: added`)
  assert.deepEqual(tree(join(ours, '.dvc/cache/files')), tree(join(theirs, '.dvc/cache/files')))
  assert.equal(call(ours, 'dvc', 'status', '--json').trim(), '{}')
  assert.deepEqual(await dvcRepo({ root: theirs }).status(), [])
  // Restored by the other.
  for (const root of [ours, theirs]) for (const path of outputs) rmSync(join(root, path), { recursive: true })
  call(ours, 'dvc', 'checkout', '-q')
  await dvcRepo({ root: theirs }).checkout()
  assert.deepEqual(kinds(theirs), kinds(ours), `${type}: checked out`)
  assert.equal(call(theirs, 'dvc', 'status', '--json').trim(), '{}')
  for (const root of [ours, theirs]) {
    assert.deepEqual(await dvcRepo({ root }).status(), [])
    assert.deepEqual(await dvcRepo({ root }).verify(), [])
  }
  // Made files of their own again.
  await repo.unprotect({ paths: ['data', 'one.txt'] })
  call(theirs, 'dvc', 'unprotect', 'data', 'one.txt')
  // Not run.sh, whose object `dvc status` has made one that nobody may run.
  assert.deepEqual(kinds(ours).slice(0, 4), kinds(theirs).slice(0, 4), `${type}: unprotected`)
}
const version = call(base, 'dvc', '--version').trim()
removeAll()
console.log(`dvc ${version} and dvcRepo share content with the cache by the same links`)
