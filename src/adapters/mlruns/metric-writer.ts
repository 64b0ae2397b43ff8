/** Appends points to metric files. After a write that failed half-way no point is lost or stored twice, and no line is incomplete. */
import { concatBytes, utf8 } from '../../core/bytes'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { metricLine } from '../../mlruns/metric-lines'
import type { ObjectStore } from '../../ports/object-store'
import { readFrom } from '../../ports/stored-objects'
import type { MetricPoint } from '../../ports/tracker-backend'
import { inParallel, type Tree } from './tree'

/** Writes the metric files of one run. Calls must not overlap. */
export interface MetricWriter {
  /** One write per key. @throws the storage's first error, after every key was tried */
  add(points: readonly MetricPoint[]): Promise<void>
}

/** What is known about one metric file. */
interface KnownFile {
  /** Bytes known to be stored, ending with a complete line. */
  size: number
  /** The last points that share a timestamp, to recognise repeated ones. */
  recent: Recent
  /** A write that failed, so that it is not known what it stored. */
  unconfirmed: { readonly bytes: Uint8Array; readonly points: readonly MetricPoint[]; readonly recent: Recent } | undefined
}

/** A timestamp, its lines, and their greatest step. A point with a greater step is new. */
interface Recent {
  readonly timestamp: number
  readonly step: number
  readonly lines: readonly string[]
}

/** How often a conflicting write is retried on a store without atomic append. */
const ATTEMPTS = 20
/** Characters of metric lines that are encoded at once. */
const PART_LENGTH = 16_384

/** A writer of the metric files below `folder` (ending in `/`). */
export function createMetricWriter(tree: Tree, folder: string): MetricWriter {
  const { storage } = tree
  const files = new Map<string, KnownFile>()
  /** Points that were stored although their batch failed. */
  let stored: WeakSet<MetricPoint> | undefined

  /** Finds out what an unconfirmed write stored, and completes it if a part is missing. */
  const settle = async (file: string, known: KnownFile): Promise<void> => {
    if (known.unconfirmed === undefined) return
    const { bytes } = known.unconfirmed
    const info = await storage.head(file)
    const extra = info === undefined || info.sizeBytes <= known.size ? new Uint8Array(0) : await readFrom(storage, file, known.size)
    if (startsWith(bytes, extra)) {
      if (extra.length > 0 && extra.length < bytes.length) await extend(storage, file, bytes.subarray(extra.length))
      if (extra.length > 0) commit(known, known.unconfirmed, bytes.length)
    } else if (holds(extra, bytes)) commit(known, known.unconfirmed, extra.length)
    else known.size = (await openFile(storage, file)).size
    known.unconfirmed = undefined
  }

  const commit = (known: KnownFile, { points, recent }: NonNullable<KnownFile['unconfirmed']>, length: number): void => {
    known.size += length
    known.recent = recent
    keep(points)
  }

  const keep = (points: readonly MetricPoint[]): void => {
    stored ??= new WeakSet()
    for (const point of points) stored.add(point)
  }

  const addTo = async (key: string, given: readonly MetricPoint[]): Promise<readonly MetricPoint[]> => {
    const file = folder + key
    const known = files.get(key) ?? (await openFile(storage, file))
    files.set(key, known)
    await settle(file, known)
    const points = stored === undefined ? given : given.filter((point) => !stored?.has(point))
    const { bytes, recent } = newLines(points, known.recent)
    if (bytes.length > 0) {
      if (known.size + bytes.length > storage.capabilities.maxObjectBytes) {
        throw new MillwrightError('Unsupported', `metric ${show(key)} has outgrown what ${storage.name} keeps in one object`)
      }
      known.unconfirmed = { bytes, points, recent }
      await extend(storage, file, bytes)
      known.unconfirmed = undefined
      known.size += bytes.length
      known.recent = recent
    }
    return given
  }

  return {
    async add(points) {
      const done: (readonly MetricPoint[])[] = []
      try {
        await inParallel([...groupByKey(points)], async ([key, group]) => void done.push(await addTo(key, group)))
      } catch (error) {
        for (const group of done) keep(group)
        throw error
      }
    },
  }
}

/** Opens a metric file. Removes an incomplete last line, which was never acknowledged. */
async function openFile(storage: ObjectStore, file: string): Promise<KnownFile> {
  const info = await storage.head(file)
  let size = info?.sizeBytes ?? 0
  if (info !== undefined && size > 0) {
    const last = await readFrom(storage, file, size - 1)
    if (last[0] !== 10) {
      const bytes = await storage.get(file)
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
      await storage.put(file, whole, storage.capabilities.conditionalPut ? { ifMatch: info.etag } : {})
      size = whole.length
    }
  }
  return { size, recent: { timestamp: -1, step: Number.NEGATIVE_INFINITY, lines: [] }, unconfirmed: undefined }
}

/** Appends bytes to a file. Without atomic append, reads it and writes it back conditionally. */
async function extend(storage: ObjectStore, file: string, bytes: Uint8Array): Promise<void> {
  if (storage.capabilities.appendAtomic) return storage.append(file, bytes)
  for (let attempt = 0; ; attempt++) {
    const info = await storage.head(file)
    const held = info === undefined ? new Uint8Array(0) : await storage.get(file)
    const condition = !storage.capabilities.conditionalPut ? {} : info === undefined ? { ifAbsent: true } : { ifMatch: info.etag }
    try {
      await storage.put(file, concatBytes([held, bytes]), condition)
      return
    } catch (error) {
      if (!isMillwrightError(error, 'Conflict') || attempt === ATTEMPTS) throw error
    }
  }
}

function groupByKey(points: readonly MetricPoint[]): Map<string, MetricPoint[]> {
  const groups = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const group = groups.get(point.key)
    if (group === undefined) groups.set(point.key, [point])
    else group.push(point)
  }
  return groups
}

/** The lines of points, without those equal to one just before with the same timestamp: MLflow's database keeps only one of them. */
function newLines(points: readonly MetricPoint[], recent: Recent): { readonly bytes: Uint8Array; readonly recent: Recent } {
  let { timestamp, step } = recent
  let lines = [...recent.lines]
  /** `lines`, once a point is not beyond them. */
  let seen: Set<string> | undefined
  const parts: Uint8Array[] = []
  let text = ''
  for (const point of points) {
    if (point.timestamp !== timestamp) {
      timestamp = point.timestamp
      step = Number.NEGATIVE_INFINITY
      lines = []
      seen = undefined
    }
    const line = metricLine(point)
    if (point.step > step) step = point.step
    else {
      seen ??= new Set(lines)
      if (seen.has(line)) continue
    }
    seen?.add(line)
    lines.push(line)
    text += line
    // In parts, so that not every line lives on as a text until the last one is there.
    if (text.length > PART_LENGTH) {
      parts.push(utf8(text))
      text = ''
    }
  }
  parts.push(utf8(text))
  return { bytes: concatBytes(parts), recent: { timestamp, step, lines } }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.length <= bytes.length && start.every((byte, i) => byte === bytes[i])
}

/** Whether whole lines equal to `wanted` stand in `bytes`. */
function holds(bytes: Uint8Array, wanted: Uint8Array): boolean {
  for (let at = 0; at + wanted.length <= bytes.length; at = bytes.indexOf(10, at) + 1) {
    if (startsWith(bytes.subarray(at), wanted)) return true
    if (bytes.indexOf(10, at) < 0) return false
  }
  return false
}
