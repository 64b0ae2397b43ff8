/** Every example that is a folder says in a few lines what to look at. `npm run examples` runs them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './source-graph'

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() &&
      existsSync(join(root, 'examples', entry.name, 'README.md')) &&
      existsSync(join(root, 'examples', entry.name, 'main.ts')),
  )
  .map(({ name }) => name)
  // `npm start` tells its own story as it goes.
  .filter((name) => name !== 'lifecycle')

describe('examples', () => {
  it('have the basic pipeline and the retraining system among them', () => {
    expect(examples).toEqual(expect.arrayContaining(['basic-pipeline', 'retraining']))
  })

  it.each(examples)('%s says what to look at', (name) => {
    const text = readFileSync(join(root, 'examples', name, 'README.md'), 'utf8')
    expect(text).toContain(`examples/${name}/main.ts`)
    const points = text.match(/^(\d\.|-) /gm) ?? []
    expect(points.length).toBeGreaterThanOrEqual(4)
    expect(points.length).toBeLessThanOrEqual(6)
  })
})
