import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/adapters/memory/memory-storage'
import { utf8 } from '../../src/core/bytes'
import { isMillwrightError } from '../../src/core/errors'
import { parseModelMeta, versionMeta } from '../../src/mlruns/model-meta'
import { ModelRegistry } from '../../src/registry'
import { times } from '../support/effort'

describe('registry', () => {
  it('follows a model of versions, alias and its trail for any sequence of moves', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('register' as const) }),
      fc.record({ do: fc.constant('promote' as const), version: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant('rollback' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const registry = new ModelRegistry({ storage: memoryStorage() })
        let versions = 0
        const trail: number[] = []
        for (const action of steps) {
          if (action.do === 'register') {
            const signature = { inputs: [], outputs: [] }
            const { version } = await registry.register('m', {
              flavor: 'f',
              task: 'other',
              signature,
              files: { a: utf8(String(versions)) },
            })
            expect(version).toBe(String(++versions))
            continue
          }
          const possible = action.do === 'promote' ? action.version <= versions : trail.length > 1
          const moved = action.do === 'promote' ? registry.promote('m', action.version, 'champion') : registry.rollback('m', 'champion')
          const ok = await moved.then(
            () => true,
            (error) => {
              expect(isMillwrightError(error)).toBe(true)
              return false
            },
          )
          expect(ok).toBe(possible)
          if (!ok) continue
          if (action.do === 'rollback') trail.pop()
          else if (trail.at(-1) !== action.version) trail.push(action.version)
          expect((await registry.resolve('m@champion')).version).toBe(String(trail.at(-1)))
        }
      }),
      { numRuns: times(25, 100) },
    )
  })

  it('reads back any description and user that it wrote as YAML', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
        async (description, user) => {
          const record = { name: 'm', version: '1', createdAt: 1, updatedAt: 2, description, source: 'file:///a b', user: `u${user}` }
          const meta = await parseModelMeta(versionMeta(record), 'meta.yaml')
          expect([meta.description ?? '', meta.user_id, meta.source, meta.version]).toEqual([description, `u${user}`, 'file:///a b', '1'])
        },
      ),
      { numRuns: times(75, 300) },
    )
  })
})
