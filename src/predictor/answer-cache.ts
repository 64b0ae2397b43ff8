/** Answers of rows that were asked before, or are being asked now: equal rows share one execution. */
import type { Answer } from './answers'
import type { Cells } from './input-check'
import { createResultCache, type ResultCacheOptions } from './result-cache'

/** The answers to some rows, and which of them came without an execution of their own. */
export interface CachedAnswers {
  readonly answers: readonly Answer[]
  /** 1 for a row answered from the cache or by an equal row under way. */
  readonly hits: Uint8Array
}

/** What a call brings along. */
export interface CacheCall {
  /** Computes the answers to rows that nobody knows yet. */
  readonly compute: (rows: readonly Cells[]) => Promise<readonly Answer[]>
  /** Told how many rows need no execution of their own, and how many do. */
  readonly looked: (hits: number, misses: number) => void
  /** The promise, or a rejection as soon as the call is aborted or its deadline passes. */
  readonly bound: <T>(promise: Promise<T>) => Promise<T>
}

/** The answers of one model. */
export interface AnswerCache {
  /** Answers rows. What `compute` throws, this throws. */
  answer(rows: readonly Cells[], call: CacheCall): Promise<CachedAnswers>
}

/**
 * An empty cache. A row that another call is computing waits for that call; if the other call is aborted or refused, the row is computed after all, so
 * that no call fails because of another.
 */
export function createAnswerCache(options: ResultCacheOptions): AnswerCache {
  const known = createResultCache<Answer>(options)
  /** By key: the answer under way; `undefined` when the call that computed it failed. */
  const flights = new Map<string, Promise<Answer | undefined>>()

  /** Computes rows that nobody knows and tells those who wait for them. */
  const fly = (keys: readonly string[], rows: readonly Cells[], compute: CacheCall['compute']): Promise<readonly Answer[]> => {
    const computed = compute(rows)
    const settled = computed.catch(() => undefined)
    keys.forEach((key, i) => {
      flights.set(
        key,
        settled.then((answers) => {
          flights.delete(key)
          const answer = answers?.[i]
          if (answer !== undefined) known.set(key, answer)
          return answer
        }),
      )
    })
    return computed
  }

  return {
    async answer(rows, { compute, looked, bound }) {
      // Cells are of the types of their columns, so equal rows have equal text.
      const keys = rows.map((row) => JSON.stringify(row))
      const answers = keys.map((key) => known.get(key))
      const hits = Uint8Array.from(answers, (answer) => (answer === undefined ? 0 : 1))
      const waits: (readonly [number, Promise<Answer | undefined>])[] = []
      const fresh = new Map<string, number[]>()
      keys.forEach((key, row) => {
        if (hits[row] === 1) return
        const flight = flights.get(key)
        if (flight !== undefined) waits.push([row, flight])
        else fresh.set(key, [...(fresh.get(key) ?? []), row])
      })
      const own = [...fresh.values()]
      looked(rows.length - own.length, own.length)
      if (own.length > 0) {
        const firsts = own.map(([first]) => rows[first as number] as Cells)
        const computed = await fly([...fresh.keys()], firsts, compute)
        own.forEach((places, i) => {
          places.forEach((row, nth) => {
            answers[row] = computed[i]
            if (nth > 0) hits[row] = 1
          })
        })
      }
      const lost: number[] = []
      for (const [row, flight] of waits) {
        const answer = await bound(flight)
        answers[row] = answer
        if (answer === undefined) lost.push(row)
        else hits[row] = 1
      }
      if (lost.length > 0) {
        const computed = await compute(lost.map((row) => rows[row] as Cells))
        lost.forEach((row, i) => {
          answers[row] = computed[i]
        })
      }
      return { answers: answers as Answer[], hits }
    },
  }
}
