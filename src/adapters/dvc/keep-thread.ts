/** The program of a thread that keeps files in a DVC cache; `keep-program.ts` is its text. */
import { serveMessages } from '../../core/thread-program'
import { type BatchRequest, keepBatch } from './keep-batch'
import { createKeeper, type Keeper } from './keep-small'

let last: { readonly run: string; readonly keeper: Keeper } | undefined

serveMessages((request: BatchRequest) => {
  if (last?.run !== request.run) last = { run: request.run, keeper: createKeeper(request.options) }
  const result = keepBatch(request, last.keeper)
  return { result, transfer: [result.facts.buffer as ArrayBuffer] }
})
