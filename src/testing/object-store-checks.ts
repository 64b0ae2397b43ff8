/** The checks of the guarantees of object stores. */
import { fromUtf8, utf8 } from '../core/bytes'
import type { ObjectStore } from '../ports/object-store'
import { type Check, type CheckContext, reopened, suiteOf } from './check'
import { expectCode, expectEqual, expectReason, expectThat } from './expect'
import { objectStoreCheck as check, randomBytes, sameBytes } from './object-store-check'
import { objectStoreConditionChecks } from './object-store-condition-checks'
import { objectStoreListingChecks } from './object-store-listing-checks'
import { objectStoreShortcutChecks } from './object-store-shortcut-checks'

type Context = CheckContext<ObjectStore>

/**
 * The checks of the object store port. They check the guarantees that {@link ObjectStore} documents. Each check takes an empty store.
 *
 * @example
 * bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
 */
export function objectStoreChecks(): readonly Check<ObjectStore>[] {
  return suiteOf('objectStoreChecks', [
    ...objects(),
    ...ranges(),
    ...objectStoreListingChecks(),
    ...objectStoreConditionChecks(),
    ...appends(),
    ...objectStoreShortcutChecks(),
    ...lifetime(),
  ])
}

function objects(): Check<ObjectStore>[] {
  return [
    check('a missing key is NotFound to get, undefined to head, fine to delete', async ({ subject }) => {
      await expectCode(() => subject.get('no/such'), 'NotFound', 'get of a missing key')
      expectEqual(await subject.head('no/such'), undefined, 'head of a missing key')
      await subject.delete('no/such')
      await subject.put('a', utf8('1'))
      await expectCode(() => subject.get('a/b'), 'NotFound', 'get of a key beneath an object')
      expectEqual(await subject.head('a/b'), undefined, 'head of a key beneath an object')
    }),
    check('an empty object is an object', async ({ subject }) => {
      await subject.put('empty', new Uint8Array(0))
      expectEqual((await subject.get('empty')).length, 0, 'length of an empty object')
      expectEqual((await subject.head('empty'))?.sizeBytes, 0, 'size of an empty object')
    }),
    check('binary content comes back byte by byte', async ({ subject }) => {
      for (const size of [1, 255, 65_536, 65_537, 300_001]) {
        const bytes = randomBytes(size, size)
        const info = await subject.put(`binary/${size}`, bytes)
        expectEqual(info.sizeBytes, size, 'size told by put')
        expectThat(sameBytes(await subject.get(`binary/${size}`), bytes), `the ${size} bytes written are the bytes read`)
      }
    }),
    check('put replaces the whole object and changes the etag', async ({ subject }) => {
      for (const size of [10, 200_000]) {
        const key = `replaced-${size}`
        const first = await subject.put(key, randomBytes(size, 1))
        const second = await subject.put(key, randomBytes(size, 2))
        expectThat(first.etag !== second.etag, 'another content of the same size has another etag')
        const head = await subject.head(key)
        expectEqual([head?.key, head?.etag, head?.sizeBytes], [key, second.etag, size], 'head after put')
        await subject.put(key, utf8('short'))
        expectEqual(fromUtf8(await subject.get(key)), 'short', 'a shorter object after a longer one')
      }
    }),
    check('put, head and list tell the same facts', async ({ subject }) => {
      const info = await subject.put('facts/one', utf8('1'))
      expectEqual(await subject.head('facts/one'), info, 'head against put')
      expectEqual((await subject.list({ prefix: 'facts/' })).objects, [info], 'list against put')
      expectThat(info.modifiedAt >= 0, 'modifiedAt is epoch milliseconds')
    }),
    check('delete removes, and twice is fine', async ({ subject }) => {
      await subject.put('gone/a', utf8('1'))
      await subject.delete('gone/a')
      await subject.delete('gone/a')
      await expectCode(() => subject.get('gone/a'), 'NotFound', 'get after delete')
      expectEqual((await subject.list({ prefix: '', shallow: true })).prefixes, [], 'no folder is left to list')
      await subject.put('gone', utf8('2'))
      expectEqual(fromUtf8(await subject.get('gone')), '2', 'the name of an emptied folder is free')
    }),
    check('buffers are not shared with the caller', async ({ subject }) => {
      const bytes = utf8('original')
      await subject.put('buffer', bytes)
      bytes.fill(0)
      const read = await subject.get('buffer')
      expectEqual(fromUtf8(read), 'original', 'content after the caller changed what was put')
      read.fill(0)
      expectEqual(fromUtf8(await subject.get('buffer')), 'original', 'content after the caller changed what was got')
    }),
    check('readers see the whole old object or the whole new one', async ({ subject }) => {
      await subject.put('torn', new Uint8Array(50_000))
      const versions = Array.from({ length: 12 }, (_, i) => new Uint8Array(50_000 + i).fill(i))
      const write = (async () => {
        for (const version of versions) await subject.put('torn', version)
      })()
      for (let i = 0; i < 24; i++) {
        const seen = await subject.get('torn')
        expectThat(
          seen.every((byte) => byte === seen[0]) && seen.length === 50_000 + (seen[0] as number),
          'a concurrent read sees one whole version',
        )
      }
      await write
    }),
  ]
}

function ranges(): Check<ObjectStore>[] {
  return [
    {
      name: 'a range gives exactly its bytes, clipped to the size',
      requires: ['rangeRead'],
      run: async ({ subject }) => {
        await subject.put('range', utf8('0123456789'))
        const part = async (start: number, end?: number): Promise<string> => fromUtf8(await subject.get('range', { range: { start, end } }))
        expectEqual(
          [await part(0, 1), await part(3, 7), await part(7), await part(9, 99), await part(10), await part(50, 60), await part(4, 4)],
          ['0', '3456', '789', '9', '', '', ''],
          'ranges of 0123456789',
        )
      },
      unclaimed: async ({ subject }) => {
        await subject.put('range', utf8('0123456789'))
        await expectCode(
          () => subject.get('range', { range: { start: 3, end: 7 } }),
          'Unsupported',
          'get with a range, without `rangeRead`',
        )
        expectEqual(fromUtf8(await subject.get('range')), '0123456789', 'the whole object')
      },
    },
  ]
}

function appends(): Check<ObjectStore>[] {
  const run = async ({ subject, reopen }: Context): Promise<void> => {
    const other = (await reopen?.()) ?? subject
    await subject.append('log/a', utf8('one\n'))
    await other.append('log/a', utf8('two\n'))
    expectEqual(fromUtf8(await subject.get('log/a')), 'one\ntwo\n', 'content after two appends')
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? other : subject).append('log/b', utf8(`${String(i).padStart(3, '0')}${'x'.repeat(5000)}\n`)),
      ),
    )
    const lines = fromUtf8(await subject.get('log/b'))
      .split('\n')
      .slice(0, -1)
    expectEqual(
      lines.map((line) => line.slice(0, 3)).sort(),
      Array.from({ length: 40 }, (_, i) => String(i).padStart(3, '0')),
      'every line',
    )
    expectThat(
      lines.every((line) => line.length === 5003),
      'no line is torn',
    )
    const before = (await subject.head('log/a'))?.etag
    await subject.append('log/a', utf8('x'))
    expectThat((await subject.head('log/a'))?.etag !== before, 'append changes the etag')
  }
  return [
    {
      name: 'append adds whole pieces, also from concurrent writers',
      requires: ['appendAtomic'],
      run,
      unclaimed: async ({ subject }) => void (await expectCode(() => subject.append('log', utf8('x')), 'Unsupported', 'append')),
    },
  ]
}

function lifetime(): Check<ObjectStore>[] {
  return [
    check('an aborted call rejects with the reason and writes nothing', async ({ subject }) => {
      const reason = new Error('no longer wanted')
      const signal = AbortSignal.abort(reason)
      await subject.put('kept', utf8('1'))
      await expectReason(() => subject.put('aborted', utf8('x'), { signal }), reason, 'put')
      await expectReason(() => subject.get('kept', { signal }), reason, 'get')
      await expectReason(() => subject.head('kept', { signal }), reason, 'head')
      await expectReason(() => subject.list({ signal }), reason, 'list')
      await expectReason(() => subject.delete('kept', { signal }), reason, 'delete')
      expectEqual(
        (await subject.list()).objects.map(({ key }) => key),
        ['kept'],
        'keys after the aborted calls',
      )
    }),
    check('a put aborted midway has happened wholly or not at all', async ({ subject }) => {
      const bytes = new Uint8Array(9_000_000).fill(3)
      for (const key of ['midway/1', 'midway/2', 'midway/3']) {
        const controller = new AbortController()
        const put = (async () => subject.put(key, bytes, { signal: controller.signal }))().catch(() => undefined)
        await Promise.resolve()
        controller.abort(new Error('enough'))
        const happened = (await put) !== undefined
        const size = (await subject.head(key))?.sizeBytes
        expectThat(size === bytes.length || (size === undefined && !happened), `the aborted put left ${size ?? 'no'} bytes`)
      }
    }),
    check(
      'what was acknowledged is seen by another opener',
      async ({ subject, reopen }) => {
        await subject.put('lasting/a', utf8('1'))
        await subject.put('lasting/b', utf8('1'))
        const other = await reopened(reopen)
        expectEqual(fromUtf8(await other.get('lasting/a')), '1', 'content seen by another opener')
        expectEqual(
          (await other.list()).objects.map(({ key }) => key),
          ['lasting/a', 'lasting/b'],
          'keys seen by another opener',
        )
        await other.put('lasting/a', utf8('2'))
        await other.delete('lasting/b')
        expectEqual(fromUtf8(await subject.get('lasting/a')), '2', 'content written by another opener')
        expectEqual(await subject.head('lasting/b'), undefined, 'an object deleted by another opener')
      },
      ['reopen'],
    ),
    check('close twice is fine; afterwards everything is InvalidState', async ({ subject }) => {
      await subject.close()
      await subject.close()
      await expectCode(() => subject.put('a', utf8('1')), 'InvalidState', 'put after close')
      await expectCode(() => subject.get('a'), 'InvalidState', 'get after close')
      await expectCode(() => subject.head('a'), 'InvalidState', 'head after close')
      await expectCode(() => subject.list(), 'InvalidState', 'list after close')
      await expectCode(() => subject.delete('a'), 'InvalidState', 'delete after close')
    }),
  ]
}
