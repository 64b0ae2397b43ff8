/** Every interop lane has its folder and its programs, every folder is a lane, and a wrong name is refused by name. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findLanes, lanes, programsOf } from '../interop/lanes'
import { root } from './source-graph'

describe('interop lanes', () => {
  it('are the folders of test/interop', () => {
    const folders = readdirSync(join(root, 'test', 'interop'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(lanes.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).filter((name) => name !== 'support'))
  })

  it.each(lanes)('$name has programs', (lane) => {
    expect(programsOf(lane).length).toBeGreaterThanOrEqual(lane.programs?.length ?? 1)
  })

  it('are found by name; an unknown one is refused with what there is', () => {
    expect(findLanes([])).toBe(lanes)
    expect(findLanes(['dvc']).map(({ name }) => name)).toEqual(['dvc'])
    expect(() => findLanes(['dvc', 'nope'])).toThrow(/^there is no interop lane "nope"; lanes: mlflow, mlflow-old, /)
  })
})
