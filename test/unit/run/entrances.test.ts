/** The ways in, called in another way than is meant: one message each, with the line to write. */
import { describe, expect, it } from 'vitest'
import { fsStorage } from '../../../src/adapters/fs/fs-storage'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { memoryTracker } from '../../../src/adapters/memory/memory-tracker'
import { mlflowRegistry } from '../../../src/adapters/mlflow/registry/mlflow-registry'
import { mlflowTracker } from '../../../src/adapters/mlflow/tracker/mlflow-tracker'
import { filesTracker } from '../../../src/adapters/mlruns/files-tracker'
import { sqliteRegistry } from '../../../src/adapters/sqlite/registry/sqlite-registry'
import { sqliteTracker } from '../../../src/adapters/sqlite/tracker/sqlite-tracker'
import { isMillwrightError } from '../../../src/core/errors'
import { queuedTracker } from '../../../src/layers/queued/queued-tracker'
import { teeTracker } from '../../../src/layers/tee/tee-tracker'
import { ModelRegistry } from '../../../src/registry'
import { createBareTracker as bareTracker } from '../../../src/run'
import { createTracker } from '../../../src/wiring/create-tracker'

type Call = (...given: unknown[]) => unknown
const tracker = createTracker as unknown as Call
const registry: Call = (options) => new ModelRegistry(options as never)
const storage = memoryStorage()
const store = "must be an object store: write storage: fsStorage({ root: './mlops' }), or memoryStorage(), got"
const later = Promise.resolve(storage)

const cases: [string, () => unknown, string | RegExp][] = [
  [
    'createTracker, a path',
    () => tracker('./mlops'),
    'createTracker takes an object of options, got "./mlops": write createTracker({ storage: fsStorage({ root: "./mlops" }) })',
  ],
  [
    'createTracker, nothing',
    () => tracker(),
    'createTracker takes an object of options, got undefined: write createTracker({ storage: fsStorage({ root: "./mlops" }) })',
  ],
  ['createTracker, null', () => tracker(null), /^createTracker takes an object of options, got null/],
  ['createTracker, a promise', () => tracker(later), /^createTracker takes an object of options, got an? .*: write createTracker/],
  ['createTracker, storage a path', () => tracker({ storage: './mlops' }), `\`storage\` of createTracker ${store} "./mlops"`],
  [
    'createTracker, storage a promise',
    () => tracker({ storage: later }),
    /^`storage` of createTracker must be an object store: write .*, got an? /,
  ],
  ['createTracker, storage null', () => tracker({ storage: null }), /^`storage` of createTracker must be an object store/],
  [
    'createTracker, backend a promise',
    () => tracker({ backend: Promise.resolve(memoryTracker()) }),
    /^`backend` of createTracker must be a tracker backend/,
  ],
  [
    'createTracker, path',
    () => tracker({ path: './x' }),
    '`path` is not an option of createTracker, `storage` is: write createTracker({ storage: fsStorage({ root: "./x" }) })',
  ],
  [
    'createTracker of millwright/run, an address',
    () => (bareTracker as unknown as Call)('http://x'),
    'createTracker takes an object of options, got "http://x": write createTracker({ backend: mlflowTracker({ url: "http://x" }) })',
  ],
  [
    'createTracker of millwright/run, a storage',
    () => (bareTracker as unknown as Call)({ backend: storage }),
    /^`backend` of createTracker must be a tracker backend: write .*filesTracker\(\{ storage \}\)/,
  ],
  [
    'ModelRegistry, a path',
    () => registry('./x'),
    'ModelRegistry takes an object of options, got "./x": write new ModelRegistry({ storage: fsStorage({ root: "./x" }) })',
  ],
  ['ModelRegistry, nothing', () => registry(), /^ModelRegistry takes an object of options, got undefined: write new ModelRegistry/],
  ['ModelRegistry, storage a path', () => registry({ storage: './x' }), `\`storage\` of ModelRegistry ${store} "./x"`],
  ['ModelRegistry, backend a promise', () => registry({ backend: later }), /^`backend` of ModelRegistry must be a registry backend/],
  [
    'fsStorage, a path',
    () => (fsStorage as unknown as Call)('./x'),
    'fsStorage takes an object of options, got "./x": write fsStorage({ root: "./x" })',
  ],
  [
    'fsStorage, path',
    () => (fsStorage as unknown as Call)({ path: './x' }),
    '`path` is not an option of fsStorage, `root` is: write fsStorage({ root: "./x" })',
  ],
  ['fsStorage, nothing in it', () => (fsStorage as unknown as Call)({}), /needs `root`.*write fsStorage\(\{ root: '\.\/mlops' \}\)/],
  [
    'filesTracker, a path',
    () => (filesTracker as unknown as Call)('./x'),
    'filesTracker takes an object of options, got "./x": write filesTracker({ storage: fsStorage({ root: "./x" }) })',
  ],
  [
    'filesTracker, storage a path',
    () => (filesTracker as unknown as Call)({ storage: './x' }),
    `\`storage\` of filesTracker ${store} "./x"`,
  ],
  [
    'mlflowTracker, an address',
    () => (mlflowTracker as unknown as Call)('http://h'),
    'mlflowTracker takes an object of options, got "http://h": write mlflowTracker({ url: "http://h" })',
  ],
  [
    'mlflowTracker, uri',
    () => (mlflowTracker as unknown as Call)({ uri: 'http://h' }),
    '`uri` is not an option of mlflowTracker, `url` is: write mlflowTracker({ url: "http://h" })',
  ],
  ['mlflowRegistry, an address', () => (mlflowRegistry as unknown as Call)('http://h'), /write mlflowRegistry\(\{ url: "http:\/\/h" \}\)$/],
  [
    'sqliteTracker, a path',
    () => (sqliteTracker as unknown as Call)('m.db'),
    /write await sqliteTracker\(\{ path: "m\.db", storage: fsStorage\(\{ root: '\.' \}\) \}\)$/,
  ],
  [
    'sqliteTracker, no storage',
    () => (sqliteTracker as unknown as Call)({ path: 'm.db' }),
    /^sqliteTracker needs `path` and `storage`: write await sqliteTracker/,
  ],
  ['sqliteRegistry, no storage', () => (sqliteRegistry as unknown as Call)({ path: 'm.db' }), /^sqliteRegistry needs `path` and `storage`/],
  [
    'queuedTracker, nothing',
    () => (queuedTracker as unknown as Call)(),
    /^queuedTracker takes an object of options, got undefined: write queuedTracker/,
  ],
  [
    'queuedTracker, backend an address',
    () => (queuedTracker as unknown as Call)({ backend: 'http://h', storage }),
    /^`backend` of queuedTracker must be a tracker backend/,
  ],
  [
    'teeTracker, a promise among',
    () => (teeTracker as unknown as Call)([memoryTracker(), sqliteTracker as unknown]),
    /^backend 1 of teeTracker must be a tracker backend/,
  ],
]

describe('ways in', () => {
  it.each(cases)('%s', async (_, call, message) => {
    const error = await (async () => call())().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isMillwrightError(error, 'InvalidArgument'), String(error)).toBe(true)
    if (typeof message === 'string') expect((error as Error).message).toBe(message)
    else expect((error as Error).message).toMatch(message)
  })
})
