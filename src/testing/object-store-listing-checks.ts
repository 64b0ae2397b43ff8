/** The checks of keys and listings. */
import { fromUtf8, utf8 } from '../core/bytes'
import type { ObjectStore } from '../ports/object-store'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { objectStoreCheck as check } from './object-store-check'

/** The checks of which keys are allowed, of `uri` and of `list`. A part of `objectStoreChecks()`. */
export function objectStoreListingChecks(): readonly Check<ObjectStore>[] {
  return [...names(), ...listings()]
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
