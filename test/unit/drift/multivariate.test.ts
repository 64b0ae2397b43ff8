import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/random'
import { fromRows } from '../../../src/dataset'
import { domainClassifierDrift, type EmbeddingMethod, embeddingDrift } from '../../../src/drift'
import { chain, hashingVectorizer, logisticRegression, randomForestClassifier } from '../../../src/learn'

/** Two normal columns that move together or against each other: no single column shows the difference. */
const pairs = (seed: number, correlation: number, n = 300) => {
  const rng = createRng(seed)
  return Array.from({ length: n }, () => {
    const [u, v] = [rng.normal(), rng.normal()]
    return { x: u, y: correlation * u + Math.sqrt(1 - correlation ** 2) * v, other: rng.normal() }
  })
}
const vectors = (seed: number, correlation: number) => pairs(seed, correlation).map(({ x, y, other }) => [x, y, other])

describe('domainClassifierDrift', () => {
  const estimator = randomForestClassifier({ nEstimators: 20, maxDepth: 6, seed: 1 })

  it('sees a changed correlation, names the columns, and is calm when nothing changed', () => {
    const found = domainClassifierDrift(fromRows(pairs(1, 0.9)), fromRows(pairs(2, -0.9)), { estimator })
    expect(found.driftDetected).toBe(true)
    expect(found.auc).toBeGreaterThan(0.8)
    expect(
      found.importance
        .slice(0, 2)
        .map(({ feature }) => feature)
        .sort(),
    ).toEqual(['x', 'y'])
    const calm = domainClassifierDrift(fromRows(pairs(1, 0.9)), fromRows(pairs(3, 0.9)), { estimator, threshold: 0.6 })
    expect(calm).toMatchObject({ driftDetected: false, rowsReference: 300, rowsCurrent: 300 })
    expect(domainClassifierDrift(fromRows(pairs(1, 0.9)), fromRows(pairs(3, 0.9)), { estimator, threshold: 0.6 })).toEqual(calm)
  })

  it('sees that texts speak of something else', () => {
    const rng = createRng(5)
    const texts = (words: readonly string[]) =>
      fromRows(Array.from({ length: 150 }, () => ({ text: Array.from({ length: 8 }, () => words[rng.int(words.length)]).join(' ') })))
    const [flights, food] = [
      ['delay', 'gate', 'the', 'crew', 'was', 'late'],
      ['soup', 'the', 'was', 'cold', 'bread', 'late'],
    ]
    const text = chain([hashingVectorizer({ columns: ['text'], nFeatures: 64 }), logisticRegression()])
    expect(domainClassifierDrift(texts(flights), texts(food), { estimator: text }).auc).toBeGreaterThan(0.9)
    expect(domainClassifierDrift(texts(flights), texts(flights), { estimator: text, threshold: 0.62 }).driftDetected).toBe(false)
  })

  it('refuses what does not fit', () => {
    const table = fromRows(pairs(1, 0))
    expect(() => domainClassifierDrift(table, table, {} as never)).toThrow(/needs `estimator`/)
    expect(() => domainClassifierDrift(table, fromRows([{ z: 1 }]), { estimator })).toThrow(/no column in common/)
    expect(() => domainClassifierDrift(table, fromRows([{ x: 1 }]), { estimator })).toThrow(/at least 5 rows on each side, got 300 and 1/)
  })
})

describe('embeddingDrift', () => {
  it("gives Evidently's scores and verdicts", () => {
    interface Case {
      readonly reference: number[][]
      readonly current: number[][]
      readonly scores: Record<EmbeddingMethod, number>
      readonly drift: Record<EmbeddingMethod, boolean>
    }
    const { cases } = JSON.parse(readFileSync(new URL('../../golden/embeddings.json', import.meta.url), 'utf8')) as { cases: Case[] }
    for (const { reference, current, scores, drift } of cases) {
      for (const method of Object.keys(scores) as EmbeddingMethod[]) {
        const found = embeddingDrift(reference, current, { method })
        expect(found.score, method).toBeCloseTo(scores[method], 12)
        expect(found.driftDetected, method).toBe(drift[method])
      }
    }
    expect(cases.length).toBeGreaterThan(3)
  })

  const moved = (rows: readonly (readonly number[])[], by: number) => rows.map((row) => row.map((value) => value + by))

  it.each(['ratio', 'euclidean', 'mmd'] as const)('%s sees that vectors moved, and nothing where they did not', (method) => {
    const reference = vectors(1, 0.5)
    expect(embeddingDrift(reference, moved(vectors(2, 0.5), 1), { method }).driftDetected).toBe(true)
    expect(embeddingDrift(reference, reference, { method }).driftDetected).toBe(false)
  })

  it('cosine sees a turn, pca a changed correlation that no component shows', () => {
    expect(
      embeddingDrift(
        moved(vectors(1, 0), 5),
        vectors(2, 0).map(([x, y, z]) => [(x as number) - 5, (y as number) + 5, z as number]),
        { method: 'cosine' },
      ).score,
    ).toBeGreaterThan(0.5)
    expect(embeddingDrift(vectors(1, 0.95), vectors(2, -0.95), { method: 'pca' }).driftDetected).toBe(true)
    expect(embeddingDrift(vectors(1, 0.95), vectors(2, 0.95), { method: 'pca' }).driftDetected).toBe(false)
    expect(embeddingDrift(vectors(1, 0.95), vectors(2, -0.95), { method: 'euclidean' }).driftDetected).toBe(false)
  })

  it('refuses what are no vectors of one length', () => {
    expect(() => embeddingDrift([[1, 2], [1]], [[1, 2]])).toThrow(/must have 2 values/)
    expect(() =>
      embeddingDrift(
        [[1, 2]],
        [
          [1, 2],
          [2, 3],
        ],
      ),
    ).toThrow(/at least two vectors/)
  })
})
