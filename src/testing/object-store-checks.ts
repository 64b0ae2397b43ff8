/** What every object store promises, as a list of checks. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { createRng } from '../core/random'
import type { ObjectStore } from '../ports/object-store'
import { type Check, type CheckContext, reopened, suiteOf } from './check'
import { expectCode, expectEqual, expectReason, expectThat } from './expect'
import { objectStoreShortcutChecks } from './object-store-shortcut-checks'

type Context = CheckContext<ObjectStore>

/**
 * The checks of the object store port: {@link ObjectStore} says what they check. Each takes an empty store.
 *
 * @example
 * bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
 */
export function objectStoreChecks(): readonly Check<ObjectStore>[] {
  return suiteOf('objectStoreChecks', [
    ...objects(),
    ...ranges(),
    ...names(),
    ...listings(),
    ...conditions(),
    ...appends(),
    ...objectStoreShortcutChecks(),
    ...lifetime(),
  ])
}

function check(name: string, run: (context: Context) => Promise<void>, requires: readonly string[] = []): Check<ObjectStore> {
  return { name, requires, run }
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
        expectThat(same(await subject.get(`binary/${size}`), bytes), `the ${size} bytes written are the bytes read`)
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

function names(): Check<ObjectStore>[] {
  return [
    check('odd but legal keys work', async ({ subject }) => {
      const keys = [
        'größe/日本/🚲',
        'a.b.c',
        '.hidden',
        'with space/and+plus',
        'percent%20',
        'quote\'"',
        '#?&=',
        '~',
        '-',
        '__proto__/constructor',
        'x'.repeat(200),
        Array.from({ length: 40 }, (_, i) => `deep${i}`).join('/'),
      ]
      for (const key of keys) await subject.put(key, utf8(key))
      for (const key of keys) expectEqual(fromUtf8(await subject.get(key)), key, 'content of an odd key')
      expectEqual(
        (await subject.list()).objects.map(({ key }) => key),
        [...keys].sort(),
        'odd keys are listed',
      )
    }),
    check('keys that could leave the store are refused', async ({ subject }) => {
      const keys = [
        '',
        '/',
        '/etc/passwd',
        '..',
        '../x',
        'a/../b',
        'a/..',
        './a',
        'a//b',
        'a/',
        'C:/x',
        'a\\b',
        '..\\x',
        'nul\0byte',
        'line\nbreak',
        'con',
        'a/NUL.txt',
        'ends.',
        'ends ',
        '\ud800',
        `${'x'.repeat(256)}`,
        'a/'.repeat(600),
      ]
      for (const key of keys) {
        const said = JSON.stringify(key.slice(0, 30))
        await expectCode(() => subject.put(key, utf8('x')), 'InvalidArgument', `put of ${said}`)
        await expectCode(() => subject.get(key), 'InvalidArgument', `get of ${said}`)
        await expectCode(() => subject.head(key), 'InvalidArgument', `head of ${said}`)
        await expectCode(() => subject.delete(key), 'InvalidArgument', `delete of ${said}`)
      }
      await expectCode(() => subject.list({ prefix: '../' }), 'InvalidArgument', 'list of ../')
      expectEqual((await subject.list()).objects, [], 'nothing was written')
    }),
    check('uri is absolute and tells keys apart', async ({ subject }) => {
      const uris = ['a', 'a b', 'a/b', 'a%20b', 'ä', 'dir/'].map((key) => subject.uri(key))
      for (const uri of uris) expectThat(/^[a-z][a-z0-9+.-]*:/.test(uri), `${uri} has a scheme`)
      expectEqual(new Set(uris).size, uris.length, 'distinct URIs')
    }),
  ]
}

function listings(): Check<ObjectStore>[] {
  const tree = ['a-b', 'a.txt', 'a/b', 'a/b-c', 'a/c/d', 'a/c/e', 'ab', 'b/1', 'b/10', 'b/2', 'Z', 'é']
  const fill = async (subject: ObjectStore): Promise<void> => {
    for (const key of [...tree].reverse()) await subject.put(key, utf8(key))
  }
  const keysOf = async (subject: ObjectStore, options: Parameters<ObjectStore['list']>[0]): Promise<string[]> => {
    const page = await subject.list(options)
    return page.objects.map(({ key }) => key)
  }
  return [
    check('an empty store lists nothing', async ({ subject }) => {
      expectEqual(await subject.list(), { objects: [], prefixes: [] }, 'listing of an empty store')
      expectEqual(await subject.list({ prefix: 'no/such/' }), { objects: [], prefixes: [] }, 'listing of a missing prefix')
    }),
    check('list is ascending by key and honours any prefix', async ({ subject }) => {
      await fill(subject)
      expectEqual(await keysOf(subject, {}), [...tree].sort(), 'all keys')
      for (const prefix of ['a', 'a/', 'a/c', 'a/c/', 'b/1', 'a/b', 'nothing', 'a-b/']) {
        expectEqual(await keysOf(subject, { prefix }), tree.filter((key) => key.startsWith(prefix)).sort(), `keys with prefix ${prefix}`)
      }
    }),
    check('a shallow list stops at the next slash', async ({ subject }) => {
      await fill(subject)
      const top = await subject.list({ shallow: true })
      expectEqual(
        top.objects.map(({ key }) => key),
        ['Z', 'a-b', 'a.txt', 'ab', 'é'],
        'objects at the top',
      )
      expectEqual(top.prefixes, ['a/', 'b/'], 'prefixes at the top')
      const below = await subject.list({ shallow: true, prefix: 'a/' })
      expectEqual([below.objects.map(({ key }) => key), below.prefixes], [['a/b', 'a/b-c'], ['a/c/']], 'one level below')
      expectEqual((await subject.list({ shallow: true, prefix: 'a' })).prefixes, ['a/'], 'a prefix in the middle of a name')
    }),
    check('pages resume where they stopped and end', async ({ subject }) => {
      await fill(subject)
      for (const shallow of [false, true]) {
        for (const limit of [1, 2, 5, 12]) {
          const seen: string[] = []
          let cursor: string | undefined
          for (let pages = 0; pages < 20; pages++) {
            const page = await subject.list({ shallow, limit, cursor })
            const items = [...page.objects.map(({ key }) => key), ...page.prefixes]
            expectThat(items.length <= limit, 'a page is not longer than its limit')
            seen.push(...items)
            cursor = page.cursor
            if (cursor === undefined) break
          }
          const whole = await subject.list({ shallow })
          expectEqual(
            seen.sort(),
            [...whole.objects.map(({ key }) => key), ...whole.prefixes].sort(),
            `pages of ${limit}, shallow ${shallow}`,
          )
        }
      }
      await expectCode(() => subject.list({ limit: 0 }), 'InvalidArgument', 'a limit of 0')
    }),
  ]
}

function conditions(): Check<ObjectStore>[] {
  const requires = ['conditionalPut']
  return [
    {
      name: 'ifAbsent writes once',
      requires,
      run: async ({ subject }) => {
        await subject.put('once', utf8('first'), { ifAbsent: true })
        await expectCode(() => subject.put('once', utf8('second'), { ifAbsent: true }), 'Conflict', 'the second ifAbsent')
        expectEqual(fromUtf8(await subject.get('once')), 'first', 'content after the lost put')
        await subject.delete('once')
        await subject.put('once', utf8('third'), { ifAbsent: true })
      },
      unclaimed: async ({ subject }) => {
        await expectCode(
          () => subject.put('once', utf8('1'), { ifAbsent: true }),
          'Unsupported',
          'put with `ifAbsent`, without `conditionalPut`',
        )
        expectEqual(await subject.head('once'), undefined, 'nothing was written')
      },
    },
    {
      name: 'ifMatch writes only over what was read',
      requires,
      run: async ({ subject }) => {
        await expectCode(() => subject.put('match', utf8('x'), { ifMatch: 'anything' }), 'Conflict', 'ifMatch without an object')
        expectEqual(await subject.head('match'), undefined, 'nothing was written')
        const first = await subject.put('match', utf8('1'))
        const second = await subject.put('match', utf8('2'), { ifMatch: first.etag })
        await expectCode(() => subject.put('match', utf8('3'), { ifMatch: first.etag }), 'Conflict', 'ifMatch with an old etag')
        expectEqual(fromUtf8(await subject.get('match')), '2', 'content after the lost put')
        await subject.delete('match')
        await expectCode(() => subject.put('match', utf8('4'), { ifMatch: second.etag }), 'Conflict', 'ifMatch after delete')
      },
      unclaimed: async ({ subject }) => {
        const { etag } = await subject.put('match', utf8('1'))
        await expectCode(
          () => subject.put('match', utf8('2'), { ifMatch: etag }),
          'Unsupported',
          'put with `ifMatch`, without `conditionalPut`',
        )
        expectEqual(fromUtf8(await subject.get('match')), '1', 'content after what was refused')
      },
    },
    check(
      'ifMatch notices changes of large objects',
      async ({ subject }) => {
        const first = await subject.put('large', randomBytes(200_000, 1))
        await subject.put('large', randomBytes(200_000, 2))
        await expectCode(() => subject.put('large', utf8('x'), { ifMatch: first.etag }), 'Conflict', 'ifMatch with the etag before')
      },
      requires,
    ),
    check(
      'of racing ifAbsent puts exactly one wins',
      async ({ subject, reopen }) => {
        const other = (await reopen?.()) ?? subject
        for (let round = 0; round < 5; round++) {
          const won = await winners(
            Array.from({ length: 8 }, (_, i) => async () => {
              await (i % 2 ? other : subject).put(`race/${round}`, utf8(String(i).repeat(1000)), { ifAbsent: true })
              return i
            }),
          )
          expectEqual(won.length, 1, 'winners of a race')
          expectEqual(fromUtf8(await subject.get(`race/${round}`)), String(won[0]).repeat(1000), 'the content is the winner’s')
        }
      },
      requires,
    ),
    check(
      'of racing ifMatch puts exactly one wins, and no increment is lost',
      async ({ subject, reopen }) => {
        const other = (await reopen?.()) ?? subject
        await subject.put('counter', utf8('0'))
        const etag = (await subject.head('counter'))?.etag as string
        const won = await winners(
          Array.from({ length: 8 }, (_, i) => async () => {
            await (i % 2 ? other : subject).put('counter', utf8(`1 by ${i}`), { ifMatch: etag })
            return i
          }),
        )
        expectEqual(won.length, 1, 'winners of a race')
        await subject.put('counter', utf8('0'))
        await Promise.all([increment(subject, 5), increment(other, 5), increment(subject, 5)])
        expectEqual(fromUtf8(await subject.get('counter')), '15', 'a counter that three writers raised by five each')
      },
      requires,
    ),
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
      const bytes = randomBytes(9_000_000, 3)
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

async function winners<T>(attempts: readonly (() => Promise<T>)[]): Promise<T[]> {
  const settled = await Promise.allSettled(attempts.map((attempt) => attempt()))
  return settled.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value]
    expectThat(isMillwrightError(result.reason, 'Conflict'), `a loser is told Conflict, got ${String(result.reason)}`)
    return []
  })
}

async function increment(store: ObjectStore, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const info = await store.head('counter')
    const value = Number(fromUtf8(await store.get('counter')))
    try {
      await store.put('counter', utf8(String(value + 1)), { ifMatch: info?.etag })
      done++
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict')) throw error
    }
  }
}

function randomBytes(size: number, seed: number): Uint8Array {
  const rng = createRng(seed)
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = rng.int(256)
  return bytes
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
