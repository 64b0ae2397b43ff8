/** Rules for options that take an implementation of a port. Each message shows what to write. */
import type { OptionRule } from '../core/options'

/** The option takes an object store. */
export function objectStoreRule(): OptionRule {
  return portRule("an object store: write storage: fsStorage({ root: './mlops' }), or memoryStorage()", ['get', 'put', 'list', 'head'])
}

/** The option takes a tracker backend. */
export function trackerBackendRule(): OptionRule {
  return portRule("a tracker backend: write backend: mlflowTracker({ url: 'http://127.0.0.1:5000' }), or filesTracker({ storage })", [
    'ensureExperiment',
    'createRun',
    'logBatch',
  ])
}

/** The option takes a registry backend. */
export function registryBackendRule(): OptionRule {
  return portRule("a registry backend: write backend: mlflowRegistry({ url: 'http://127.0.0.1:5000' }), or give a `storage`", [
    'ensureModel',
    'createVersion',
    'moveAlias',
  ])
}

function portRule(allowed: string, methods: readonly string[]): OptionRule {
  return {
    allowed,
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function'),
  }
}
