import { describe, expect, it } from 'vitest'
import { functionRuntime } from '../../../src/adapters/function/function-runtime'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { linearRegression } from '../../../src/learn'
import { learnRuntime } from '../../../src/learn/runtime'
import { Predictor } from '../../../src/predictor'
import { ModelRegistry } from '../../../src/registry'
import { tableFromRows } from '../../../src/schema/table'
import { createHandler } from '../../../src/serve'

describe('the input example of a version', () => {
  it('comes with the opened model and stands on the page that documents it', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    const table = tableFromRows([3, 5, 8, 13].map((x) => ({ x, y: 2 * x })))
    const fitted = linearRegression().fit(table, { target: 'y' })
    await registry.register('line', fitted, { example: [{ x: 41.5 }] })
    await registry.register('bare', fitted)
    expect((await registry.openModel('line')).example).toEqual({ x: 41.5 })
    expect(Object.hasOwn(await registry.openModel('bare'), 'example')).toBe(false)
    const runtimes = [learnRuntime(), functionRuntime()]
    const pageOf = async (reference: string): Promise<string> => {
      const predictor = await Predictor.load(registry, reference, { runtimes })
      return (await createHandler(predictor)(new Request('http://a.example/docs'))).text()
    }
    expect(await pageOf('line')).toContain('&#34;x&#34;: 41.5')
    expect(await pageOf('bare')).toContain('&#34;x&#34;: 0')
  })
})
