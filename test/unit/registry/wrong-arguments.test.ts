import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { betterThan, copyVersion, exportModel, importModel, ModelRegistry } from '../../../src/registry'
import { createBareTracker as createTracker } from '../../../src/run'

const forgotten = Promise.resolve() as never
const told = 'a Promise (did you forget `await`?)'

describe('what the registry is given without its await', () => {
  it('is named', async () => {
    const registry = new ModelRegistry({ storage: memoryStorage() })
    await expect(registry.register('m', forgotten)).rejects.toThrow(`register takes a fitted model, or a package, got ${told}`)
    await expect(registry.register('m', forgotten, { metrics: forgotten })).rejects.toThrow(
      `\`metrics\` of register must be an object, got ${told}`,
    )
    await expect(registry.getVersion('m', forgotten)).rejects.toThrow(`a model version must be a whole number from 1, got ${told}`)
    await expect(exportModel(forgotten, 'm@1')).rejects.toThrow(`exportModel needs a ModelRegistry, got ${told}`)
    await expect(importModel(forgotten, new Uint8Array())).rejects.toThrow(`importModel needs a ModelRegistry, got ${told}`)
    await expect(copyVersion(registry, 'm@1', undefined as never)).rejects.toThrow('copyVersion needs a ModelRegistry, got undefined')
    expect(() => betterThan('champion', undefined as never)).toThrow('betterThan takes an alias and options')
  })
})

describe('what a run is given without its await', () => {
  it('is named, and nothing is stored', async () => {
    const tracker = createTracker({ backend: memoryTracker() })
    const run = await tracker.startRun()
    expect(() => run.logParam('a', forgotten)).toThrow(`the value of param "a" must be a value, got ${told}`)
    expect(() => run.logMetrics(forgotten)).toThrow(`metrics must be an object of names and values, got ${told}`)
    expect(() => run.logMetrics([0.9] as never)).toThrow('metrics must be an object of names and values, got an array of 1')
    expect(() => run.setTags(forgotten)).toThrow(`tags must be an object of names and values, got ${told}`)
    expect(() => run.logInput(forgotten)).toThrow(`a dataset input must be a table or a description, got ${told}`)
    await expect(run.logModel('m', forgotten)).rejects.toThrow(`logModel takes a fitted model, or a package, got ${told}`)
    await run.finish()
    expect((await tracker.getRun(run.runId)).params).toEqual({})
  })
})
