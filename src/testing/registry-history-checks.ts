/** The checks of the history of registry backends. */
import type { RegistryBackend } from '../ports/registry-backend'
import { metricAtLeast } from '../registry/gates'
import { ModelRegistry } from '../registry/registry'
import type { Check } from './check'
import { expectEqual } from './expect'
import { modelPackage, registryCheck } from './registry-check'

/** The checks of the history. */
export function registryHistoryChecks(): readonly Check<RegistryBackend>[] {
  return [
    registryCheck(
      'the history tells everything in order',
      async (registry) => {
        await registry.register('flights', modelPackage('1'), { metrics: { accuracy: 0.7 } })
        await registry.register('flights', modelPackage('2'))
        await registry.promote('flights', 1, 'champion', { reason: 'first', by: 'ada' })
        await registry.promote('flights', 2, 'champion')
        await registry.promote('flights', 1, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] }).catch(() => {})
        await registry.rollback('flights', 'champion')
        await registry.deleteAlias('flights', 'champion')
        await registry.deleteVersion('flights', 2)
        const events = await registry.history('flights')
        expectEqual(
          events.map(({ kind, version, from, how }) => [kind, version ?? null, from ?? null, how ?? null]),
          [
            ['version-registered', '1', null, null],
            ['version-registered', '2', null, null],
            ['alias-moved', '1', null, 'promote'],
            ['alias-moved', '2', '1', 'promote'],
            ['promotion-rejected', '1', '2', null],
            ['alias-moved', '1', '2', 'rollback'],
            ['alias-deleted', null, '1', null],
            ['version-deleted', '2', null, null],
          ],
          'events',
        )
        expectEqual([events[2]?.reason, events[2]?.by], ['first', 'ada'], 'reason and author')
      },
      ['history'],
    ),
    registryCheck(
      'concurrent writers lose no event',
      async (registry, { reopen, subject }) => {
        const other = new ModelRegistry({ backend: (await reopen?.()) ?? subject })
        await registry.register('flights', modelPackage('1'))
        await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? other : registry).setAlias('flights', `alias-${i}`, 1)))
        const moved = (await registry.history('flights')).filter(({ kind }) => kind === 'alias-moved').map(({ alias }) => alias)
        expectEqual(
          [...moved].sort(),
          Array.from({ length: 8 }, (_, i) => `alias-${i}`),
          'events',
        )
      },
      ['history'],
    ),
  ]
}
