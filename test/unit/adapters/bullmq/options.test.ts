/** Options and messages; everything that needs a server is in the interop lanes redis and postgres. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { bullmqExecutor, bullmqWorker } from '../../../../src/adapters/bullmq'
import { stepResultOf } from '../../../../src/adapters/bullmq/step-result'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { Pipeline } from '../../../../src/pipeline'

describe('bullmqExecutor', () => {
  it.each([
    [{}, 'bullmqExecutor needs one of `redis` and `postgres`, got neither'],
    [{ redis: 'redis://a', postgres: 'postgres://b' }, 'got both "redis://a" and "postgres://b"'],
    [{ redis: '' }, '`redis` of bullmqExecutor must be a URL or an object of options, got ""'],
    [{ redis: 'redis://a', queue: 'a:b' }, '`queue` of bullmqExecutor must be a non-empty string without ":"'],
    [{ redis: 'redis://a', leaseMs: 1000 }, '`leaseMs` is not an option of bullmqExecutor'],
    [{ redis: 'redis://a', lib: {} }, '`lib` of bullmqExecutor must be the module bullmq'],
  ])('refuses %j', (options, message) => {
    expect(() => bullmqExecutor(options as never)).toThrow(message)
  })

  it('shows where it is, and no password', () => {
    expect(inspect(bullmqExecutor({ redis: 'redis://user:s3cret@10.0.0.1:6379' }))).toBe('Executor: bullmqExecutor(Redis 10.0.0.1:6379)')
    expect(bullmqExecutor({ postgres: { connectionString: 'postgres://u:s3cret@db:5432/x' } }).name).toBe(
      'bullmqExecutor(PostgreSQL db:5432)',
    )
    expect(bullmqExecutor({ redis: { host: 'h', port: 1, password: 's3cret' } }).name).toBe('bullmqExecutor(Redis h:1)')
    expect(bullmqExecutor({ redis: 'not a url' }).name).toBe('bullmqExecutor(Redis at a URL that cannot be read)')
  })

  it('refuses a run without storage before it connects to anything it could not use', async () => {
    const lib = { Queue: class {}, QueueEvents: class {}, Worker: class {}, createPostgresBackend: () => {} } as never
    const executor = bullmqExecutor({ redis: 'redis://127.0.0.1:1', lib })
    await executor.close()
    const { steps } = await new Pipeline('p', { storage: memoryStorage() }).step('a', () => 1).run({ executor, throwOnFailure: false })
    expect(steps.a.error).toMatchObject({ code: 'InvalidState', message: 'bullmqExecutor(Redis 127.0.0.1:1) is closed' })
  })
})

describe('bullmqWorker', () => {
  it.each([
    [{ redis: 'redis://a' }, 'bullmqWorker needs `pipelines`'],
    [{ pipelines: [new Pipeline('p')] }, 'bullmqWorker needs one of `redis` and `postgres`'],
    [{ redis: 'redis://a', pipelines: [] }, 'bullmqWorker takes a list of at least one pipeline'],
    [{ redis: 'redis://a', pipelines: [{}] }, 'bullmqWorker takes a list of at least one pipeline'],
    [{ redis: 'redis://a', pipelines: [new Pipeline('p'), new Pipeline('p')] }, 'bullmqWorker was given two pipelines named "p"'],
    [{ redis: 'redis://a', pipelines: [new Pipeline('p')], leaseMs: 1 }, '`leaseMs` of bullmqWorker must be a finite number ≥ 100'],
  ])('refuses %#', (options, message) => {
    expect(() => bullmqWorker(options as never)).toThrow(message)
  })
})

describe('sessions of PostgreSQL', () => {
  it.each([
    ['postgres://db/x', { connectionString: 'postgres://db/x', migrate: true, options: '-c synchronous_commit=off' }],
    [
      { host: 'db', migrate: false, options: '-c synchronous_commit=on' },
      { host: 'db', migrate: false, options: '-c synchronous_commit=on' },
    ],
    // A pooler may refuse every setting.
    [
      { host: 'db', options: '' },
      { host: 'db', migrate: true, options: '' },
    ],
  ])('do not wait for the disk unless told to: %j', async (postgres, wanted) => {
    const connections: unknown[] = []
    class Part {
      constructor(_: string, ...rest: readonly unknown[]) {
        connections.push((rest.find((each) => typeof each === 'object') as { readonly connection: unknown }).connection)
      }
      on(): void {}
      async waitUntilReady(): Promise<void> {}
      async close(): Promise<void> {}
    }
    const lib = { Queue: Part, QueueEvents: Part, Worker: Part, createPostgresBackend: () => {} } as never
    const worker = bullmqWorker({ postgres, pipelines: [new Pipeline('p')], lib })
    await worker.ready()
    await worker.close()
    expect(connections).toEqual([wanted, wanted])
  })
})

describe('a result in the queue', () => {
  it('is a digest or an error, also as text; everything else is none', () => {
    expect(stepResultOf({ digest: 'a', more: 1 })).toEqual({ digest: 'a' })
    expect(stepResultOf('{"error":{"code":"Conflict"}}')).toEqual({ error: { code: 'Conflict' } })
    for (const other of [undefined, null, 5, 'x', '{', {}, { digest: 5 }, { error: 'text' }]) expect(stepResultOf(other)).toBeUndefined()
  })
})
