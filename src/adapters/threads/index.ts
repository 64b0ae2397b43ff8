/** `millwright/executor/threads`: steps of pipelines in worker threads of Node, Web Workers of a page. */
export { serveSteps } from './serve-steps'
export type { WorkerHandle } from './step-thread'
export { type ThreadsExecutorOptions, threadsExecutor } from './threads-executor'
