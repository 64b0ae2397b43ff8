/** The checks of the optional calls of an object store: real folders, folders that appear or move as a whole, and reading only what changed. */
import { fromUtf8, utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import type { FolderContent, ObjectStore } from '../ports/object-store'
import type { Check, CheckContext } from './check'
import { expectCode, expectEqual, expectThat } from './expect'

/**
 * The checks of `ensureFolder`, `createFolder`, `moveFolder` and `getChanged`. A store may lack any of them; its check is then reported as
 * skipped. A part of `objectStoreChecks()`.
 */
export function objectStoreShortcutChecks(): readonly Check<ObjectStore>[] {
  return [emptyFolders(), movedFolders(), createdFolders(), changedObjects()]
}

/** An empty folder exists for other tools, and lists nothing. */
function emptyFolders(): Check<ObjectStore> {
  return check('ensureFolder', 'ensureFolder makes a folder that lists nothing, twice and beside others', async ({ subject, reopen }) => {
    await subject.put('run/params/depth', utf8('3'))
    for (const prefix of ['run/metrics/', 'run/metrics/', 'run/params/', 'deep/er/and/deeper/']) await subject.ensureFolder?.(prefix)
    const other = (await reopen?.()) ?? subject
    expectEqual(
      (await other.list()).objects.map(({ key }) => key),
      ['run/params/depth'],
      'objects beside empty folders',
    )
    expectEqual((await other.list({ prefix: 'run/', shallow: true })).prefixes, ['run/params/'], 'folders that hold something')
    expectEqual(fromUtf8(await other.get('run/params/depth')), '3', 'an object in a folder that was ensured')
    await other.put('run/metrics/loss', utf8('1'))
    expectEqual(fromUtf8(await other.get('run/metrics/loss')), '1', 'an object put into an ensured folder')
    await expectCode(async () => subject.ensureFolder?.('../out/'), 'InvalidArgument', 'ensureFolder outside the store')
    await expectCode(async () => subject.ensureFolder?.('run/params/depth/'), 'Conflict', 'ensureFolder over an object')
  })
}

/** A folder moves as a whole, and never replaces anything. */
function movedFolders(): Check<ObjectStore> {
  return check('moveFolder', 'moveFolder moves everything in a folder, and never onto something', async ({ subject, reopen }) => {
    for (const key of ['from/a', 'from/deep/b', 'taken/c', 'object']) await subject.put(key, utf8(key))
    await subject.ensureFolder?.('from/empty/')
    await subject.moveFolder?.('from/', '.new/place/to/')
    const other = (await reopen?.()) ?? subject
    const keys = async (prefix: string): Promise<string[]> => (await other.list({ prefix })).objects.map(({ key }) => key)
    expectEqual([await keys('from/'), await keys('.new/')], [[], ['.new/place/to/a', '.new/place/to/deep/b']], 'objects after the move')
    expectEqual(fromUtf8(await other.get('.new/place/to/deep/b')), 'from/deep/b', 'an object after the move')
    await expectCode(async () => subject.moveFolder?.('from/', 'again/'), 'NotFound', 'moving what was moved')
    await expectCode(async () => subject.moveFolder?.('object/', 'again/'), 'NotFound', 'moving an object')
    await expectCode(async () => subject.moveFolder?.('taken/', '.new/place/to/'), 'Conflict', 'moving onto a folder')
    await expectCode(async () => subject.moveFolder?.('taken/', 'object/'), 'Conflict', 'moving onto an object')
    await expectCode(async () => subject.moveFolder?.('taken/', '../out/'), 'InvalidArgument', 'moving out of the store')
    await expectCode(async () => subject.moveFolder?.('../out/', 'in/'), 'InvalidArgument', 'moving into the store')
    expectEqual([await keys('taken/'), await keys('object')], [['taken/c'], ['object']], 'objects after what was refused')
    if (other !== subject) await other.close()
  })
}

/** A folder appears as a whole, and only once. */
function createdFolders(): Check<ObjectStore> {
  return check('createFolder', 'createFolder makes everything in a folder appear, and only once', async ({ subject, reopen }) => {
    const content = (mark: string): FolderContent => ({
      files: new Map([
        ['meta', utf8(mark)],
        ['tags/a/b', utf8('1')],
      ]),
      folders: ['tags', 'empty'],
    })
    await subject.createFolder?.('made/one/', content('first'))
    const other = (await reopen?.()) ?? subject
    expectEqual(
      (await other.list({ prefix: 'made/' })).objects.map(({ key }) => key),
      ['made/one/meta', 'made/one/tags/a/b'],
      'objects of the folder',
    )
    await expectCode(async () => other.createFolder?.('made/one/', content('second')), 'Conflict', 'the second createFolder')
    expectEqual(fromUtf8(await subject.get('made/one/meta')), 'first', 'content after the lost createFolder')
    await subject.put('object', utf8('x'))
    await expectCode(async () => subject.createFolder?.('object/', content('x')), 'Conflict', 'createFolder over an object')
    await expectCode(async () => subject.createFolder?.('../out/', content('x')), 'InvalidArgument', 'createFolder outside the store')
    const hostile = { files: new Map([['../meta', utf8('x')]]) }
    await expectCode(async () => subject.createFolder?.('made/two/', hostile), 'InvalidArgument', 'createFolder with a path that leads out')
    const race = await Promise.allSettled(
      Array.from({ length: 6 }, async (_, i) => (i % 2 ? other : subject).createFolder?.('race/it/', content(`${i}`.repeat(500)))),
    )
    const won = race.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
    expectThat(
      race.every((outcome) => outcome.status === 'fulfilled' || isMillwrightError(outcome.reason, 'Conflict')),
      'the other calls fail with Conflict',
    )
    expectEqual(won.length, 1, 'winners of a race')
    expectEqual(fromUtf8(await subject.get('race/it/meta')), `${won[0]}`.repeat(500), 'the content is the winner’s')
  })
}

/** Every change is reported, also one that another opener made. */
function changedObjects(): Check<ObjectStore> {
  return check('getChanged', 'getChanged tells of every change, its own and another opener’s', async ({ subject, reopen }) => {
    const other = (await reopen?.()) ?? subject
    const keys = ['g/a', 'g/sub/b', 'g/', 'g/none', 'g/a/beneath', 'none/']
    const stamps = new Map<string, string>()
    const shown = new Map<string, string>()
    /** The content that a reader has which only reads changes. */
    const look = async (): Promise<Record<string, string | undefined>> => {
      const answers = (await subject.getChanged?.(keys.map((key) => ({ key, stamp: stamps.get(key) })))) ?? []
      for (const [i, key] of keys.entries()) {
        const answer = answers[i]
        stamps.set(key, answer?.stamp ?? '')
        if (answer === undefined) shown.delete(key)
        else if (answer.names !== undefined) shown.set(key, answer.names.join(' '))
        else if (answer.bytes !== undefined) shown.set(key, fromUtf8(answer.bytes))
      }
      return Object.fromEntries(shown)
    }
    expectEqual(await look(), {}, 'an empty store')
    await other.put('g/a', utf8('1'))
    expectEqual(await look(), { 'g/a': '1', 'g/': 'a' }, 'a new object')
    for (let i = 0; i < 20; i++) {
      await (i % 2 ? other : subject).put('g/a', utf8(String(i % 7)))
      expectEqual((await look())['g/a'], String(i % 7), 'an object of the same size, overwritten at once')
    }
    await other.put('g/sub/b', utf8('x'))
    if (subject.capabilities.appendAtomic) await other.append('g/sub/b', utf8('y'))
    else await other.put('g/sub/b', utf8('xy'))
    await subject.put('g/sub-c', utf8(''))
    expectEqual(await look(), { 'g/a': '5', 'g/sub/b': 'xy', 'g/': 'a sub-c sub/' }, 'another folder, in the order of keys')
    expectEqual(await look(), { 'g/a': '5', 'g/sub/b': 'xy', 'g/': 'a sub-c sub/' }, 'nothing changed')
    await other.delete('g/a')
    await other.delete('g/sub/b')
    await subject.delete('g/sub-c')
    expectEqual((await look())['g/a'], undefined, 'a deleted object')
    await expectCode(async () => subject.getChanged?.([{ key: '../x' }]), 'InvalidArgument', 'getChanged outside the store')
  })
}

type Shortcut = 'ensureFolder' | 'moveFolder' | 'createFolder' | 'getChanged'

function check(method: Shortcut, name: string, run: (context: CheckContext<ObjectStore>) => Promise<void>): Check<ObjectStore> {
  return { name, requires: [method], run }
}
