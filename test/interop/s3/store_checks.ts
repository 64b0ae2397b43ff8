/**
 * `objectStoreChecks` of s3Storage, races included, at each server; large objects in parts, conditional ones too; what mistakes say.
 *
 * Runs with `.venvs/s3`, which the lane makes.
 */
import assert from 'node:assert/strict'
import { s3Storage } from '../../../src/adapters/s3/s3-storage'
import { isMillwrightError } from '../../../src/core/errors'
import { objectStoreChecks, runCheck } from '../../../src/testing'
import { type S3Server, startMoto, startVersity } from './_servers'

let namespaces = 0
const failures: string[] = []

/** Checks that a server itself fails at, with the reason. */
const known: Readonly<Record<string, Readonly<Record<string, string>>>> = { moto: {}, versitygw: {} }

async function runChecks({ name, options }: S3Server): Promise<void> {
  let passed = 0
  for (const check of objectStoreChecks()) {
    const reason = known[name]?.[check.name]
    const own = { ...options, prefix: `check-${++namespaces}` }
    try {
      await runCheck(check, { make: () => s3Storage(own), reopen: () => s3Storage(own) })
      passed++
      if (reason !== undefined) failures.push(`${name}: ${check.name} passes now, though left out: ${reason}`)
    } catch (error) {
      if (reason === undefined) failures.push(`${name}: ${check.name}: ${(error as Error).stack}`)
      else console.info(`${name} itself fails "${check.name}": ${reason}`)
    }
  }
  console.info(`${name}: ${passed} of ${objectStoreChecks().length} checks of the port passed`)
}

/** 12 MiB in parts of 5 MiB: whole, by range, conditional, given up half way. */
async function largeObjects({ name, options }: S3Server): Promise<void> {
  const store = s3Storage({ ...options, prefix: 'large', partBytes: 5 * 2 ** 20 })
  const big = Uint8Array.from({ length: 12 * 2 ** 20 + 7 }, (_, i) => (i * 31 + (i >> 11)) % 251)
  const same = (bytes: Uint8Array): boolean => Buffer.compare(bytes, big) === 0
  const key = 'deep/ü big+1%.bin'
  // moto takes conditions of a put and ignores `if-match` of a multipart upload: that is said before anything is written.
  const isHonoured = name !== 'moto'
  if (!isHonoured)
    await assert.rejects(Promise.resolve(store.put(key, big, { ifAbsent: true })), {
      code: 'Unsupported',
      message: /ignores `if-match` of a multipart upload/,
    })
  const info = await store.put(key, big, { ifAbsent: isHonoured })
  assert.match(info.etag, /-3$/)
  assert.deepEqual(await store.head(key), info)
  assert.deepEqual((await store.list()).objects, [info])
  assert.ok(same(await store.get(key)))
  assert.deepEqual(
    await store.get(key, { range: { start: 5 * 2 ** 20 - 2, end: 5 * 2 ** 20 + 2 } }),
    big.slice(5 * 2 ** 20 - 2, 5 * 2 ** 20 + 2),
  )
  for (const condition of isHonoured ? [{ ifAbsent: true }, { ifMatch: 'older' }] : []) {
    await assert.rejects(Promise.resolve(store.put(key, big.subarray(1), condition)), { code: 'Conflict' })
  }
  assert.ok(same(await store.get(key)))
  const next = await store.put(key, big.subarray(1), isHonoured ? { ifMatch: info.etag } : {})
  assert.notEqual(next.etag, info.etag)
  const controller = new AbortController()
  const fetchIt: typeof fetch = (input, init) => {
    if (String(input).includes('partNumber=2')) controller.abort(new Error('enough'))
    return fetch(input, init)
  }
  const aborted = s3Storage({ ...options, prefix: 'large', partBytes: 5 * 2 ** 20, fetch: fetchIt })
  await assert.rejects(Promise.resolve(aborted.put('half', big, { signal: controller.signal })), /enough/)
  assert.equal(await store.head('half'), undefined)
  console.info(`${name}: 12 MiB in three parts, by range, on conditions, given up`)
}

/** What mistakes say, and that no secret is in it. */
async function mistakes({ name, options }: S3Server): Promise<void> {
  const said = async (work: Promise<unknown>, code: string): Promise<string> => {
    try {
      await work
    } catch (error) {
      assert.ok(isMillwrightError(error, code as 'Internal'), `${code} expected, got ${error}`)
      const text = `${error.code}: ${error.message}${error.hint === undefined ? '' : ` (hint: ${error.hint})`}`
      assert.doesNotMatch(JSON.stringify(error), /of this test|millwright"/)
      return text
    }
    throw new Error(`${code} expected`)
  }
  const get = async (more: object): Promise<Uint8Array> => s3Storage({ ...options, ...more }).get('nothing')
  const noBucket = s3Storage({ ...options, bucket: 'no-such-bucket' })
  const texts = [await said(get({}), 'NotFound'), await said(get({ bucket: 'no-such-bucket' }), 'Unavailable')]
  texts.push(await said(Promise.resolve(noBucket.head('a')), 'Unavailable'), await said(Promise.resolve(noBucket.list()), 'Unavailable'))
  // moto checks no signature.
  if (name !== 'moto') {
    const wrong = { accessKeyId: 'millwright', secretAccessKey: 'wrong' }
    texts.push(await said(get({ credentials: wrong }), 'PermissionDenied'))
    texts.push(await said(get({ credentials: { ...wrong, accessKeyId: 'nobody' } }), 'PermissionDenied'))
    texts.push(await said(get({ region: 'eu-central-1' }), 'InvalidArgument'))
  }
  for (const text of texts) console.info(`${name}: ${text}`)
}

for (const server of [await startMoto(), await startVersity()]) {
  if (server === undefined) continue
  for (const part of [runChecks, largeObjects, mistakes]) {
    try {
      await part(server)
    } catch (error) {
      failures.push(`${server.name}: ${(error as Error).stack}`)
    }
  }
  server.stop()
}
for (const failure of failures) console.error(failure)
process.exit(failures.length === 0 ? 0 : 1)
