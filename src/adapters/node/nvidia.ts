/** The load of NVIDIA's graphics cards, asked of `nvidia-smi`, which comes with their driver. Loaded where the load of a machine is measured. */

/** How many megabytes (10⁶ bytes) a mebibyte has, in which `nvidia-smi` counts. */
const MEBIBYTE = 1.048576
const QUERY = 'index,utilization.gpu,memory.used,memory.total,power.draw,power.limit'

/** Runs a program and gives what it prints. */
export type Runner = (file: string, args: readonly string[]) => Promise<string>

/**
 * MLflow's metrics of each card: `gpu_<i>_utilization_percentage`, `gpu_<i>_memory_usage_megabytes` and `…_percentage`,
 * `gpu_<i>_power_usage_watts` and `…_percentage`. What a card does not tell (`[N/A]`) is left out.
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
