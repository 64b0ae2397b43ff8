/** The checks of changes: descriptions, tags and deletions. */
import type { RegistryBackend } from '../ports/registry-backend'
import { ModelRegistry } from '../registry/registry'
import { type Check, reopened } from './check'
import { expectCode, expectEqual } from './expect'
import { modelPackage, registryCheck } from './registry-check'

/** The checks of changes. */
export function registryChangeChecks(): readonly Check<RegistryBackend>[] {
  return [
    registryCheck('description and tags change; nothing else does', async (registry) => {
      const before = await registry.register('flights', modelPackage('1'), { tags: { a: '1', b: '2' } })
      await registry.setTags('flights@1', { a: null, b: '3', c: '4' })
      await registry.describe('flights@1', 'said later')
      await registry.setTags('flights', { owner: 'ops' })
      await registry.describe('flights', 'all flights')
      const after = await registry.getVersion('flights', 1)
      expectEqual([after.tags, after.description], [{ b: '3', c: '4' }, 'said later'], 'tags and description of the version')
      const { tags, description } = (await registry.listModels())[0] ?? {}
      expectEqual([tags, description], [{ owner: 'ops' }, 'all flights'], 'tags and description of the model')
      for (const key of ['digest', 'createdAt', 'signature', 'metrics', 'source'] as const) expectEqual(after[key], before[key], key)
    }),
    registryCheck('a deleted version is gone, and its number is not used again', async (registry) => {
      for (const content of ['1', '2']) await registry.register('flights', modelPackage(content))
      await registry.promote('flights', 2, 'champion')
      const refused = await expectCode(() => registry.deleteVersion('flights', 2), 'InvalidState', 'deleting what an alias needs')
      expectEqual(refused.details.aliases, ['champion'], 'the aliases are named')
      await registry.deleteAlias('flights', 'champion')
      await registry.deleteVersion('flights', 2, { removeFiles: true })
      await expectCode(() => registry.getVersion('flights', 2), 'NotFound', 'a deleted version')
      await expectCode(() => registry.promote('flights', 2, 'champion'), 'NotFound', 'promoting a deleted version')
      expectEqual((await registry.register('flights', modelPackage('3'))).version, '3', 'the next number')
      expectEqual(
        (await registry.listVersions('flights')).map(({ version }) => version),
        ['1', '3'],
        'versions',
      )
    }),
    registryCheck(
      'another opener sees everything',
      async (registry, { reopen }) => {
        const version = await registry.register('flights', modelPackage('1'), { tags: { team: 'ops' } })
        await registry.promote('flights', version, 'champion')
        const other = new ModelRegistry({ backend: await reopened(reopen) })
        expectEqual((await other.resolve('flights@champion')).digest, version.digest, 'the digest')
        expectEqual((await other.openModel('flights@1')).package, modelPackage('1'), 'the package')
        expectEqual((await other.getVersion('flights', 1)).tags, { team: 'ops' }, 'the tags')
        expectEqual(await other.history('flights'), await registry.history('flights'), 'the history')
        await other.close()
      },
      ['reopen'],
    ),
  ]
}
