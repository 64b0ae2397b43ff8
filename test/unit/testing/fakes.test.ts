import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { utf8 } from '../../../src/core/bytes'
import { sleep } from '../../../src/core/clock'
import type { ObjectStore } from '../../../src/ports/object-store'
import { objectStoreBackend } from '../../../src/registry'
import {
  bindChecks,
  type Check,
  failingStore,
  manualClock,
  objectStoreChecks,
  registryChecks,
  runCheck,
  seededStream,
} from '../../../src/testing'
import { failuresOf } from '../../support/checks'
import { hostileSample } from '../../support/effort'

describe('manualClock', () => {
  it('runs timers in order of time, also those that are set on the way', async () => {
    const clock = manualClock(0)
    const seen: [string, number][] = []
    clock.schedule(() => seen.push(['late', clock.now()]), 30)
    clock.schedule(() => seen.push(['early', clock.now()]), 10)
    const cancel = clock.schedule(() => seen.push(['never', clock.now()]), 20)
    cancel()
    void (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 8)
        seen.push([`slept ${i}`, clock.now()])
      }
    })()
    await clock.advance(25)
    expect(seen).toEqual([
      ['slept 0', 8],
      ['early', 10],
      ['slept 1', 16],
      ['slept 2', 24],
    ])
    expect([clock.now(), clock.pending]).toEqual([25, 1])
  })
})

describe('seededStream', () => {
  it('is the same for the same seed, and shifts where told', () => {
    const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const stream = seededStream({ seed: 3, length: 4000, shiftAt: 2000, shift: 2 })
    expect(seededStream({ seed: 3, length: 4000, shiftAt: 2000, shift: 2 })).toEqual(stream)
    expect(seededStream({ seed: 4, length: 4000 })).not.toEqual(stream)
    // Standard error 1/√2000 = 0.022.
    expect(Math.abs(mean(stream.subarray(0, 2000)))).toBeLessThan(0.1)
    expect(Math.abs(mean(stream.subarray(2000)) - 2)).toBeLessThan(0.1)
    const coin = seededStream({ seed: 5, length: 4000, kind: 'bernoulli', rate: 0.3 })
    expect(Math.abs(mean(coin) - 0.3)).toBeLessThan(0.04)
  })
})

/** Stores that break one promise each: the suite must notice. */
const broken: Record<string, (store: ObjectStore) => Partial<ObjectStore>> = {
  'put shares the caller’s buffer': (store) => {
    const shared = new Map<string, Uint8Array>()
    return {
      put: async (key, bytes, options) => {
        shared.set(key, bytes)
        return store.put(key, bytes, options)
      },
      get: async (key, options) => (options?.range ? store.get(key, options) : (shared.get(key) ?? store.get(key, options))),
    }
  },
  'ifAbsent is ignored': (store) => ({ put: (key, bytes, options) => store.put(key, bytes, { ...options, ifAbsent: undefined }) }),
  'ifMatch is ignored': (store) => ({ put: (key, bytes, options) => store.put(key, bytes, { ...options, ifMatch: undefined }) }),
  'list is not sorted': (store) => ({
    list: async (options) => {
      const page = await store.list(options)
      return { ...page, objects: [...page.objects].reverse() }
    },
  }),
  'list forgets the cursor': (store) => ({ list: async (options) => ({ ...(await store.list(options)), cursor: undefined }) }),
  'a missing object is empty': (store) => ({
    get: (key, options) => Promise.resolve(store.get(key, options)).catch(() => new Uint8Array(0)),
  }),
  'abort is ignored': (store) => ({ put: (key, bytes, options) => store.put(key, bytes, { ...options, signal: undefined }) }),
  'close does nothing': () => ({ close: async () => {} }),
  'ranges are off by one': (store) => ({
    get: (key, options) =>
      store.get(key, options?.range ? { ...options, range: { ...options.range, start: options.range.start + 1 } } : options),
  }),
}

describe('check suites', () => {
  for (const [name, change] of Object.entries(broken)) {
    it(`notice: ${name}`, async () => {
      const make = (): ObjectStore => {
        const store = memoryStorage()
        return { ...store, ...change(store) }
      }
      expect(await failuresOf(objectStoreChecks(), { make }, 1)).toHaveLength(1)
    })
  }

  it('notice a registry backend that moves aliases blindly', async () => {
    const check = registryChecks({ hostileNames: hostileSample(12) }).find(({ name }) =>
      name.startsWith('of racing promotions'),
    ) as ReturnType<typeof registryChecks>[number]
    const make = () => {
      const storage = memoryStorage()
      const backend = objectStoreBackend(storage)
      const blind: typeof backend.moveAlias = async (name, alias, version) =>
        void (await storage.put(`mlruns/models/${name}/aliases/${alias}`, utf8(version)))
      return { ...backend, moveAlias: blind }
    }
    await expect(runCheck(check, { make })).rejects.toThrow(/check failed/)
  })

  it('run what must hold without a capability, and leave out what is skipped', async () => {
    const ran: string[] = []
    const checks: Check<{ capabilities: { a: boolean } }>[] = [
      { name: 'always', requires: [], run: async () => void ran.push('always') },
      { name: 'with b', requires: ['b'], run: async () => void ran.push('b'), unclaimed: async () => void ran.push('without b') },
      { name: 'skipped', requires: [], run: async () => void ran.push('skipped') },
    ]
    const tests: (() => Promise<void>)[] = []
    const runner = { it: (_: string, run: () => Promise<void>) => tests.push(run) }
    bindChecks(checks, { make: () => ({ capabilities: { a: true } }), skip: { skipped: 'for this test' } }, runner)
    for (const test of tests) await test()
    expect(ran).toEqual(['always', 'without b'])
    expect(() => bindChecks(checks, { make: () => ({ capabilities: { a: true } }), skip: { typo: 'x' } }, runner)).toThrow(
      /`skip` names "typo"/,
    )
  })
})

describe('failingStore', () => {
  it('fails before or after, or with one’s own error', async () => {
    const inner = memoryStorage()
    const own = new Error('own')
    const store = failingStore(inner, ({ index }) => (['before', 'after', own, undefined] as const)[index])
    await expect(Promise.resolve(store.put('a', new Uint8Array(1)))).rejects.toMatchObject({ code: 'Unavailable', retryable: true })
    expect(await inner.head('a')).toBeUndefined()
    await expect(Promise.resolve(store.put('a', new Uint8Array(1)))).rejects.toMatchObject({ code: 'Unavailable' })
    expect((await inner.head('a'))?.sizeBytes).toBe(1)
    await expect(Promise.resolve(store.get('a'))).rejects.toBe(own)
    expect((await store.get('a')).length).toBe(1)
  })
})

describe('bindChecks', () => {
  const checks: readonly Check<object>[] = [
    { name: 'runs', requires: [], run: async () => {} },
    { name: 'is for those that fly', requires: ['flies'], run: async () => expect.fail('it does not fly') },
  ]

  it('makes skips, not passes, of what is left out: named with its reason, or told to the context of the test', async () => {
    const skipped: string[] = []
    const bound: [string, (...given: readonly unknown[]) => Promise<void>][] = []
    const runner = Object.assign((name: string, run: (...given: readonly unknown[]) => Promise<void>) => void bound.push([name, run]), {
      skip: (name: string) => void skipped.push(name),
    })
    bindChecks(checks, { make: () => ({ capabilities: {} }), skip: { runs: 'for the test' } }, { it: runner })
    expect([skipped, bound.map(([name]) => name)]).toEqual([['runs (left out: for the test)'], ['is for those that fly']])
    const told: string[] = []
    await bound[0]?.[1]({ skip: (reason: string) => void told.push(reason) })
    expect(told).toEqual(['it needs flies, which the subject does not offer'])
    // A runner that hands nothing to its tests takes it for a pass, as it did.
    await bound[0]?.[1]()
  })

  it('takes the hostile names that are tried as an option, and no other option', () => {
    expect(registryChecks({ hostileNames: ['..'] }).map(({ name }) => name)).toEqual(registryChecks().map(({ name }) => name))
    expect(() => registryChecks({ hostileNames: '..' as never })).toThrow(/hostileNames/)
    expect(() => registryChecks({ names: [] } as never)).toThrow(/names.* is not an option of registryChecks/)
  })
})
