import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { fromUtf8, utf8 } from '../../../src/core/bytes'
import { MillwrightError } from '../../../src/core/errors'
import { Pipeline } from '../../../src/pipeline'
import type { ObjectStore } from '../../../src/ports/object-store'
import { createBareTracker } from '../../../src/run'

const params = z.object({ depth: z.int().min(1).default(3), rate: z.number().default(0.5) })

function training(storage = memoryStorage()) {
  return new Pipeline('t', { storage, params })
    .step('load', { cache: true, run: () => [1, 2, 3] })
    .step('fit', { needs: ['load'], params: ['depth'], cache: true, run: ({ params }) => params.depth })
    .step('score', { needs: ['fit'], params: ['rate'], cache: true, run: ({ inputs, params }) => inputs.fit * params.rate })
}

describe('parameters', () => {
  it('are checked by the schema, which gives the defaults', async () => {
    const pipeline = training()
    expect((await pipeline.run()).outputs.score).toBe(1.5)
    expect((await pipeline.run({ params: { depth: 4 } })).outputs.score).toBe(2)
    await expect(pipeline.run({ params: { depth: 0 } })).rejects.toMatchObject({ code: 'SchemaMismatch' })
    await expect(pipeline.run({ params: { depth: 0 } })).rejects.toThrow(/the parameters of pipeline "t" do not fit their schema: depth: /)
    await expect(new Pipeline('p').run({ params: { a: 1 } as object })).rejects.toThrow('pipeline "p" has no parameters')
    const loose = training() as unknown as { step(name: string, definition: object): unknown }
    expect(() => loose.step('x', { params: ['deep'], run: () => 1 })).toThrow(
      '`params` of step "x" of pipeline "t" names "deep", which is not among the parameters of the pipeline: "depth", "rate"',
    )
    const functions = new Pipeline('p', { params: z.object({ f: z.any() }) }).step('a', () => 1)
    await expect(functions.run({ params: { f: () => 1 } })).rejects.toThrow('the parameter "f" of pipeline "p" cannot be stored')
  })

  it('run again exactly the steps that read them, and what depends on those; the reason names the parameter', async () => {
    const pipeline = training()
    const first = await pipeline.run({ runId: 'a' })
    expect(first.steps.fit.reason).toBe('no earlier result is stored')
    const same = await pipeline.run({ runId: 'b' })
    expect(Object.values(same.steps).map((step) => step.status)).toEqual(['cached', 'cached', 'cached'])
    expect(same.steps.fit.reason).toBe('code, parameters and inputs are those of run "a"')
    const rate = await pipeline.run({ params: { rate: 2 } })
    expect(Object.values(rate.steps).map((step) => step.status)).toEqual(['cached', 'cached', 'succeeded'])
    expect(rate.steps.score.reason).toBe('compared with run "a", the parameter "rate" changed from 0.5 to 2')
    const depth = await pipeline.run({ runId: 'd', params: { depth: 9, rate: 2 } })
    expect(Object.values(depth.steps).map((step) => step.status)).toEqual(['cached', 'succeeded', 'succeeded'])
    expect(depth.steps.fit.reason).toBe('compared with run "a", the parameter "depth" changed from 3 to 9')
    expect(depth.steps.score.reason).toMatch(/^compared with run ".+", the output of "fit" changed$/)
    const seed = await pipeline.run({ seed: 5, params: { depth: 9, rate: 2 } })
    expect(seed.steps.load.reason).toBe('compared with run "a", the seed changed from 0 to 5')
    const forced = await pipeline.run({ force: ['load'] })
    expect(forced.steps.load.reason).toBe('stored outputs are ignored (`force`)')
  })

  it('are kept in the record: a resumed run has them, and new ones run again what reads them', async () => {
    const storage = memoryStorage()
    let broken = true
    const ran: string[] = []
    const build = () =>
      new Pipeline('t', { storage, params })
        .step('fit', { params: ['depth'], run: ({ params }) => ran.push('fit') && params.depth })
        .step('score', {
          needs: ['fit'],
          run: ({ inputs }) => {
            ran.push('score')
            if (broken) throw new Error('down')
            return inputs.fit
          },
        })
    await build().run({ runId: 'r', params: { depth: 7 }, throwOnFailure: false })
    await build().run({ runId: 's', params: { depth: 7 }, throwOnFailure: false })
    broken = false
    ran.length = 0
    expect((await build().resume('r')).outputs.score).toBe(7)
    expect(ran).toEqual(['score'])
    expect((await build().resume('s', { params: { depth: 8 } })).outputs.score).toBe(8)
    expect(ran).toEqual(['score', 'fit', 'score'])
  })
})

describe('secrets', () => {
  const token = 'hunter2-hunter2'
  const pipelineOf = (run: (secret: string) => unknown, storage = memoryStorage()) => {
    const lines: string[] = []
    const logger = { debug: () => {}, info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line), error: () => {} }
    const pipeline = new Pipeline('s', { storage, logger, secrets: ['TOKEN'] }).step('call', {
      secrets: ['TOKEN'],
      cache: true,
      run: ({ secrets, log }) => {
        log(`calling with ${secrets.TOKEN}`)
        return run(secrets.TOKEN)
      },
    })
    return { pipeline, lines, storage }
  }
  const everything = async (storage: ReturnType<typeof memoryStorage>): Promise<string> => {
    const { objects } = await storage.list({ prefix: '' })
    return (await Promise.all(objects.map(async ({ key }) => `${key} ${fromUtf8(await storage.get(key))}`))).join('\n')
  }

  it('reach the step, and neither logs nor the storage', async () => {
    const { pipeline, lines, storage } = pipelineOf((secret) => secret.length)
    const result = await pipeline.run({ secrets: { TOKEN: token } })
    expect(result.outputs.call).toBe(token.length)
    expect(lines).toEqual(['s/call: calling with ***'])
    expect(await everything(storage)).not.toContain('hunter2')
    // Another value is no other work: the cache does not know it.
    expect((await pipeline.run({ secrets: () => 'another-token' })).steps.call.status).toBe('cached')
  })

  it('are taken out of errors, also of their causes and details', async () => {
    const { pipeline, storage } = pipelineOf((secret) => {
      throw new MillwrightError('PermissionDenied', `401 for ${secret}`, {
        details: { url: `https://${secret}@host` },
        cause: new Error(secret),
      })
    })
    const events: unknown[] = []
    pipeline.on('run-end', (event) => events.push(event))
    const error = await pipeline.run({ secrets: { TOKEN: token } }).catch((thrown: unknown) => thrown as MillwrightError & { cause: Error })
    expect((error as MillwrightError).message).toContain('401 for ***')
    expect(`${JSON.stringify(error)} ${(error as Error).stack} ${(error as { cause: Error }).cause.stack}`).not.toContain('hunter2')
    expect(JSON.stringify(events)).not.toContain('hunter2')
    expect(await everything(storage)).not.toContain('hunter2')
  })

  it('reach neither the tracker nor the journal of the run', async () => {
    const written: string[] = []
    const inner = memoryStorage()
    const storage: ObjectStore = {
      ...inner,
      append: async (key, bytes, options) => {
        written.push(`${key} ${fromUtf8(bytes)}`)
        return inner.append(key, bytes, options)
      },
    }
    const tracked = memoryStorage()
    const tracker = createBareTracker({ backend: filesTracker({ storage: tracked }) })
    const pipeline = new Pipeline('s', { storage, tracker, secrets: ['TOKEN'], onFailure: 'continue' })
      .step('fails', { secrets: ['TOKEN'], run: ({ secrets }) => Promise.reject(new Error(`401 for ${secrets.TOKEN}`)) })
      .step('falls back', { secrets: ['TOKEN'], run: ({ secrets }) => Promise.reject(new Error(secrets.TOKEN)), fallback: () => 1 })
    const result = await pipeline.run({ secrets: { TOKEN: token }, throwOnFailure: false })
    expect(result.steps.fails.error?.message).toBe('401 for ***')
    expect(written.join()).toContain('401 for ***')
    const told = await everything(tracked)
    expect(told).toContain('401 for ***')
    expect(`${told} ${written.join()} ${JSON.stringify(result)}`).not.toContain('hunter2')
  })

  it('are taken out of whatever is thrown, and of progress', async () => {
    const circular: Record<string, unknown> = { token }
    circular.self = circular
    const thrown: unknown[] = [
      new AggregateError([new Error(token)], 'many'),
      { message: token },
      token,
      Object.assign(new Error('http'), { inner: new Error(token) }),
      Object.assign(new Error('http'), { circular }),
      Object.assign(new Error('http'), {
        request: { headers: new Headers({ authorization: `Bearer ${token}` }), url: new URL(`http://x/?k=${token}`) },
      }),
      Object.assign(new Error('http'), { map: new Map([['k', new Set([token])]]) }),
    ]
    for (const one of thrown) {
      const { pipeline } = pipelineOf(() => {
        throw one
      })
      const told: unknown[] = []
      pipeline.on('run-end', (event) => told.push(event))
      told.push(await pipeline.run({ secrets: { TOKEN: token } }).catch((error: unknown) => error))
      expect(inspect(told, { depth: 12, showHidden: true })).not.toContain(token)
    }
    const phases: string[] = []
    const pipeline = new Pipeline('s', { secrets: ['TOKEN'] }).step('call', {
      secrets: ['TOKEN'],
      run: ({ secrets, progress }) => progress({ phase: `get ${secrets.TOKEN}`, done: 1, unit: 'steps' }),
    })
    await pipeline.run({ secrets: { TOKEN: token }, onProgress: ({ phase }) => phases.push(phase) })
    expect(phases).toContain('call: get ***')
    expect(phases.join()).not.toContain(token)
  })

  it('in an output of bytes are refused, wherever they begin', async () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      for (const after of ['', 'z', 'yz']) {
        const { pipeline, storage } = pipelineOf((secret) => utf8(before + secret + after))
        await expect(pipeline.run({ secrets: { TOKEN: token } })).rejects.toThrow('holds the value of the secret "TOKEN"')
        expect((await everything(storage)).includes(btoa(before + token).slice(4, 12))).toBe(false)
      }
    }
  })

  it('in an output are refused', async () => {
    const { pipeline, storage } = pipelineOf((secret) => ({ headers: [`Bearer ${secret}`] }))
    await expect(pipeline.run({ secrets: { TOKEN: token } })).rejects.toThrow('holds the value of the secret "TOKEN", so it is not stored')
    expect(await everything(storage)).not.toContain('hunter2')
  })

  it('without a value are refused before anything runs', async () => {
    const { pipeline, lines } = pipelineOf(() => 1)
    await expect(pipeline.run()).rejects.toThrow('step "call" of pipeline "s" needs the secret "TOKEN", which has no value')
    await expect(pipeline.run({ secrets: { TOKEN: '' } })).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect(lines).toEqual([])
  })
})
