import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromColumns } from '../../../src/dataset'
import { randomForestClassifier } from '../../../src/learn'
import { modelRows, performanceReport } from '../../../src/monitor'
import { modelCard } from '../../../src/report'
import { ModelRegistry } from '../../../src/wiring/model-registry'

const table = fromColumns({
  temp: Array.from({ length: 80 }, (_, i) => (i * 7) % 20),
  region: Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? 'north' : 'a | b')),
  busy: Array.from({ length: 80 }, (_, i) => ((i * 7) % 20 > 9 ? 'yes' : 'no')),
})

async function registered() {
  const model = randomForestClassifier({ nEstimators: 5, seed: 1 }).fit(
    fromColumns({ temp: table.column('temp').toArray(), busy: table.column('busy').toArray() }),
    { target: 'busy' },
  )
  const registry = new ModelRegistry({ storage: memoryStorage() })
  await registry.register('bikes', model, {
    metrics: { accuracy: 0.93 },
    description: 'Busy hours.',
    dataset: { name: 'rentals 2024', fingerprint: 'abc' },
  } as never)
  return { model, version: await registry.setAlias('bikes', 'champion', '1') }
}

describe('a model card', () => {
  it('tells facts, words and figures as Markdown and HTML', async () => {
    const { model, version } = await registered()
    const performance = performanceReport(modelRows(model, table), { slices: ['region'] })
    const words = {
      intendedUse: 'Plan how many bikes a station needs.\n\nEach morning.',
      outOfScope: 'Anything about <people>.',
      owner: 'Team Bikes',
    }
    const driftLimits = { method: 'psi', limits: { temp: 0.25 } }
    const card = modelCard({ version, words, performance, importances: [{ feature: 'temp', importance: 1 }], driftLimits })
    for (const part of [
      '# Model card: bikes 1',
      '| Version | 1 @champion |',
      '| Owner | Team Bikes |',
      '## Intended use',
      '## Not for',
      '| temp | int32 | yes |',
      '## Metrics at registration',
      '| accuracy | 0.93 |',
      '## Performance by group',
      '| region = a \\| b | 40 |',
      '| temp | 0.25 |',
    ])
      expect(card.markdown).toContain(part)
    expect(card.markdown).not.toContain('## Limitations')
    expect(card.html).toContain('Anything about &#60;people&#62;.')
    expect(card.html).toContain('Confusion matrix')
    expect(card.html.length).toBeLessThan(300_000)
  })

  it('leaves out what is not given, and needs what the model is for', async () => {
    const { version } = await registered()
    const { markdown } = modelCard({ version, words: { intendedUse: 'x' } })
    expect(markdown).not.toMatch(/Performance|Drift|Owner|What it looks at/)
    expect(() => modelCard({ version, words: {} } as never)).toThrow('`words` of modelCard needs `intendedUse`')
    expect(() => modelCard({ version, words: { intendedUse: 'x', purpose: 'y' } } as never)).toThrow(
      '`purpose` is not an option of `words` of modelCard',
    )
    expect(() => modelCard({ version: {}, words: { intendedUse: 'x' } } as never)).toThrow(
      '`version` of modelCard must be a model version of a registry',
    )
  })
})
