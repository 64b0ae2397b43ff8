import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fsStorage } from '../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { isMillwrightError } from '../../src/core/errors'
import type { ObjectStore } from '../../src/ports/object-store'
import { times } from '../support/effort'

/** The same commands on both stores give the same answers, etags and times aside. */
const key = fc
  .array(fc.constantFrom('a', 'b', 'a-b', 'a.txt', 'ü', 'B', '0'), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
const content = fc.uint8Array({ maxLength: 40 })
const command = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, content }),
  fc.record({ do: fc.constant('put-absent' as const), key, content }),
  fc.record({ do: fc.constant('put-match' as const), key, content }),
  fc.record({ do: fc.constant('append' as const), key, content }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('get' as const), key, start: fc.nat(50), length: fc.nat(50) }),
  fc.record({
    do: fc.constant('list' as const),
    prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'b/', 'zz'),
    shallow: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

async function answer(store: ObjectStore, step: Command): Promise<unknown> {
  try {
    switch (step.do) {
      case 'put':
        return (await store.put(step.key, step.content)).sizeBytes
      case 'put-absent':
        return (await store.put(step.key, step.content, { ifAbsent: true })).sizeBytes
      case 'put-match':
        return (await store.put(step.key, step.content, { ifMatch: (await store.head(step.key))?.etag ?? 'none' })).sizeBytes
      case 'append':
        return await store.append(step.key, step.content)
      case 'delete':
        return await store.delete(step.key)
      case 'get':
        return [...(await store.get(step.key, { range: { start: step.start, end: step.start + step.length } }))]
      case 'list': {
        const seen: unknown[] = []
        let cursor: string | undefined
        do {
          const page = await store.list({ prefix: step.prefix, shallow: step.shallow, limit: step.limit, cursor })
          seen.push(
            page.objects.map((info) => [info.key, info.sizeBytes]),
            page.prefixes,
          )
          cursor = page.cursor
        } while (cursor !== undefined)
        return seen
      }
    }
  } catch (error) {
    if (isMillwrightError(error)) return error.code
    throw error
  }
}

describe('stores agree', () => {
  it('on any sequence of commands', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-property-'))
    let round = 0
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (steps) => {
          const memory = memoryStorage()
          const files = fsStorage({ root: join(folder, String(round++)), fsync: false })
          for (const step of steps) expect(await answer(files, step)).toEqual(await answer(memory, step))
        }),
        { numRuns: times(20, 60) },
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
