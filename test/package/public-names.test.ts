/** What the package publishes fits together: one meaning a name, and every type that a signature mentions can be imported. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type PublicSurface, publicSurface } from '../../scripts/public-names'
import { isFull } from '../support/effort'
import { root } from './source-graph'

// Checking the types of all sources takes several seconds, so it is a part of the full run.
describe.skipIf(!isFull)('the published names', () => {
  let surface: PublicSurface
  beforeAll(() => {
    surface = publicSurface(root)
  }, 120_000)

  it('mean one thing each, whichever entry exports them', () => {
    expect(Object.fromEntries(surface.ambiguous)).toEqual({})
  })

  it('include every type that a public signature mentions', () => {
    expect(Object.fromEntries(surface.hiddenTypes)).toEqual({})
  })

  it('hold what an implementer of a port needs in millwright/ports', () => {
    const ports = new Set(surface.names.flatMap(({ subpath, name }) => (subpath === './ports' ? [name] : [])))
    for (const name of [
      ...['ObjectStore', 'TrackerBackend', 'RegistryBackend', 'ModelRuntime', 'Executor', 'Detector', 'AlertSink', 'Table'],
      ...['assertSafeKey', 'assertBatch', 'parseRunQuery', 'searchRecords', 'readOptional', 'listAll', 'comparePoints', 'assertRunKey'],
      ...['missingModel', 'aliasConflict', 'versionInUse', 'readRegistryEvent', 'MillwrightError', 'checkOptions', 'throwIfAborted'],
    ]) {
      expect(ports, name).toContain(name)
    }
  })
})
