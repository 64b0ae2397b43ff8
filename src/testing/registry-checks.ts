/** What every registry backend promises, as a list of checks, seen through the registry. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import type { ModelPackage } from '../ports/model'
import type { RegistryBackend } from '../ports/registry-backend'
import { metricAtLeast } from '../registry/gates'
import { ModelRegistry } from '../registry/registry'
import type { Check, CheckContext } from './check'
import { expectCode, expectEqual, expectThat } from './expect'
import { hostileNames } from './hostile-names'

type Context = CheckContext<RegistryBackend>

/**
 * The checks of the registry backend port: {@link RegistryBackend} says what they check. Each takes an empty backend.
 *
 * @example
 * bindChecks(registryChecks(), { make: () => objectStoreBackend(memoryStorage()) }, { describe, it })
 */
export function registryChecks(): readonly Check<RegistryBackend>[] {
  return [...versions(), ...aliases(), ...history(), ...changes()]
}

function check(
  name: string,
  run: (registry: ModelRegistry, context: Context) => Promise<void>,
  requires: readonly string[] = [],
): Check<RegistryBackend> {
  return { name, requires, run: (context) => run(new ModelRegistry({ backend: context.subject }), context) }
}

/** A package whose content tells packages apart. */
function modelPackage(content: string): ModelPackage {
  return {
    flavor: 'checks',
    task: 'classification',
    classes: ['no', 'yes'],
    signature: {
      inputs: [
        { name: 'größe', type: 'float64', required: false },
        { name: 'kind', type: 'string', required: true, categories: ['a', 'b'] },
      ],
      outputs: [{ name: 'prediction', type: 'string', required: true }],
    },
    files: { 'model.json': utf8(content), 'deep/weights.bin': Uint8Array.from({ length: 300 }, (_, i) => i) },
    metadata: { note: content },
  }
}

function versions(): Check<RegistryBackend>[] {
  return [
    check('a registered model comes back byte by byte', async (registry) => {
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
    check('versions count up from 1 and are listed in order of number', async (registry) => {
      for (let i = 1; i <= 11; i++) await registry.register('many', modelPackage(String(i)))
      expectEqual(
        (await registry.listVersions('many')).map(({ version }) => version),
        Array.from({ length: 11 }, (_, i) => String(i + 1)),
        'numbers',
      )
      expectEqual((await registry.resolve('many')).version, '11', 'the latest version')
    }),
    check('concurrent registrations each get their own number', async (registry, { reopen, subject }) => {
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
    check('what is not there is NotFound and says what is', async (registry) => {
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
    check('hostile and malformed names are refused', async (registry) => {
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
    check('hostile names are refused or kept harmlessly', async (registry) => {
      await registry.register('known', modelPackage('known'))
      const kept: string[] = ['known']
      const tagged = new Map<string, string>()
      for (const [i, name] of manyHostileNames().entries()) {
        const isTaken = await refusedOr(() => registry.register(name, modelPackage(String(i))), `the name ${i}`)
        if (!isTaken || kept.includes(name)) continue
        kept.push(name)
        const { package: opened } = await registry.openModel(`${name}@1`)
        expectEqual(fromUtf8(opened.files['model.json'] as Uint8Array), String(i), `the model called ${JSON.stringify(name)}`)
      }
      for (const [i, name] of manyHostileNames().entries()) {
        if (await refusedOr(() => registry.setAlias('known', name, 1), `the alias ${i}`)) {
          expectEqual((await registry.resolve(`known@${name}`)).version, '1', `the alias ${JSON.stringify(name)}`)
          await registry.deleteAlias('known', name)
        }
        if (await refusedOr(() => registry.setTags('known@1', { [name]: 'x' }), `the tag ${i}`)) tagged.set(name, 'x')
      }
      expectEqual((await registry.getVersion('known', 1)).tags, Object.fromEntries(tagged), 'tags')
      await registry.setTags('known@1', Object.fromEntries([...tagged.keys()].map((key) => [key, null])))
      const { aliases, tags } = await registry.getVersion('known', 1)
      expectEqual([aliases, tags], [[], {}], 'aliases and tags that are left')
      expectEqual((await registry.listModels()).map(({ name }) => name).sort(), [...kept].sort(), 'models')
    }),
    check('an aborted registration leaves no version', async (registry) => {
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

/** Hostile names, alone and in company: more than 200. */
function manyHostileNames(): string[] {
  const names = hostileNames()
  const more = ['a/', '..\\..\\', '%2e%2e/', '/'].flatMap((before) => names.slice(0, 30).map((name) => before + name))
  return [...names, ...more]
}

/** Whether it was taken; refusing must be `InvalidArgument`. */
async function refusedOr(work: () => Promise<unknown>, what: string): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    expectThat(isMillwrightError(error, 'InvalidArgument'), `${what} is refused with InvalidArgument: ${String(error)}`)
    return false
  }
}

function aliases(): Check<RegistryBackend>[] {
  return [
    check('an alias moves and resolves', async (registry) => {
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
    check(
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
              expectThat(isMillwrightError(result.reason, 'Conflict'), `a loser is told Conflict: ${result.reason}`)
          }
          expectEqual([won.length, (await registry.resolve('raced@champion')).version], [1, won[0]], 'one winner, and the alias is at it')
        }
      },
      ['atomicAliases'],
    ),
    check('a promotion expecting another state is a Conflict', async (registry) => {
      for (const content of ['1', '2', '3']) await registry.register('flights', modelPackage(content))
      await registry.promote('flights', 2, 'champion')
      await expectCode(() => registry.promote('flights', 3, 'champion', { expected: 1 }), 'Conflict', 'expected 1')
      await expectCode(() => registry.promote('flights', 3, 'champion', { expected: null }), 'Conflict', 'expected none')
      expectEqual((await registry.resolve('flights@champion')).version, '2', 'champion')
    }),
    check(
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
    check('a gate that says no leaves the alias and lists every verdict', async (registry) => {
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

function history(): Check<RegistryBackend>[] {
  return [
    check(
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
    check(
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

function changes(): Check<RegistryBackend>[] {
  return [
    check('description and tags change; nothing else does', async (registry) => {
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
    check('a deleted version is gone, and its number is not used again', async (registry) => {
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
    check('another opener sees everything', async (registry, { reopen }) => {
      if (reopen === undefined) return
      const version = await registry.register('flights', modelPackage('1'))
      await registry.promote('flights', version, 'champion')
      const other = new ModelRegistry({ backend: await reopen() })
      expectEqual((await other.resolve('flights@champion')).digest, version.digest, 'the digest')
      await other.close()
    }),
  ]
}
