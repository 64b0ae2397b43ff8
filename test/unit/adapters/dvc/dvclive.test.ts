import { describe, expect, it } from 'vitest'
import { writeDvclive } from '../../../../src/adapters/dvc/dvclive'
import { memoryStorage } from '../../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../../src/adapters/memory/memory-tracker'
import { fromUtf8 } from '../../../../src/core/bytes'
import { createBareTracker as createTracker } from '../../../../src/run'

async function written(options = {}) {
  const backend = memoryTracker()
  const tracker = createTracker({ backend })
  const runId = await tracker.run({}, (run) => {
    run.logParams({ rate: 0.5, model: { kind: 'x', layers: [1, 2] }, zip: '007' })
    for (let step = 0; step < 2; step++) run.logMetrics({ loss: step, 'loss/train': 5, 'a/b': Number.NaN }, { step, timestamp: 100 + step })
    return run.runId
  })
  const storage = memoryStorage()
  const { keys } = await writeDvclive(backend, runId, storage, options)
  const text = async (key: string): Promise<string> => fromUtf8(await storage.get(key))
  return { keys, text, backend, storage, runId }
}

describe('writeDvclive', () => {
  it('writes DVCLive’s layout', async () => {
    const { keys, text } = await written()
    expect(keys).toEqual([
      'dvclive/params.yaml',
      'dvclive/metrics.json',
      'dvclive/plots/metrics/a/b.tsv',
      'dvclive/plots/metrics/loss/value.tsv',
      'dvclive/plots/metrics/loss/train.tsv',
      'dvc.yaml',
    ])
    expect(await text('dvclive/params.yaml')).toBe("model:\n  kind: x\n  layers:\n  - 1\n  - 2\nrate: 0.5\nzip: '007'\n")
    expect(await text('dvclive/metrics.json')).toBe(
      '{\n    "a": {\n        "b": NaN\n    },\n    "loss": {\n        "value": 1,\n        "train": 5\n    },\n    "step": 1\n}\n',
    )
    expect(await text('dvclive/plots/metrics/loss/value.tsv')).toBe('step\tvalue\n0\t0\n1\t1\n')
    expect(await text('dvc.yaml')).toBe(
      'params:\n- dvclive/params.yaml\nmetrics:\n- dvclive/metrics.json\nplots:\n- dvclive/plots/metrics:\n    x: step\n',
    )
  })

  it('takes another folder, times, and no dvc.yaml', async () => {
    const { keys, text, backend, storage, runId } = await written({ folder: 'live/a', timestamps: true, dvcYaml: false })
    expect(keys).not.toContain('dvc.yaml')
    expect(await text('live/a/plots/metrics/a/b.tsv')).toBe('timestamp\tstep\tb\n100\t0\tNaN\n101\t1\tNaN\n')
    await expect(writeDvclive(backend, runId, storage, { folder: '../x' })).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(writeDvclive(backend, 'nobody', storage)).rejects.toMatchObject({ code: 'NotFound' })
  })
})
