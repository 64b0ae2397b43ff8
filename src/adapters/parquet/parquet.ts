/** Parquet into datasets and back. */
export type { ParquetCompressorsLib, ParquetReaderLib, ParquetWriterLib } from './library'
export { type ReadParquetOptions, readParquet } from './read-parquet'
export { type ToParquetOptions, toParquet } from './write-parquet'
