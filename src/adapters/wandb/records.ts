/** Encodes W&B's records. Field numbers: `wandb_internal.proto`, checked against wandb 0.29 and 0.31. */

import {
  type ByteText,
  protoMessage as message,
  protoNested as nested,
  protoText as text,
  protoBytes as toBytes,
  protoWhole as whole,
} from '../../core/protobuf-write'
import { numberText } from './wandb-json'

/** Field numbers of `Record`. */
export const recordFields = {
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  stats: 7,
  alert: 10,
  metric: 12,
  outputRaw: 13,
  run: 17,
  exit: 18,
  header: 21,
  environment: 26,
} as const

/** The body of a record and its field; the number of the record is added when it is written. */
export interface WandbRecord {
  readonly kind: keyof typeof recordFields
  readonly body: ByteText
}

/** A key and its value as JSON text. */
export type JsonItem = readonly [key: string, json: string]

/** The content of a run record. */
export interface RunHead {
  readonly runId: string
  readonly project: string
  readonly entity?: string | undefined
  readonly name?: string | undefined
  readonly notes?: string | undefined
  readonly group?: string | undefined
  readonly jobType?: string | undefined
  readonly tags: readonly string[]
  readonly host?: string | undefined
  readonly startTime: number
  readonly gitCommit?: string | undefined
  readonly gitUrl?: string | undefined
}

/** A numbered record. */
export function encodeRecord({ kind, body }: WandbRecord, number: number): Uint8Array {
  return toBytes(message(whole(1, number), nested(recordFields[kind], body)))
}

/** The header: the writer of the file, and the version of the reader that W&B's own client requires. */
export function headerRecord(producer: string): WandbRecord {
  return { kind: 'header', body: message(nested(1, message(text(1, producer), text(2, '0.70.0')))) }
}

/** The run record; it is written again after a change. */
export function runRecord(head: RunHead, config: readonly JsonItem[] = []): WandbRecord {
  const git = head.gitCommit === undefined && head.gitUrl === undefined ? undefined : message(text(1, head.gitUrl), text(2, head.gitCommit))
  return {
    kind: 'run',
    body: message(
      text(1, head.runId),
      text(2, head.entity),
      text(3, head.project),
      config.length === 0 ? undefined : nested(4, message(items(config, 1))),
      text(6, head.group),
      text(7, head.jobType),
      text(8, head.name),
      text(9, head.notes),
      head.tags.map((tag) => text(10, tag)),
      text(13, head.host),
      nested(17, timestamp(head.startTime)),
      git === undefined ? undefined : nested(21, git),
    ),
  }
}

/** The environment of a run. */
export function environmentRecord(facts: {
  readonly writerId: string
  readonly startTime: number
  readonly os?: string | undefined
  readonly program?: string | undefined
  readonly host?: string | undefined
  readonly user?: string | undefined
  readonly executable?: string | undefined
  readonly gitCommit?: string | undefined
  readonly gitUrl?: string | undefined
}): WandbRecord {
  const { gitCommit, gitUrl } = facts
  const git = gitCommit === undefined && gitUrl === undefined ? undefined : message(text(1, gitUrl), text(2, gitCommit))
  return {
    kind: 'environment',
    body: message(
      text(1, facts.os),
      nested(3, timestamp(facts.startTime)),
      text(6, facts.program),
      git === undefined ? undefined : nested(9, git),
      text(12, facts.host),
      text(13, facts.user),
      text(14, facts.executable),
      text(199, facts.writerId),
    ),
  }
}

/** Config values, new or changed. */
export function configRecord(config: readonly JsonItem[]): WandbRecord {
  return { kind: 'config', body: message(items(config, 1)) }
}

/** One row of the history. */
export function historyRecord(step: number, row: readonly JsonItem[]): WandbRecord {
  return { kind: 'history', body: message(nestedItems(row), nested(2, message(whole(1, step)))) }
}

/** Summary values, new or changed. */
export function summaryRecord(summary: readonly JsonItem[]): WandbRecord {
  return { kind: 'summary', body: message(nestedItems(summary)) }
}

/** The x axis of a metric. */
export function metricRecord(name: string, stepMetric: string | undefined): WandbRecord {
  return {
    kind: 'metric',
    body: message(text(1, name), text(4, stepMetric), nested(6, message(whole(1, stepMetric !== undefined), whole(3, true)))),
  }
}

/** System metrics at one time. */
export function statsRecord(ms: number, values: ReadonlyMap<string, number>): WandbRecord {
  return {
    kind: 'stats',
    body: message(
      nested(2, timestamp(ms)),
      items(
        [...values].map(([key, value]) => [key, numberText(value)] as const),
        3,
      ),
    ),
  }
}

/** A file below `files/` that is to be uploaded at the end. */
export function filesRecord(path: string, isMedia: boolean): WandbRecord {
  // Policy 1: at the end. Type 2: media.
  return { kind: 'files', body: message(nested(1, message(text(1, path), whole(2, 1), whole(3, isMedia ? 2 : 0)))) }
}

/** How the process ended. */
export function exitRecord(exitCode: number, runtimeSeconds: number): WandbRecord {
  return { kind: 'exit', body: message(whole(1, exitCode), whole(2, Math.max(0, Math.floor(runtimeSeconds)))) }
}

function items(list: readonly JsonItem[], number: number): ByteText[] {
  return list.map(([key, json]) => nested(number, message(text(1, key), text(16, json))))
}

/** Rows and summaries hold every key as a path of one part, so that a dot does not nest it. */
function nestedItems(list: readonly JsonItem[]): ByteText[] {
  return list.map(([key, json]) => nested(1, message(text(2, key), text(16, json))))
}

/** `google.protobuf.Timestamp` of epoch milliseconds. */
function timestamp(ms: number): ByteText {
  const seconds = Math.floor(ms / 1000)
  return message(whole(1, seconds), whole(2, Math.round((ms - seconds * 1000) * 1e6)))
}
