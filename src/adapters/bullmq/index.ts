/** `millwright/executor/bullmq`: steps of pipelines on many machines, by BullMQ on Redis or PostgreSQL. */
export { type BullmqExecutorOptions, bullmqExecutor } from './bullmq-executor'
export { type BullmqWorkerOptions, bullmqWorker, type QueueWorker } from './bullmq-worker'
export type { BullmqLibrary, JobQueue, JobQueueEvents, QueueConnection, QueueConsumer, QueueJob } from './library'
