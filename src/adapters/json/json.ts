/** JSON and newline-delimited JSON into datasets and back. */
export type { ReadJsonOptions, ReadNdjsonBatchesOptions } from './json-options'
export { readJson, readNdjson, readNdjsonBatches } from './read-json'
export { type ToJsonOptions, toJson, toNdjson } from './write-json'
