/** The checks of conditional puts: a put whose condition does not hold writes nothing, and of concurrent puts exactly one writes. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import type { ObjectStore } from '../ports/object-store'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { objectStoreCheck as check, randomBytes } from './object-store-check'

const requires = ['conditionalPut']

/** The checks of `ifAbsent` and `ifMatch`. A part of `objectStoreChecks()`. */
export function objectStoreConditionChecks(): readonly Check<ObjectStore>[] {
  return [...refusals(), ...races()]
}

/** A put whose condition does not hold is refused and writes nothing. */
function refusals(): Check<ObjectStore>[] {
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
  ]
}

/** Of concurrent puts with the same condition exactly one writes. */
function races(): Check<ObjectStore>[] {
  return [
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

/** The results of the attempts that succeeded. @throws unless the others failed with `Conflict` */
async function winners<T>(attempts: readonly (() => Promise<T>)[]): Promise<T[]> {
  const settled = await Promise.allSettled(attempts.map((attempt) => attempt()))
  return settled.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value]
    expectThat(isMillwrightError(result.reason, 'Conflict'), `the other puts fail with Conflict, got ${String(result.reason)}`)
    return []
  })
}

/** Adds 1 to the object `counter`, this many times, with conditional puts. */
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
