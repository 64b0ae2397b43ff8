/** An S3 remote between us and the real `dvc`: each pushes, the other pulls; the remote is found by what `.dvc/config` says. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dvcRepo } from '../../../src/adapters/dvc'
import { type S3StorageOptions, s3Storage } from '../../../src/adapters/s3/s3-storage'
import { assertSameTree, base, call, fresh, put, removeAll, startS3 } from './_project'

const data = {
  'data/a.csv': 'a\n1\n',
  'data/deep/\u00fc \u{1f600}.txt': 'u',
  'data/big.bin': new Uint8Array(2 ** 20 + 7).map((_, i) => (i * 31) % 251),
  'data/empty': '',
  'model.bin': 'm',
}

/** A project with a remote at S3, its keys in `config.local` as DVC wants them. */
function project(name: string, url: string, folder: string): string {
  const root = fresh(name)
  call(root, 'dvc', 'init', '-q')
  call(root, 'dvc', 'remote', 'add', '-q', '-d', 'cloud', `s3://mill-bucket/${folder}`)
  call(root, 'dvc', 'remote', 'modify', '-q', 'cloud', 'endpointurl', url)
  call(root, 'dvc', 'remote', 'modify', '-q', 'cloud', 'region', 'us-east-1')
  keys(root)
  put(root, data)
  return root
}

function keys(root: string): void {
  call(root, 'dvc', 'remote', 'modify', '-q', '--local', 'cloud', 'access_key_id', 'millwright')
  call(root, 'dvc', 'remote', 'modify', '-q', '--local', 'cloud', 'secret_access_key', 'of this test')
}

function clone(root: string, name: string): string {
  call(root, 'git', 'add', '-A')
  call(root, 'git', 'commit', '-qm', 'data')
  const copy = join(base, name)
  call(base, 'git', 'clone', '-q', root, copy)
  keys(copy)
  return copy
}

const remotes = ({ s3 }: { readonly s3?: S3StorageOptions | undefined }) => s3 && s3Storage(s3)

/** `dvc push`, and we read it, verify it and restore it. */
async function theyPush(url: string): Promise<void> {
  const root = project('theirs', url, 'deep/theirs')
  call(root, 'dvc', 'add', '-q', 'data', 'model.bin')
  call(root, 'dvc', 'push', '-q')
  const copy = clone(root, 'their-clone')
  const repo = dvcRepo({ root: copy, remotes })
  assert.deepEqual(await repo.verify({ remote: 'cloud' }), [])
  assert.equal(Buffer.from(await repo.read('data/a.csv', { rev: 'HEAD' })).toString(), 'a\n1\n')
  const { written } = await repo.pull()
  assert.equal(written.length, 5)
  assertSameTree(join(copy, 'data'), join(root, 'data'))
  assert.equal(call(copy, 'dvc', 'status', '--json').trim(), '{}')
  await assert.rejects(
    dvcRepo({ root: copy }).push(),
    /the remote "cloud" is at s3:\/\/mill-bucket\/deep\/theirs, which dvcRepo reads only through an object store/,
  )
}

/** We push, and `dvc pull` restores it; `dvc status -c` sees nothing left to do. */
async function wePush(url: string): Promise<void> {
  const root = project('ours', url, 'ours')
  const repo = dvcRepo({ root, remotes })
  await repo.add('data')
  await repo.add('model.bin')
  assert.deepEqual(await repo.push(), { copied: 6, present: 0 })
  assert.deepEqual(await repo.push(), { copied: 0, present: 6 })
  assert.match(call(root, 'dvc', 'status', '-c'), /in sync/)
  const copy = clone(root, 'our-clone')
  call(copy, 'dvc', 'pull', '-q')
  assertSameTree(join(copy, 'data'), join(root, 'data'))
  // An object that was changed at the remote is found, and not taken over.
  const store = s3Storage({
    bucket: 'mill-bucket',
    prefix: 'ours',
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const [victim] = (await repo.list()).filter(({ path }) => path === 'model.bin')
  await store.put(`files/md5/${victim?.md5?.slice(0, 2)}/${victim?.md5?.slice(2)}`, new TextEncoder().encode('x'))
  const [problem] = await repo.verify({ remote: 'cloud' })
  assert.deepEqual([problem?.path, problem?.problem], ['model.bin', 'damaged'])
  call(root, 'chmod', '-R', 'u+w', '.dvc/cache')
  rmSync(join(root, '.dvc/cache'), { recursive: true })
  await assert.rejects(repo.fetch({ paths: 'model.bin' }), /is damaged/)
}

const server = await startS3()
try {
  await fetch(`${server.url}/mill-bucket`, {
    method: 'PUT',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' },
  })
  await theyPush(server.url)
  await wePush(server.url)
  console.log(`dvc ${call(base, 'dvc', '--version').trim()} and dvcRepo push to and pull from one S3 remote`)
} finally {
  server.stop()
  removeAll()
}
