import { describe, expect, it } from 'vitest'
import type { RegistryEvent } from '../../../src/ports/registry-backend'
import { parseReference } from '../../../src/registry'
import { earlierVersions } from '../../../src/registry/rollback'

describe('parseReference', () => {
  it('reads names, versions and aliases', () => {
    expect(parseReference('flights@champion')).toEqual({ name: 'flights', alias: 'champion' })
    expect(parseReference('flights@12')).toEqual({ name: 'flights', version: '12' })
    expect(parseReference('flights')).toEqual({ name: 'flights' })
    expect(parseReference('flights@Latest')).toEqual({ name: 'flights' })
    expect(parseReference('größe 2@défi-1')).toEqual({ name: 'größe 2', alias: 'défi-1' })
  })

  it('refuses everything else', () => {
    for (const reference of [
      '',
      '@',
      '@champion',
      'flights@',
      'a@b@c',
      '../x@y',
      'flights@0',
      'flights@v1',
      'flights@a/b',
      'a/b',
      5 as never,
      undefined as never,
    ]) {
      expect(() => parseReference(reference), String(reference)).toThrow(/must|reserved/)
    }
  })
})

describe('earlierVersions', () => {
  const move = (from: string | undefined, version: string, how: 'promote' | 'rollback' = 'promote'): RegistryEvent => ({
    kind: 'alias-moved',
    model: 'm',
    alias: 'champion',
    at: 0,
    from,
    version,
    how,
  })

  it('walks back through the moves', () => {
    const events = [move(undefined, '1'), move('1', '2'), move('2', '3')]
    expect(earlierVersions(events, 'champion', '3')).toEqual(['2', '1'])
    expect(earlierVersions([...events, move('3', '2', 'rollback')], 'champion', '2')).toEqual(['1'])
    expect(earlierVersions([...events, move('3', '2', 'rollback'), move('2', '4')], 'champion', '4')).toEqual(['2', '1'])
    expect(earlierVersions([], 'champion', '1')).toEqual([])
    expect(earlierVersions(events, 'challenger', '3')).toEqual([])
  })

  it('orders moves that two processes noted out of order', () => {
    expect(earlierVersions([move(undefined, '1'), move('2', '3'), move('1', '2')], 'champion', '3')).toEqual(['2', '1'])
  })

  it('counts a move that nobody noted', () => {
    expect(earlierVersions([move(undefined, '1'), move('1', '2')], 'champion', '7')).toEqual(['2', '1'])
  })

  it('remembers across a deletion of the alias', () => {
    const deleted: RegistryEvent = { kind: 'alias-deleted', model: 'm', alias: 'champion', at: 0, from: '2' }
    expect(earlierVersions([move(undefined, '1'), move('1', '2'), deleted, move(undefined, '3')], 'champion', '3')).toEqual(['2', '1'])
  })
})
