/** The one typed event emitter, over eventemitter3. A listener that throws never breaks the operation. */
import { EventEmitter } from 'eventemitter3'

/** Options of {@link Emitter.on}. */
export interface ListenOptions {
  /** Unsubscribes when aborted. */
  readonly signal?: AbortSignal | undefined
  /** Unsubscribes after the first event. @default false */
  readonly once?: boolean | undefined
}

/** Typed events: `Events` maps an event name to what its listeners receive. */
export interface Emitter<Events extends { error: unknown }> {
  /** Subscribes; the returned function unsubscribes. */
  on<K extends keyof Events & string>(type: K, listener: (event: Events[K]) => void, options?: ListenOptions): () => void
  /** Calls the listeners of `type` in order; what one throws goes to `error` listeners and nowhere else. */
  emit<K extends keyof Events & string>(type: K, event: Events[K]): void
  /** How many listeners `type` has. */
  listenerCount(type: keyof Events & string): number
}

/** A new emitter. */
export function createEmitter<Events extends { error: unknown }>(): Emitter<Events> {
  const emitter = new EventEmitter()
  return {
    on(type, listener, options = {}) {
      if (options.signal?.aborted) return () => {}
      const guarded = (event: Events[typeof type]): void => {
        if (options.once) off()
        try {
          listener(event)
        } catch (error) {
          if (type !== 'error' && emitter.listenerCount('error') > 0) emitter.emit('error', error)
        }
      }
      const off = (): void => {
        emitter.off(type, guarded)
        options.signal?.removeEventListener('abort', off)
      }
      emitter.on(type, guarded)
      options.signal?.addEventListener('abort', off, { once: true })
      return off
    },
    emit: (type, event) => void emitter.emit(type, event),
    listenerCount: (type) => emitter.listenerCount(type),
  }
}
