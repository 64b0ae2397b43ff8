/** The checks of the versions of registry backends. */
import { fromUtf8 } from '../core/bytes'
import type { RegistryBackend } from '../ports/registry-backend'
import { ModelRegistry } from '../registry/registry'
import type { Check } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { modelPackage, registryCheck } from './registry-check'

/** The checks of registering and reading versions. */
export function registryVersionChecks(): readonly Check<RegistryBackend>[] {
  return [...contents(), ...numbers(), ...refusals()]
}

/** A version holds exactly what was registered; an aborted registration makes no version. */
function contents(): Check<RegistryBackend>[] {
  return [
    registryCheck('a registered model comes back byte by byte', async (registry) => {
      const model = modelPackage('one')
      const version = await registry.register('flights', model, {
        metrics: { accuracy: 0.9 },
        dataset: { name: 'train', fingerprint: 'abc' },
        description: 'first — größe',
        tags: { team: 'ops', 'multi/part': 'yes' },
        example: [{ größe: 1.5, kind: 'a' }],
      })
      expectEqual([version.name, version.version], ['flights', '1'], 'name and number')
      const read = await registry.getVersion('flights', 1)
      expectEqual(read, version, 'the version read against the version registered')
      expectEqual(read.metrics, { accuracy: 0.9 }, 'metrics')
      expectEqual(read.lineage, { dataset: { name: 'train', fingerprint: 'abc' } }, 'lineage')
      expectEqual([read.description, read.tags], ['first — größe', { team: 'ops', 'multi/part': 'yes' }], 'description and tags')
      const opened = await registry.openModel('flights@1')
      expectEqual([opened.name, opened.version], ['flights', '1'], 'what was opened')
      expectEqual(opened.package, model, 'the package')
    }),
    registryCheck('an aborted registration leaves no version', async (registry) => {
      const reason = new Error('no longer wanted')
      const work = registry.register('flights', modelPackage('1'), { signal: AbortSignal.abort(reason) })
      await work.then(
        () => expectThat(false, 'it must reject'),
        (error) => expectThat(error === reason, 'it rejects with the reason'),
      )
      expectEqual(await registry.listModels(), [], 'models')
    }),
  ]
}

/** Versions are numbered from 1 without gaps and duplicates. Versions and models are listed in order. */
function numbers(): Check<RegistryBackend>[] {
  return [
    registryCheck('versions count up from 1 and are listed in order of number', async (registry) => {
      for (let i = 1; i <= 11; i++) await registry.register('many', modelPackage(String(i)))
      expectEqual(
        (await registry.listVersions('many')).map(({ version }) => version),
        Array.from({ length: 11 }, (_, i) => String(i + 1)),
        'numbers',
      )
      expectEqual((await registry.resolve('many')).version, '11', 'the latest version')
    }),
    registryCheck('concurrent registrations each get their own number', async (registry, { reopen, subject }) => {
      const other = new ModelRegistry({ backend: (await reopen?.()) ?? subject })
      const registered = await Promise.all(
        Array.from({ length: 6 }, (_, i) => (i % 2 ? other : registry).register('raced', modelPackage(String(i)))),
      )
      expectEqual(registered.map(({ version }) => version).sort(), ['1', '2', '3', '4', '5', '6'], 'numbers')
      for (const [i, { version }] of registered.entries()) {
        const { package: opened } = await registry.openModel(`raced@${version}`)
        expectEqual(fromUtf8(opened.files['model.json'] as Uint8Array), String(i), 'each number has its own files')
      }
    }),
    registryCheck('models are listed by name, as many as are asked for', async (_, { subject }) => {
      for (const name of ['flights', 'boats', 'trains']) await subject.ensureModel(name, { createdAt: 1 })
      const namesOf = async (limit?: number) => (await subject.listModels(limit)).map(({ name }) => name)
      expectEqual(await namesOf(), ['boats', 'flights', 'trains'], 'all of them')
      expectEqual(await namesOf(2), ['boats', 'flights'], 'the first two')
    }),
  ]
}

/** Unknown and malformed names are refused. */
function refusals(): Check<RegistryBackend>[] {
  return [
    registryCheck('what is not there is NotFound and says what is', async (registry) => {
      await registry.register('flights', modelPackage('1'))
      await registry.promote('flights', 1, 'champion')
      const noModel = await expectCode(() => registry.openModel('trains@champion'), 'NotFound', 'an unknown model')
      expectThat(noModel.message.includes('flights'), 'the message names the models there are')
      const noVersion = await expectCode(() => registry.openModel('flights@7'), 'NotFound', 'an unknown version')
      expectThat(noVersion.message.includes('1') && noVersion.message.includes('champion'), 'the message names versions and aliases')
      await expectCode(() => registry.openModel('flights@challenger'), 'NotFound', 'an unknown alias')
      await expectCode(() => registry.listVersions('trains'), 'NotFound', 'versions of an unknown model')
      await expectCode(() => registry.promote('flights', 9, 'champion'), 'NotFound', 'promoting an unknown version')
    }),
    registryCheck('hostile and malformed names are refused', async (registry) => {
      for (const name of ['', '..', '../x', 'a/b', 'a\\b', 'C:', 'a:b', 'a%2e', 'a@b', 'nul', 'x\0', 'a\n', 'ends.', 'x'.repeat(300)]) {
        await expectCode(
          () => registry.register(name, modelPackage('x')),
          'InvalidArgument',
          `the name ${JSON.stringify(name.slice(0, 20))}`,
        )
      }
      await registry.register('ok', modelPackage('x'))
      for (const alias of ['', '..', 'a/b', 'latest', 'Latest', 'v3', '3', 'a b', 'a.b', 'x'.repeat(300)]) {
        await expectCode(() => registry.setAlias('ok', alias, 1), 'InvalidArgument', `the alias ${JSON.stringify(alias.slice(0, 20))}`)
      }
      for (const version of ['0', '-1', '1.5', 'one', '../1', Number.NaN]) {
        await expectCode(() => registry.getVersion('ok', version), 'InvalidArgument', `the version ${version}`)
      }
      await expectCode(() => registry.setTags('ok@1', { '../x': 'y' }), 'InvalidArgument', 'a hostile tag')
      expectEqual(
        (await registry.listModels()).map(({ name }) => name),
        ['ok'],
        'models',
      )
    }),
  ]
}
