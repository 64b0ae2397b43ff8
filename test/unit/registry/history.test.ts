/** The history of a model: what an append costs, and that no event is lost or moved where the note of the last number is missing or wrong. */
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { canonicalJson } from '../../../src/core/json'
import { appendStoredEvent, findLastStoredEvent, listStoredEvents } from '../../../src/mlruns/registry-history'
import type { ObjectStore } from '../../../src/ports/object-store'
import type { RegistryEvent } from '../../../src/ports/registry-backend'
import { ModelRegistry } from '../../../src/registry'
import { failingStore } from '../../../src/testing'

const NOTE = 'mlruns/models/m/history-last'
const eventOf = (i: number): RegistryEvent => ({ kind: 'alias-moved', model: 'm', alias: 'champion', version: `${i}`, at: i })
const keyOf = (number: number): string => `mlruns/models/m/history/${String(number).padStart(10, '0')}.json`
const numbersIn = async (store: ObjectStore): Promise<(string | undefined)[]> =>
  (await listStoredEvents(store, 'm')).map(({ version }) => version)
const upTo = (last: number): string[] => Array.from({ length: last }, (_, i) => `${i + 1}`)

/** A store that counts its calls; a page of a listing counts as many as it has entries. */
function counting(store: ObjectStore): { readonly store: ObjectStore; take(): Record<string, number> } {
  let calls: Record<string, number> = {}
  const count = (name: string, by = 1): void => {
    calls[name] = (calls[name] ?? 0) + by
  }
  const counted: ObjectStore = {
    ...store,
    head: (...given) => {
      count('head')
      return store.head(...given)
    },
    get: (...given) => {
      count('get')
      return store.get(...given)
    },
    put: (...given) => {
      count('put')
      return store.put(...given)
    },
    delete: (...given) => {
      count('delete')
      return store.delete(...given)
    },
    list: async (...given) => {
      const page = await store.list(...given)
      count('list', 1 + page.objects.length + page.prefixes.length)
      return page
    },
  }
  return {
    store: counted,
    take: () => {
      const taken = calls
      calls = {}
      return taken
    },
  }
}

/** A store as the library wrote it before there was a note. */
async function oldStore(events: number): Promise<ObjectStore> {
  const store = memoryStorage()
  for (let i = 1; i <= events; i++) await store.put(keyOf(i), utf8(canonicalJson(eventOf(i))))
  return store
}

describe('an append', () => {
  it('costs the same after thousands of events, in the process that wrote them and in a fresh one', async () => {
    const { store, take } = counting(memoryStorage())
    const costs: Record<string, number>[] = []
    for (let i = 1; i <= 3000; i++) {
      take()
      await appendStoredEvent(store, eventOf(i))
      if ([2, 10, 1001, 3000].includes(i)) costs.push(take())
    }
    expect(costs).toEqual(costs.map(() => ({ get: 1, put: 2 })))
    expect(await numbersIn(store)).toEqual(upTo(3000))
  })

  it('of a move of an alias, there and where it is, costs the same however often it moved', async () => {
    const { store, take } = counting(memoryStorage())
    const registry = new ModelRegistry({ storage: store })
    for (const content of [1, 2]) {
      const files = { a: Uint8Array.of(content) }
      await registry.register('m', { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files })
    }
    const costs: unknown[] = []
    for (let i = 1; i <= 400; i++) {
      take()
      await registry.setAlias('m', 'champion', 1 + (i % 2))
      const moved = take()
      await registry.setAlias('m', 'champion', 1 + (i % 2))
      if ([10, 100, 400].includes(i)) costs.push([moved, take()])
    }
    expect(costs).toEqual(costs.map(() => costs[0]))
    expect((await registry.history('m')).filter(({ kind }) => kind === 'alias-moved')).toHaveLength(400)
  })

  it('goes on in a store without a note, asking its listing once', async () => {
    const { store, take } = counting(await oldStore(50))
    await appendStoredEvent(store, eventOf(51))
    expect(take().list).toBe(51)
    await appendStoredEvent(store, eventOf(52))
    expect(take().list).toBeUndefined()
    expect(await numbersIn(store)).toEqual(upTo(52))
  })

  it.each(['', 'x', '0', '-3', '1e3', '99999999999', '7', '30', '49'])('goes on where the note says %j', async (text) => {
    const store = await oldStore(50)
    await store.put(NOTE, utf8(text))
    await appendStoredEvent(store, eventOf(51))
    expect(await numbersIn(store)).toEqual(upTo(51))
    expect(fromUtf8(await store.get(NOTE))).toBe('51')
  })

  it('is done though its note could not be written', async () => {
    const inner = memoryStorage()
    const store = failingStore(inner, ({ operation, key }) => operation === 'put' && key === NOTE && 'before')
    for (let i = 1; i <= 30; i++) await appendStoredEvent(store, eventOf(i))
    expect(await numbersIn(inner)).toEqual(upTo(30))
  })

  it('of many writers at once takes a number each, and leaves the note near the end', async () => {
    const store = memoryStorage()
    await Promise.all(Array.from({ length: 60 }, (_, i) => appendStoredEvent(store, eventOf(i + 1))))
    expect((await numbersIn(store)).map(Number).sort((a, b) => a - b)).toEqual(upTo(60).map(Number))
    expect((await store.list({ prefix: 'mlruns/models/m/history/' })).objects.map(({ key }) => key)).toEqual(
      upTo(60).map(Number).map(keyOf),
    )
    await appendStoredEvent(store, eventOf(61))
    expect((await numbersIn(store)).at(-1)).toBe('61')
  })
})

describe('the last event of a kind', () => {
  it('is found from the end, whatever the note says', async () => {
    for (const note of [undefined, '3', '20', '29', '30']) {
      const store = await oldStore(30)
      if (note !== undefined) await store.put(NOTE, utf8(note))
      const found = await findLastStoredEvent(store, 'm', ({ at }) => at % 7 === 0)
      expect(found?.version).toBe('28')
      expect(await findLastStoredEvent(store, 'm', () => false)).toBeUndefined()
    }
    expect(await findLastStoredEvent(memoryStorage(), 'm', () => true)).toBeUndefined()
  })
})
