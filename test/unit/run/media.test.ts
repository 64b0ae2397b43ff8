import { describe, expect, it } from 'vitest'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { fromUtf8 } from '../../../src/core/bytes'
import { createBareTracker as createTracker } from '../../../src/run'

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3)

describe('figures, images, pages', () => {
  it('lie where MLflow’s pages look for them', async () => {
    const backend = memoryTracker()
    const tracker = createTracker({ backend })
    const run = await tracker.startRun()
    run.logFigure('plots/roc.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
    run.logFigure('plots/roc.png', png)
    run.logHtml('report.html', '<p>hi</p>')
    run.logImage('maps/error', png, { step: 4, timestamp: 1700 })
    await run.finish()
    const owner = { runId: run.runId }
    expect(fromUtf8(await backend.getArtifact(owner, 'plots/roc.svg'))).toContain('<svg')
    expect(await backend.getArtifact(owner, 'plots/roc.png')).toEqual(png)
    expect(fromUtf8(await backend.getArtifact(owner, 'report.html'))).toBe('<p>hi</p>')
    const images = (await backend.listArtifacts(owner, 'images')).map(({ path }) => path).sort()
    const id = '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}'
    expect(images).toHaveLength(2)
    expect(images[0]).toMatch(new RegExp(`^images/maps~error\\+step\\+4\\+timestamp\\+1700\\+${id}\\+compressed\\.webp$`))
    expect(images[1]).toMatch(new RegExp(`^images/maps~error\\+step\\+4\\+timestamp\\+1700\\+${id}\\.png$`))
    expect((await backend.getRun(run.runId)).tags['mlflow.loggedImages']).toBe('True')
    expect(() => run.logImage('late', png)).toThrow(/finished/)
  })

  it('are refused when they are not what they say', async () => {
    const run = await createTracker({ backend: memoryTracker() }).startRun()
    const wrong: (() => void)[] = [
      () => run.logFigure('a.svg', 'no drawing'),
      () => run.logFigure('a.svg', png as unknown as string),
      () => run.logFigure('a.png', '<svg/>'),
      () => run.logFigure('a.jpg', png),
      () => run.logFigure('a.pdf', png),
      () => run.logFigure('../a.png', png),
      () => run.logFigure('a.png', {}),
      () => run.logHtml('a.txt', '<p>'),
      () => run.logImage('a+b', png),
      () => run.logImage('../a', png),
      () => run.logImage('a', png.slice(1)),
      () => run.logImage('a', png, { step: -1 }),
      () => run.logImage('a', png, { thumbnail: png }),
    ]
    for (const [i, call] of wrong.entries()) expect(call, String(i)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
    await run.finish()
  })
})
