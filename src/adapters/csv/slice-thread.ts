/** The program of a thread that reads slices of CSV files; `slice-program.ts` is its text. */
import { serveMessages } from '../../core/thread-program'
import { readSlice, type SliceRequest } from './slice'

serveMessages((request: SliceRequest) => {
  const result = readSlice(request)
  const transfer = result.columns.flatMap(({ values, texts }) => [
    values.buffer as ArrayBuffer,
    ...(texts === undefined ? [] : [texts.bytes.buffer as ArrayBuffer, texts.offsets.buffer as ArrayBuffer]),
  ])
  return { result, transfer }
})
