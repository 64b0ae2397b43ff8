/** The checks of hostile names in registry backends, for all kinds of names. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import type { RegistryBackend } from '../ports/registry-backend'
import type { ModelRegistry } from '../registry/registry'
import type { Check } from './check'
import { expectEqual, expectThat } from './expect'
import { hostileNameParts, hostileNames } from './hostile-names'
import { modelPackage, registryCheck } from './registry-check'

/**
 * The checks of hostile names. A name is refused with `InvalidArgument` before anything is written, or it is stored unchanged, found again and kept
 * apart from other names. Other records are not changed.
 */
export function registryNameChecks(hostile: readonly string[] = hostileNames()): readonly Check<RegistryBackend>[] {
  return [
    ...hostileNameParts(hostile).map((names, part) =>
      registryCheck(`hostile names of models are refused or kept as they are (${part + 1} of 3)`, (registry) =>
        checkModels(registry, names),
      ),
    ),
    registryCheck('hostile aliases are refused or kept as they are', async (registry) => {
      await registry.register('known', modelPackage('known'))
      const aliases: string[] = []
      for (const name of hostile) {
        if (await isTaken('an alias', name, () => registry.setAlias('known', name, 1))) aliases.push(name)
        else await isTaken('reading by an alias', name, () => registry.resolve(`known@${name}`))
      }
      for (const alias of aliases.filter((_, i) => i % 6 === 0))
        expectEqual((await registry.resolve(`known@${alias}`)).version, '1', `the alias ${shown(alias)}`)
      expectEqual((await registry.listModels())[0]?.aliases, Object.fromEntries(aliases.map((alias) => [alias, '1'])), 'the aliases')
      for (const alias of aliases) await registry.deleteAlias('known', alias)
      expectEqual((await registry.getVersion('known', 1)).aliases, [], 'aliases that are left')
    }),
    registryCheck('hostile tags are refused or kept as they are', async (registry) => {
      await registry.register('known', modelPackage('known'), { tags: { safe: 'yes' } })
      const taken = ['safe']
      const isAlone = (name: string): boolean => !taken.some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`))
      const keys = hostile.filter((name) => isAlone(name) && taken.push(name))
      const tags = await tagsKept(registry, 'the key of a tag', keys, (name, i) => [name, `v${i}`])
      expectEqual((await registry.getVersion('known', 1)).tags, Object.fromEntries([['safe', 'yes'], ...tags]), 'the tags')
      await registry.setTags('known@1', Object.fromEntries(tags.map(([key]) => [key, null])))
      expectEqual((await registry.getVersion('known', 1)).tags, { safe: 'yes' }, 'tags that are left')
    }),
    registryCheck('hostile texts are refused or come back as they are', async (registry) => {
      await registry.register('known', modelPackage('known'))
      const tags = await tagsKept(registry, 'the value of a tag', hostile, (text, i) => [`tag-${i}`, text])
      expectEqual((await registry.getVersion('known', 1)).tags, Object.fromEntries(tags), 'the values of tags')
      for (const text of hostile.filter((_, i) => i % 20 === 0)) {
        if (await isTaken('a description', text, () => registry.describe('known@1', text))) {
          expectEqual((await registry.getVersion('known', 1)).description, text, `the description ${shown(text)}`)
        }
      }
    }),
    registryCheck('hostile file names of a package are refused or kept as they are', async (registry) => {
      const taken: [string, Uint8Array][] = []
      for (const [i, path] of hostile.entries()) {
        const more: [string, Uint8Array] = [path, utf8(`${i}`)]
        const files = Object.fromEntries([...taken, more])
        const work = () => registry.register('packed', { ...modelPackage('x'), files }, { signal: AbortSignal.abort(STOP) })
        if (await isTaken('a file name of a package', path, work)) taken.push(more)
      }
      expectEqual(await registry.listModels(), [], 'the models before any was registered')
      await checkPackages(registry, taken)
    }),
    registryCheck('hostile references and versions find nothing', async (registry) => {
      await registry.register('known', modelPackage('known'))
      for (const name of hostile) {
        const calls: readonly (() => Promise<unknown>)[] = [
          () => registry.resolve(name),
          () => registry.openModel(`${name}@champion`),
          () => registry.getVersion('known', `${name}/1`),
          () => registry.readFile('known@1', `${name}/../x`),
          () => registry.listVersions(name),
          () => registry.deleteVersion('known', `-${name}`),
        ]
        for (const call of calls) {
          const error = await call().then(
            () => undefined,
            (failure: unknown) => failure,
          )
          const isClear = isMillwrightError(error, 'InvalidArgument') || isMillwrightError(error, 'NotFound')
          expectThat(isClear, `what is asked for by ${shown(name)} is not there, got ${String(error).slice(0, 300)}`)
        }
      }
      expectEqual((await registry.openModel('known')).package, modelPackage('known'), 'the model that was not touched')
    }),
  ]
}

async function checkModels(registry: ModelRegistry, names: readonly string[]): Promise<void> {
  await registry.register('untouched', modelPackage('safe'))
  const kept = new Map<string, string>([['untouched', 'safe']])
  for (const [i, name] of names.entries()) {
    if (await isTaken('the name of a model', name, () => registry.register(name, modelPackage(`${i}`)))) kept.set(name, `${i}`)
  }
  const models = await registry.listModels()
  expectEqual(models.map(({ name }) => name).sort(), [...kept.keys()].sort(), 'the models')
  for (const [name, content] of kept) {
    const { version, package: opened } = await registry.openModel(name)
    expectEqual([version, fromUtf8(opened.files['model.json'] as Uint8Array)], ['1', content], `the model ${shown(name)}`)
  }
}

/** Registers packages with these file names. A refused registration must leave nothing behind. */
async function checkPackages(registry: ModelRegistry, files: readonly (readonly [string, Uint8Array])[]): Promise<void> {
  let made = 0
  const attempt = async (some: readonly (readonly [string, Uint8Array])[]): Promise<void> => {
    const model = { ...modelPackage('x'), files: Object.fromEntries(some) }
    const names = some.map(([path]) => path).join(' ')
    if (await isTaken('a file name of a package', names, () => registry.register('packed', model))) {
      expectEqual((await registry.openModel(`packed@${++made}`)).package.files, model.files, 'the files')
    } else if (some.length > 1) for (const half of [some.slice(0, some.length / 2), some.slice(some.length / 2)]) await attempt(half)
  }
  await attempt(files)
  expectEqual((await registry.listVersions('packed')).length, made, 'the versions that were registered')
}

/** Stops a registration at the first step after the checks of its arguments. */
const STOP = 'checked only'

/** The tags that could be set. Many are set in one call; when the call is refused, each half is tried on its own. */
async function tagsKept(
  registry: ModelRegistry,
  place: string,
  names: readonly string[],
  tagOf: (name: string, i: number) => readonly [string, string],
): Promise<(readonly [string, string])[]> {
  const kept: (readonly [string, string])[] = []
  const attempt = async (some: readonly (readonly [string, string])[]): Promise<void> => {
    const work = () => registry.setTags('known@1', Object.fromEntries(some))
    if (await isTaken(place, some.map((pair) => pair.join('=')).join(' '), work)) kept.push(...some)
    else if (some.length > 1) for (const half of [some.slice(0, some.length / 2), some.slice(some.length / 2)]) await attempt(half)
  }
  const all = names.map(tagOf)
  for (let at = 0; at < all.length; at += 16) await attempt(all.slice(at, at + 16))
  return kept
}

/** Whether the call succeeded. A refusal must be a clear error. */
async function isTaken(place: string, name: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error === STOP) return true
    const isClear = isMillwrightError(error, 'InvalidArgument') && error.message.length < 2000
    expectThat(isClear, `${place} ${shown(name)} is refused with InvalidArgument: ${String(error).slice(0, 500)}`)
    return false
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}… (${name.length})` : name)
}
