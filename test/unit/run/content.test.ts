import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { folderFiles } from '../../../src/adapters/node/folder-files'
import { fromUtf8 } from '../../../src/core/bytes'
import { createBareTracker as createTracker, type Drawing } from '../../../src/run'

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])
const dataUrl = `data:image/png;base64,${btoa(String.fromCharCode(...png))}`

describe('artifacts', () => {
  it('are stored of Blobs, buffers, maps and drawings, as they were when logged', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    const read = async (path: string): Promise<string> => fromUtf8(await tracker.readArtifact(run.runId, path))
    let drawn = dataUrl
    const canvas: Drawing = { toDataURL: () => drawn }
    run.logArtifact('blob.txt', new Blob(['from a blob']))
    run.logArtifact('buffer.bin', new Uint8Array([65, 66]).buffer)
    run.logArtifact('map.json', new Map([['a', 1]]))
    run.logFigure('canvas.png', canvas)
    drawn = 'data:,changed afterwards'
    run.logFigure('offscreen.png', { convertToBlob: async ({ type } = {}) => new Blob([png], { type: type ?? '' }) })
    run.logFigure('chart.svg', { toSVG: () => '<svg>drawn</svg>' })
    run.logFigure('element.svg', { outerHTML: '<svg>element</svg>' })
    run.logImage('grid/one', new Blob([png]), { step: 2, timestamp: 5 })
    run.logTable('columns.json', { x: new Float64Array([1, Number.NaN]), y: ['a', undefined] })
    await run.flush()
    expect(await read('blob.txt')).toBe('from a blob')
    expect(await read('buffer.bin')).toBe('AB')
    expect(await read('map.json')).toBe('{"a":1}\n')
    expect(await tracker.readArtifact(run.runId, 'canvas.png')).toEqual(png)
    expect(await tracker.readArtifact(run.runId, 'offscreen.png')).toEqual(png)
    expect([await read('chart.svg'), await read('element.svg')]).toEqual(['<svg>drawn</svg>', '<svg>element</svg>'])
    expect((await tracker.listArtifacts(run.runId, 'images')).map(({ path }) => path)[0]).toMatch(
      /^images\/grid~one\+step\+2\+timestamp\+5\+/,
    )
    expect(JSON.parse(await read('columns.json'))).toEqual({
      columns: ['x', 'y'],
      data: [
        [1, 'a'],
        [null, null],
      ],
    })
    await run.finish()
  })

  it('that turn out wrong are told, thrown by flush once, and keep nothing else from being stored', async () => {
    const errors: unknown[] = []
    const tracker = createTracker({ backend: memoryTracker(), onError: (error) => errors.push(error) })
    const run = await tracker.startRun()
    run.logFigure('late.png', new Blob(['no picture']))
    run.logText('note.txt', 'kept')
    await expect(run.flush()).rejects.toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining('late.png') })
    await run.finish()
    expect(errors).toHaveLength(1)
    expect((await tracker.listArtifacts(run.runId)).map(({ path }) => path)).toEqual(['note.txt'])
  })

  it('refuse what would be lost silently', async () => {
    const run = await createTracker({ backend: memoryTracker() }).startRun()
    const wrong: (() => void)[] = [
      () => run.logArtifact('a', new ReadableStream()),
      () => run.logArtifact('a', Promise.resolve('x')),
      () => run.logArtifact('a', undefined as unknown as object),
      () => run.logJson('a', undefined),
      () => run.logTable('a.json', { x: [1, 2], y: [1] }),
      () => run.logTable('a.json', [1] as never),
      () => run.logFigure('a.png', { toDataURL: () => 'data:image/png,plain' }),
      () => run.logMetric('m', 1, 3 as never),
      () => run.logMetric('m', 1, { stpe: 3 } as never),
      () => run.logImage('a', png, { stpe: 3 } as never),
    ]
    for (const [i, call] of wrong.entries()) expect(call, String(i)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
    await run.finish()
  })

  it('of a folder come with their paths, links left out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millwright-folder-'))
    mkdirSync(join(folder, 'sub/deep'), { recursive: true })
    writeFileSync(join(folder, 'b.txt'), 'B')
    writeFileSync(join(folder, 'sub/deep/a.txt'), 'A')
    symlinkSync('/etc', join(folder, 'etc'))
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    expect(await run.logArtifacts(folderFiles(folder), { under: 'out' })).toBe(2)
    expect(await run.logArtifacts({ 'plain.txt': 'P' })).toBe(1)
    expect(fromUtf8(await tracker.readArtifact(run.runId, 'out/sub/deep/a.txt'))).toBe('A')
    expect((await tracker.listArtifacts(run.runId, 'out')).map(({ path }) => path)).toEqual(['out/b.txt', 'out/sub'])
    await expect(run.logArtifacts(folderFiles(join(folder, 'none')))).rejects.toThrow(/none.*no folder/)
    await expect(run.logArtifacts({ a: 'x' }, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await run.finish()
    rmSync(folder, { recursive: true })
  })
})

describe('params', () => {
  it('of maps, sets, addresses and empty objects are not lost', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const runId = await tracker.run({}, (run) => {
      run.logParams({ map: new Map([['depth', 3]]), set: new Set([1, 2]), url: new URL('http://a.example/x'), none: {}, like: /a+/g })
      run.logParams({})
      return run.runId
    })
    expect((await tracker.getRun(runId)).params).toEqual({
      'map.depth': '3',
      set: '[1,2]',
      url: 'http://a.example/x',
      none: '{}',
      like: '/a+/g',
    })
  })
})

describe('ready', () => {
  it('waits for room, and says when the backend does not make any', async () => {
    const backend = memoryTracker()
    let stored = 0
    let fails = false
    const slow = {
      ...backend,
      logBatch: async (...given: Parameters<typeof backend.logBatch>) => {
        if (fails) throw new Error('down')
        stored += given[1].metrics?.length ?? 0
        await backend.logBatch(...given)
      },
    }
    const tracker = createTracker({ backend: slow, maxBufferedPoints: 100, flushIntervalMs: 3_600_000, onError: () => {} })
    const run = await tracker.startRun()
    let most = 0
    for (let step = 0; step < 1000; step++) {
      run.logMetric('m', step, { step })
      expect(await run.ready()).toBe(true)
      most = Math.max(most, step + 1 - stored)
    }
    expect(most).toBeLessThanOrEqual(50)
    fails = true
    for (let step = 0; step < 60; step++) run.logMetric('n', step, { step })
    expect(await run.ready()).toBe(false)
    fails = false
    expect(await run.ready()).toBe(true)
    await run.finish()
    expect(await tracker.metricHistory(run.runId, 'm')).toHaveLength(1000)
    expect(await tracker.metricHistory(run.runId, 'n')).toHaveLength(60)
  })
})

describe('using', () => {
  it('ends a run with its block, where the runtime knows how', async ({ skip }) => {
    const { asyncDispose } = Symbol as { asyncDispose?: symbol }
    if (asyncDispose === undefined) return skip('the runtime has no Symbol.asyncDispose')
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    await (run as unknown as Record<symbol, () => Promise<void>>)[asyncDispose]?.()
    expect(run.status).toBe('finished')
  })
})
