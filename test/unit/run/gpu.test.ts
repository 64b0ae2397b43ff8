import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { nodeSystemMetrics } from '../../../src/adapters/node/node-system-metrics'
import { nvidiaUse } from '../../../src/adapters/node/nvidia'

const path = process.env.PATH
const folder = mkdtempSync(join(tmpdir(), 'millwright-gpu-'))
afterEach(() => {
  process.env.PATH = path
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('graphics cards', () => {
  it('are read of what nvidia-smi prints, in megabytes of 10⁶ bytes; what a card does not tell is left out', async () => {
    const asked: unknown[] = []
    const use = await nvidiaUse(async (...given) => {
      asked.push(given)
      return '0, 37, 1024, 8192, 50.5, 101\n1, 0, 0, 24576, [N/A], [N/A]\n'
    })
    expect(asked).toEqual([
      [
        'nvidia-smi',
        ['--query-gpu=index,utilization.gpu,memory.used,memory.total,power.draw,power.limit', '--format=csv,noheader,nounits'],
      ],
    ])
    expect(use).toEqual({
      gpu_0_utilization_percentage: 37,
      gpu_0_memory_usage_megabytes: 1024 * 1.048576,
      gpu_0_memory_usage_percentage: 12.5,
      gpu_0_power_usage_watts: 50.5,
      gpu_0_power_usage_percentage: 50,
      gpu_1_utilization_percentage: 0,
      gpu_1_memory_usage_megabytes: 0,
      gpu_1_memory_usage_percentage: 0,
    })
  })

  it.skipIf(process.platform === 'win32')(
    'are measured where nvidia-smi is on the path, unless asked not to (not on Windows)',
    async () => {
      const program = join(folder, 'nvidia-smi')
      writeFileSync(program, '#!/bin/sh\necho "0, 90, 512, 1024, 20, 40"\n')
      chmodSync(program, 0o755)
      process.env.PATH = `${folder}${delimiter}${path}`
      const sampleOf = async (gpu: boolean): Promise<Readonly<Record<string, number>>> => {
        const meter = await nodeSystemMetrics({ gpu })()
        const sample = await meter.sample()
        meter.close()
        return sample
      }
      const sample = await sampleOf(true)
      expect([sample.gpu_0_utilization_percentage, sample.gpu_0_memory_usage_percentage]).toEqual([90, 50])
      expect(Object.keys(await sampleOf(false)).filter((key) => key.startsWith('gpu'))).toEqual([])
    },
  )
})
