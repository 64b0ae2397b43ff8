/** The inside of a thread of core/threads.ts: answers its messages. */
import { findBuiltin } from './node-builtin'
import type { ThreadReply } from './threads'

/** The answer to a message, and the buffers that are handed over with it. */
export interface Answer {
  readonly result: unknown
  readonly transfer?: readonly Transferable[]
}

/** Answers every message with what `work` makes of it. */
export function serveMessages(work: (message: never) => Answer | Promise<Answer>): void {
  const answer = async ({ id, message }: { readonly id: number; readonly message: unknown }): Promise<void> => {
    try {
      const { result, transfer = [] } = await work(message as never)
      send({ id, result }, transfer)
    } catch (error) {
      send({ id, error: error instanceof Error ? error.message : String(error) }, [])
    }
  }
  const { parentPort } = findBuiltin<{ readonly parentPort: NodePort | null }>('node:worker_threads') ?? {}
  const scope = globalThis as unknown as WebScope
  const send = (reply: ThreadReply, transfer: readonly Transferable[]): void =>
    parentPort ? parentPort.postMessage(reply, transfer) : scope.postMessage(reply, [...transfer])
  if (parentPort) parentPort.on('message', (message) => void answer(message as never))
  else scope.onmessage = ({ data }) => void answer(data as never)
}

interface NodePort {
  on(event: 'message', listener: (message: unknown) => void): unknown
  postMessage(message: unknown, transfer: readonly Transferable[]): void
}

/** The global scope of a Web Worker. */
interface WebScope {
  onmessage: (event: { readonly data: unknown }) => void
  postMessage(message: unknown, transfer: Transferable[]): void
}
