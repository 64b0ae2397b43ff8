/** Metrics of NVIDIA GPUs from `nvidia-smi`, which is part of their driver. Loaded only if system metrics are recorded. */

/** Megabytes (10⁶ bytes) in a mebibyte, the unit of `nvidia-smi`. */
const MEBIBYTE = 1.048576
const QUERY = 'index,utilization.gpu,memory.used,memory.total,power.draw,power.limit'

/** Runs a program and returns its output. */
export type Runner = (file: string, args: readonly string[]) => Promise<string>

/**
 * MLflow's metrics of each card: `gpu_<i>_utilization_percentage`, `gpu_<i>_memory_usage_megabytes` and `…_percentage`,
 * `gpu_<i>_power_usage_watts` and `…_percentage`. Values that a card does not report (`[N/A]`) are left out.
 *
 * @throws what running the program throws
 */
export async function nvidiaUse(run: Runner): Promise<Record<string, number>> {
  const text = await run('nvidia-smi', [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits'])
  const metrics: Record<string, number> = {}
  const put = (name: string, value: number): void => {
    if (Number.isFinite(value)) metrics[name] = value
  }
  for (const line of text.split('\n')) {
    // `[N/A]` becomes NaN; an empty line has no index.
    const [index = Number.NaN, busy = Number.NaN, used = Number.NaN, total = Number.NaN, power = Number.NaN, limit = Number.NaN] = line
      .split(',')
      .map((field) => (field.trim() === '' ? Number.NaN : Number(field)))
    if (!Number.isInteger(index)) continue
    const card = `gpu_${index}`
    put(`${card}_utilization_percentage`, busy)
    put(`${card}_memory_usage_megabytes`, used * MEBIBYTE)
    put(`${card}_memory_usage_percentage`, (100 * used) / total)
    put(`${card}_power_usage_watts`, power)
    put(`${card}_power_usage_percentage`, (100 * power) / limit)
  }
  return metrics
}
