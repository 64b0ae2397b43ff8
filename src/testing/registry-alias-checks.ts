/** The checks of aliases, gates and rollbacks. */
import { isMillwrightError } from '../core/errors'
import type { RegistryBackend } from '../ports/registry-backend'
import { metricAtLeast } from '../registry/gates'
import { ModelRegistry } from '../registry/registry'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { modelPackage, registryCheck } from './registry-check'

/** The checks of aliases. */
export function registryAliasChecks(): readonly Check<RegistryBackend>[] {
  return [
    registryCheck('an alias moves and resolves', async (registry) => {
      for (const content of ['1', '2']) await registry.register('flights', modelPackage(content))
      const promoted = await registry.promote('flights', '1', 'champion')
      expectEqual(promoted.aliases, ['champion'], 'aliases of the promoted version')
      expectEqual((await registry.resolve('flights@champion')).version, '1', 'champion')
      await registry.promote('flights', promoted, 'challenger')
      await registry.promote('flights', 2, 'champion')
      expectEqual(
        (await registry.listVersions('flights')).map((version) => version.aliases),
        [['challenger'], ['champion']],
        'aliases',
      )
      expectEqual((await registry.listModels())[0]?.aliases, { challenger: '1', champion: '2' }, 'aliases of the model')
      await registry.deleteAlias('flights', 'challenger')
      await registry.deleteAlias('flights', 'challenger')
      await expectCode(() => registry.resolve('flights@challenger'), 'NotFound', 'a deleted alias')
    }),
    registryCheck(
      'of racing promotions exactly one wins',
      async (registry, { reopen, subject }) => {
        const other = new ModelRegistry({ backend: (await reopen?.()) ?? subject })
        for (let i = 0; i < 6; i++) await registry.register('raced', modelPackage(String(i)))
        for (const expected of [null, undefined]) {
          const start = expected === null ? null : (await registry.resolve('raced@champion')).version
          const candidates = ['1', '2', '3', '4', '5', '6'].filter((version) => version !== start)
          const settled = await Promise.allSettled(
            candidates.map((version, i) => (i % 2 ? other : registry).promote('raced', version, 'champion', { expected: start })),
          )
          const won = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.version] : []))
          for (const result of settled) {
            if (result.status === 'rejected')
              expectThat(isMillwrightError(result.reason, 'Conflict'), `the other moves fail with Conflict: ${result.reason}`)
          }
          expectEqual([won.length, (await registry.resolve('raced@champion')).version], [1, won[0]], 'one winner, and the alias is at it')
        }
      },
      ['atomicAliases'],
    ),
    registryCheck('a promotion expecting another state is a Conflict', async (registry) => {
      for (const content of ['1', '2', '3']) await registry.register('flights', modelPackage(content))
      await registry.promote('flights', 2, 'champion')
      await expectCode(() => registry.promote('flights', 3, 'champion', { expected: 1 }), 'Conflict', 'expected 1')
      await expectCode(() => registry.promote('flights', 3, 'champion', { expected: null }), 'Conflict', 'expected none')
      expectEqual((await registry.resolve('flights@champion')).version, '2', 'champion')
    }),
    registryCheck(
      'rollback goes back step by step, promote forward',
      async (registry) => {
        for (const content of ['1', '2', '3', '4']) await registry.register('flights', modelPackage(content))
        for (const version of [1, 2, 3]) await registry.promote('flights', version, 'champion')
        expectEqual((await registry.rollback('flights', 'champion')).version, '2', 'once')
        expectEqual((await registry.rollback('flights', 'champion')).version, '1', 'twice')
        await expectCode(() => registry.rollback('flights', 'champion'), 'InvalidState', 'past the beginning')
        await registry.promote('flights', 4, 'champion')
        expectEqual((await registry.rollback('flights', 'champion')).version, '1', 'after going forward')
        expectEqual((await registry.rollback('flights', 'champion', { to: 3 })).version, '3', 'to a version of choice')
        await expectCode(() => registry.rollback('flights', 'nobody'), 'NotFound', 'an unknown alias')
      },
      ['history'],
    ),
    registryCheck('a gate that says no leaves the alias and lists every verdict', async (registry) => {
      await registry.register('flights', modelPackage('1'), { metrics: { accuracy: 0.7, f1: 0.9 } })
      const gates = [metricAtLeast('accuracy', 0.8), metricAtLeast('f1', 0.8), metricAtLeast('recall', 0.5)]
      const error = await expectCode(() => registry.promote('flights', 1, 'champion', { gates }), 'InvalidState', 'a refused promotion')
      const verdicts = error.details.verdicts as { passed: boolean; measured: string }[]
      expectEqual(
        verdicts.map(({ passed, measured }) => [passed, measured]),
        [
          [false, '0.7'],
          [true, '0.9'],
          [false, 'not measured'],
        ],
        'verdicts',
      )
      await expectCode(() => registry.resolve('flights@champion'), 'NotFound', 'the alias')
    }),
  ]
}
