/**
 * System metrics of a Node, Bun or Deno process: CPU, memory, disk, network, event loop.
 *
 * Built-in modules are loaded with `process.getBuiltinModule` instead of an import, so that bundles for browsers can contain this file. There
 * nothing can be measured.
 */
import { findBuiltin } from '../../core/node-builtin'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import type { SystemMeter, SystemMeterSource } from '../../ports/system-metrics'

/** Options of {@link nodeSystemMetrics}. */
export interface NodeSystemMetricsOptions {
  /** A path on the disk to measure. @default the working directory */
  readonly path?: string | undefined
  /** Whether NVIDIA GPUs are measured, if `nvidia-smi` is on the path. @default true */
  readonly gpu?: boolean | undefined
}

interface CpuTimes {
  readonly times: Readonly<Record<string, number>>
}
interface NodeOs {
  cpus(): readonly CpuTimes[]
  totalmem(): number
  freemem(): number
}
interface NodeFiles {
  statfs?(path: string): Promise<{ readonly bsize: number; readonly blocks: number; readonly bfree: number; readonly bavail: number }>
  readFile(path: string, encoding: 'utf8'): Promise<string>
}
interface DelayHistogram {
  readonly mean: number
  enable(): unknown
  disable(): unknown
  reset(): unknown
}
type ExecFile = (
  file: string,
  args: readonly string[],
  options: { readonly timeout: number; readonly windowsHide: boolean },
  callback: (error: unknown, stdout: string) => void,
) => unknown

/** MLflow's megabyte. */
const MEGABYTE = 1e6
/** The interval of the event loop timer, in milliseconds. The delay is the time beyond it. */
const LOOP_MS = 20

/**
 * MLflow's system metrics: `cpu_utilization_percentage` (all CPUs, since the last sample), `system_memory_usage_megabytes` and
 * `…_percentage`, `disk_usage_percentage`, `disk_usage_megabytes`, `disk_available_megabytes`, on Linux `network_receive_megabytes` and
 * `network_transmit_megabytes` (since the meter was made); and our own `event_loop_delay_milliseconds` (mean since the last sample) and
 * `process_memory_usage_megabytes`; and those of NVIDIA GPUs (see {@link NodeSystemMetricsOptions.gpu}). Metrics that a runtime cannot measure are left out. A megabyte is 10⁶ bytes.
 *
 * @example createTracker({ backend, systemMetrics: true, systemMeter: nodeSystemMetrics() })
 */
export function nodeSystemMetrics(options: NodeSystemMetricsOptions = {}): SystemMeterSource {
  checkOptions('nodeSystemMetrics', options, { path: nonEmptyString(), gpu: ofType('boolean') })
  return async () => {
    const [os, files] = [findBuiltin<NodeOs>('node:os'), findBuiltin<NodeFiles>('node:fs/promises')]
    if (os === undefined || files === undefined) return { sample: () => ({}), close() {} }
    const { process } = globalThis as { process?: { cwd?(): string } }
    const path = options.path ?? attempt(() => process?.cwd?.()) ?? '.'
    const loop = loopDelay()
    let cpuBefore = cpuTimes(os)
    const networkAtStart = await networkTotals(files)
    const cards = options.gpu === false ? noCards : await cardsOf()
    return {
      async sample() {
        const cpu = cpuTimes(os)
        const [elapsed, idle] = [cpu.total - cpuBefore.total, cpu.idle - cpuBefore.idle]
        cpuBefore = cpu
        const [disk, network, gpu] = await Promise.all([diskUse(files, path), networkTotals(files), cards()])
        return {
          ...(elapsed > 0 ? { cpu_utilization_percentage: (100 * (elapsed - idle)) / elapsed } : {}),
          ...memoryUse(os),
          ...disk,
          ...(network === undefined || networkAtStart === undefined
            ? {}
            : {
                network_receive_megabytes: (network.received - networkAtStart.received) / MEGABYTE,
                network_transmit_megabytes: (network.sent - networkAtStart.sent) / MEGABYTE,
              }),
          ...gpu,
          ...loop.take(),
        }
      },
      close: loop.close,
    } satisfies SystemMeter
  }
}

const noCards = async (): Promise<Record<string, number>> => ({})
/** Longest time for `nvidia-smi`, in milliseconds. */
const CARDS_MS = 5000

/** Measures GPUs; when the program is missing or fails at the first call, it is not called again. */
async function cardsOf(): Promise<() => Promise<Record<string, number>>> {
  const processes = attempt(() => findBuiltin<{ execFile: ExecFile }>('node:child_process'))
  if (processes === undefined) return noCards
  const { nvidiaUse } = await import('./nvidia')
  const ask = (): Promise<Record<string, number>> =>
    nvidiaUse(
      (file, args) =>
        new Promise((resolve, reject) => {
          processes.execFile(file, args, { timeout: CARDS_MS, windowsHide: true }, (error, stdout) =>
            error ? reject(error) : resolve(stdout),
          )
        }),
    )
  try {
    return Object.keys(await ask()).length === 0 ? noCards : () => ask().catch(() => ({}))
  } catch {
    return noCards
  }
}

function cpuTimes(os: NodeOs): { readonly total: number; readonly idle: number } {
  let total = 0
  let idle = 0
  for (const { times } of attempt(() => os.cpus()) ?? []) {
    for (const [kind, ms] of Object.entries(times)) {
      total += ms
      if (kind === 'idle') idle += ms
    }
  }
  return { total, idle }
}

function memoryUse(os: NodeOs): Record<string, number> {
  const [total, free] = [attempt(() => os.totalmem()), attempt(() => os.freemem())]
  const { process } = globalThis as { process?: { memoryUsage?(): { readonly rss: number } } }
  const own = attempt(() => process?.memoryUsage?.().rss)
  return {
    ...(total === undefined || free === undefined || total <= 0
      ? {}
      : {
          system_memory_usage_megabytes: (total - free) / MEGABYTE,
          system_memory_usage_percentage: (100 * (total - free)) / total,
        }),
    ...(own === undefined ? {} : { process_memory_usage_megabytes: own / MEGABYTE }),
  }
}

async function diskUse(files: NodeFiles, path: string): Promise<Record<string, number>> {
  try {
    if (files.statfs === undefined) return {}
    const { bsize, blocks, bfree, bavail } = await files.statfs(path)
    const used = blocks - bfree
    return {
      // Space reserved for the system does not count, as in df and psutil.
      ...(used + bavail > 0 ? { disk_usage_percentage: (100 * used) / (used + bavail) } : {}),
      disk_usage_megabytes: (used * bsize) / MEGABYTE,
      disk_available_megabytes: (bavail * bsize) / MEGABYTE,
    }
  } catch {
    return {}
  }
}

/** Bytes over all interfaces, as Linux counts them; nothing elsewhere. */
async function networkTotals(files: NodeFiles): Promise<{ readonly received: number; readonly sent: number } | undefined> {
  const text = await files.readFile('/proc/net/dev', 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  let received = 0
  let sent = 0
  for (const line of text.split('\n').slice(2)) {
    const numbers = line
      .replace(/^[^:]*:/, '')
      .trim()
      .split(/\s+/)
      .map(Number)
    received += numbers[0] || 0
    sent += numbers[8] || 0
  }
  return { received, sent }
}

function loopDelay(): { take(): Record<string, number>; close(): void } {
  const histogram = attempt(() => {
    const hooks = findBuiltin<{ monitorEventLoopDelay?(options: object): DelayHistogram }>('node:perf_hooks')
    const made = hooks?.monitorEventLoopDelay?.({ resolution: LOOP_MS })
    made?.enable()
    return made
  })
  return {
    take() {
      const mean = histogram?.mean ?? Number.NaN
      histogram?.reset()
      // The histogram holds whole intervals, in nanoseconds.
      return Number.isFinite(mean) ? { event_loop_delay_milliseconds: Math.max(0, mean / 1e6 - LOOP_MS) } : {}
    },
    close: () => void histogram?.disable(),
  }
}

function attempt<T>(work: () => T | undefined): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
