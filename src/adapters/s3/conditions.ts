/** A test of whether a server honours conditional writes, run before the first of them. */
import { utf8 } from '../../core/bytes'
import { MillwrightError } from '../../core/errors'
import { newId } from '../../core/ids'
import type { S3Client } from './client'
import { uploadInParts } from './multipart'

/** Ways to write an object. A server may honour conditions of one and ignore those of the other. */
export type Way = 'put' | 'multipart upload'

const conditions = [{ 'if-none-match': '*' }, { 'if-match': '"millwright-no-such-etag"' }] as const

/**
 * A check that a server honours conditions. A server that does not know them ignores them, and two concurrent writers would both succeed. The
 * check writes an object below `base` whose key is not a key of the port, writes it again with conditions that cannot hold, and removes it.
 *
 * @throws (the check) Unsupported where the server ignores a condition
 */
export function conditionCheck(name: string, client: S3Client, base: string): (way: Way) => Promise<void> {
  const passed = new Map<Way, Promise<void>>()
  return (way) => {
    const earlier = passed.get(way)
    if (earlier !== undefined) return earlier
    const run = testConditions(name, client, base, way)
    passed.set(way, run)
    // After a failed test, which a lost connection may cause, the next conditional write tests again.
    run.catch(() => passed.delete(way))
    return run
  }
}

async function testConditions(name: string, client: S3Client, base: string, way: Way): Promise<void> {
  const operation = 'check the conditions of'
  // The port has no keys that end in a dot.
  const key = `${base}.millwright-conditions-${newId()}.`
  const body = utf8('Millwright checks that conditional writes are honoured; this object may be deleted.')
  await client({ method: 'PUT', operation, key, body })
  try {
    for (const headers of conditions) {
      const isIgnored = await writes(client, { way, key, body, headers })
      if (!isIgnored) continue
      const [header] = Object.keys(headers)
      throw new MillwrightError(
        'Unsupported',
        `${name}: the server ignores \`${header}\` of a ${way}, so two concurrent writers would both succeed`,
        {
          hint:
            way === 'put'
              ? 'use a server with conditional writes, or pass { conditionalPut: false } and write without conditions'
              : 'pass a larger { partBytes }, so that the object is written in one request',
          details: { header, way },
        },
      )
    }
  } finally {
    await client({ method: 'DELETE', operation, key, expected: [404] }).catch(() => {})
  }
}

/** Whether a write whose condition does not hold succeeds. */
async function writes(
  client: S3Client,
  write: { readonly way: Way; readonly key: string; readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> },
): Promise<boolean> {
  const { way, key, body, headers } = write
  if (way === 'put') {
    const { status } = await client({ method: 'PUT', operation: 'check the conditions of', key, headers, body, expected: [404, 409, 412] })
    return status < 300
  }
  try {
    await uploadInParts(client, { key, bytes: body, partBytes: body.length, headers, onLost: () => {} })
    return true
  } catch (error) {
    if (error instanceof MillwrightError && [404, 409, 412].includes(Number(error.details.status))) return false
    throw error
  }
}
