import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../src/core/errors'
import { parseFilter } from '../../src/ports/run-filter'
import { compareRunsBy, matchesFilter, pageOfRuns, parseOrder } from '../../src/ports/run-search'
import type { RunRecord } from '../../src/ports/tracker-backend'
import { times } from '../support/effort'

const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '_', '%', 'é', '日', '😀', ' ', '\n'), maxLength: 6 })
const value = fc.oneof(fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0, -0, 1), fc.double())

const run: fc.Arbitrary<RunRecord> = fc.record({
  runId: fc.uuid(),
  runName: text,
  experimentId: fc.constant('1'),
  status: fc.constantFrom('running' as const, 'finished' as const),
  startTime: fc.nat(5),
  artifactUri: fc.constant(''),
  lifecycleStage: fc.constant('active' as const),
  user: text,
  params: fc.dictionary(fc.constantFrom('p', 'q'), text),
  tags: fc.dictionary(fc.constantFrom('t', 'u'), text),
  metrics: fc.dictionary(
    fc.constantFrom('x', 'y'),
    value.map((number) => ({ key: '', value: number, timestamp: 0, step: 0 })),
  ),
  datasets: fc.constant([]),
  inputModels: fc.constant([]),
  outputModels: fc.constant([]),
})
const order = fc.array(
  fc.constantFrom('metrics.x', 'metrics.y DESC', 'params.p', 'tags.t DESC', 'start_time', 'run_name DESC', 'end_time'),
  { maxLength: 3 },
)

/** LIKE by its definition, without any cleverness. */
function likeByDefinition(characters: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return characters.length === 0
  if (first === '%')
    return Array.from({ length: characters.length + 1 }, (_, i) => i).some((i) => likeByDefinition(characters.slice(i), rest))
  return characters.length > 0 && (first === '_' || first === characters[0]) && likeByDefinition(characters.slice(1), rest)
}

describe('run search', () => {
  it('reads any text as clauses or refuses it with InvalidArgument, quickly', () => {
    const piece = fc.constantFrom(
      'metrics.',
      'params.x',
      'tags.`a b`',
      '=',
      '!=',
      "'v'",
      '"v"',
      '1',
      '-.5e3',
      ' AND ',
      ' IN ',
      '(',
      ')',
      ',',
      ' IS ',
      'NOT',
      ' NULL',
      '`',
      "'",
      '\u0000',
      '😀',
      'dataset.name',
      'LIKE',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
        ),
        (filter) => {
          try {
            for (const clause of parseFilter(filter)) expect(clause.key).toBeTypeOf('string')
          } catch (error) {
            if (!isMillwrightError(error, 'InvalidArgument')) throw error
          }
        },
      ),
      { numRuns: times(120, 1000) },
    )
  })

  it('LIKE is what its definition says, ILIKE the same without case', () => {
    fc.assert(
      fc.property(run, text, (record, pattern) => {
        const held = record.params.p
        const found = (comparator: 'LIKE' | 'ILIKE'): boolean =>
          matchesFilter(record, [{ field: 'param', key: 'p', comparator, value: pattern }])
        expect(found('LIKE')).toBe(held !== undefined && likeByDefinition([...held], [...pattern]))
        expect(found('ILIKE')).toBe(held !== undefined && likeByDefinition([...held.toLowerCase()], [...pattern.toLowerCase()]))
      }),
      { numRuns: times(40, 300) },
    )
  })

  it('LIKE does not explode', () => {
    const record = { params: { p: 'a'.repeat(6000) } as Record<string, string> } as RunRecord
    expect(matchesFilter(record, parseFilter(`params.p LIKE '${'%a'.repeat(500)}%b'`))).toBe(false)
  })

  it('= and != split the runs that have the value; what lacks it is in neither', () => {
    fc.assert(
      fc.property(fc.array(run), text, (runs, wanted) => {
        const count = (comparator: '=' | '!=' | 'IS NULL'): number =>
          runs.filter((record) => matchesFilter(record, [{ field: 'tag', key: 't', comparator, value: wanted }])).length
        expect(count('=') + count('!=') + count('IS NULL')).toBe(runs.length)
      }),
    )
  })

  it('orders totally: equal only to itself, whatever the direction', () => {
    fc.assert(
      fc.property(fc.array(run, { minLength: 3, maxLength: 3 }), order, ([a, b, c], texts) => {
        const compare = compareRunsBy(texts.map(parseOrder))
        const [x, y, z] = [a, b, c] as [RunRecord, RunRecord, RunRecord]
        expect(Math.sign(compare(x, y))).toBe(-Math.sign(compare(y, x)) + 0)
        if (compare(x, y) <= 0 && compare(y, z) <= 0) expect(compare(x, z)).toBeLessThanOrEqual(0)
        expect(compare(x, x)).toBe(0)
      }),
    )
  })

  it('pages give every run once, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(run, { selector: ({ runId }) => runId }), fc.integer({ min: 1, max: 7 }), (runs, limit) => {
        const found: RunRecord[] = []
        let cursor: string | undefined
        do {
          const page = pageOfRuns(runs, limit, cursor)
          expect(page.items.length).toBeLessThanOrEqual(limit)
          found.push(...page.items)
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(found).toEqual(runs)
      }),
    )
  })
})
