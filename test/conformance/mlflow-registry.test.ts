import { describe, expect, it } from 'vitest'
import { mlflowRegistry } from '../../src/adapters/mlflow/registry/mlflow-registry'
import { utf8 } from '../../src/core/bytes'
import type { RegistryBackend } from '../../src/ports/registry-backend'
import { ModelRegistry } from '../../src/registry'
import { bindChecks, registryChecks } from '../../src/testing'
import { fakeMlflow } from '../fixtures/fake-mlflow'
import { hostileSample } from '../support/effort'

const servers = new WeakMap<RegistryBackend, typeof fetch>()
const model = { flavor: 'own', task: 'other', signature: { inputs: [], outputs: [] }, files: { a: utf8('x') } } as const

function open(fetch: typeof globalThis.fetch, options: Parameters<typeof mlflowRegistry>[0] = {}): RegistryBackend {
  const backend = mlflowRegistry({ url: 'http://mlflow.test', fetch, retries: 0, ...options })
  servers.set(backend, fetch)
  return backend
}

bindChecks(
  registryChecks({ hostileNames: hostileSample(3) }),
  { make: () => open(fakeMlflow()), reopen: (backend) => open(servers.get(backend) as typeof fetch) },
  { describe, it },
)

describe('mlflowRegistry', () => {
  it('of promotions racing in one process lets exactly one win', async () => {
    const registry = new ModelRegistry({ backend: open(fakeMlflow()) })
    for (let i = 0; i < 5; i++) await registry.register('raced', model)
    const settled = await Promise.allSettled(
      ['1', '2', '3', '4', '5'].map((version) => registry.promote('raced', version, 'champion', { expected: null })),
    )
    const won = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value.version] : []))
    expect([won.length, (await registry.resolve('raced@champion')).version]).toEqual([1, won[0]])
  })

  it('keeps events too long for one tag', async () => {
    const registry = new ModelRegistry({ backend: open(fakeMlflow()) })
    await registry.register('flights', model)
    const reason = 'because '.repeat(2000)
    await registry.promote('flights', 1, 'champion', { reason })
    expect((await registry.history('flights')).at(-1)?.reason).toBe(reason)
    expect((await registry.listModels())[0]?.tags).toEqual({})
  })

  it('without history rolls back only to a version that is named', async () => {
    const registry = new ModelRegistry({ backend: open(fakeMlflow(), { history: 'none' }) })
    for (let i = 0; i < 2; i++) await registry.register('flights', model)
    for (const version of [1, 2]) await registry.promote('flights', version, 'champion')
    await expect(registry.rollback('flights', 'champion')).rejects.toMatchObject({ code: 'InvalidState' })
    expect((await registry.rollback('flights', 'champion', { to: 1 })).version).toBe('1')
    expect(await registry.history('flights')).toEqual([])
  })

  it('marks a model whose upload failed, and registers nothing', async () => {
    const server = fakeMlflow()
    const registry = new ModelRegistry({
      backend: open(async (input, init) => {
        if (init?.method === 'PUT' && String(input).endsWith('millwright.json')) return new Response('disk full', { status: 500 })
        return server(input, init)
      }),
    })
    await expect(registry.register('flights', model)).rejects.toMatchObject({ code: 'Unavailable' })
    expect(await registry.listVersions('flights')).toEqual([])
  })

  it('does not follow artifacts to another server', async () => {
    const server = fakeMlflow()
    const registry = new ModelRegistry({
      backend: open(async (input, init) => {
        const answer = await server(input, init)
        if (!String(input).includes('get-download-uri')) return answer
        return new Response(JSON.stringify({ artifact_uri: 'mlflow-artifacts://elsewhere.test:5000/0/x' }))
      }),
    })
    await registry.register('flights', model)
    await expect(registry.readFile('flights@1', 'a')).rejects.toMatchObject({ code: 'Unsupported' })
  })
})
