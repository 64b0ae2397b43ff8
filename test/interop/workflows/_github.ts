/** Runs the jobs of a GitHub workflow on this machine: the scripts in bash, artifacts as folders, expressions as far as our compiler writes them. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Job {
  readonly needs?: readonly string[]
  readonly if?: string
  readonly strategy?: { readonly matrix: { readonly index: string } }
  readonly steps: readonly { readonly id?: string; readonly run?: string; readonly env?: Record<string, unknown> }[]
}

/** How each job ended. */
export type Conclusion = 'success' | 'failure' | 'skipped'

/** Runs the jobs in their order, which is one that their needs allow. The artifacts of all jobs are put together in `<root>/artifacts`. */
export function runWorkflow(
  root: string,
  jobs: Readonly<Record<string, Job>>,
  inputs: object,
  secrets: Record<string, string>,
): Record<string, Conclusion> {
  const artifacts = join(root, 'artifacts')
  mkdirSync(artifacts, { recursive: true })
  const ended: Record<string, Conclusion> = {}
  const indexes: Record<string, string> = {}
  for (const [name, job] of Object.entries(jobs)) {
    if (!starts(name, job, jobs, ended, indexes)) {
      ended[name] = 'skipped'
      continue
    }
    const matrix = job.strategy && /needs\.([\w-]+)\.outputs/.exec(job.strategy.matrix.index)?.[1]
    const runs = matrix === undefined ? [undefined] : (JSON.parse(indexes[matrix] as string) as number[])
    const step = job.steps.find(({ id }) => id === 'step')
    ended[name] = 'success'
    for (const index of runs) {
      const folder = join(root, `${name}-${index ?? 'job'}`)
      mkdirSync(folder, { recursive: true })
      if (job.needs !== undefined) cpSync(artifacts, join(folder, 'pipeline-in'), { recursive: true })
      writeFileSync(join(folder, 'output'), '')
      const env = Object.fromEntries(
        Object.entries(step?.env ?? {}).map(([key, value]) => [key, expand(String(value), { inputs, secrets, index })]),
      )
      const { status, stderr } = spawnSync('bash', ['-e', '-c', step?.run ?? ''], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, GITHUB_OUTPUT: join(folder, 'output'), ...env },
      })
      if (status !== 0) ended[name] = 'failure'
      if (status !== 0 && process.env.DEBUG) console.error(name, stderr)
      if (existsSync(join(folder, 'pipeline-out'))) cpSync(join(folder, 'pipeline-out'), artifacts, { recursive: true })
      indexes[name] = /indexes=(.*)/.exec(readFileSync(join(folder, 'output'), 'utf8'))?.[1] ?? '[]'
    }
  }
  return ended
}

function starts(
  name: string,
  job: Job,
  jobs: Readonly<Record<string, Job>>,
  ended: Readonly<Record<string, Conclusion>>,
  indexes: Readonly<Record<string, string>>,
): boolean {
  const before = ancestors(name, jobs).map((each) => ended[each])
  const failure = before.includes('failure')
  const success = (job.needs ?? []).every((need) => ended[need] === 'success') && !failure
  if (job.if === undefined) return success
  const words = job.if
    .replace(/^\$\{\{|\}\}$/g, '')
    .replace(/needs\.([\w-]+)\.outputs\.indexes/g, (_, need: string) => JSON.stringify(indexes[need] ?? ''))
    .replaceAll('success()', String(success))
    .replaceAll('failure()', String(failure))
    .replaceAll('cancelled()', 'false')
    .replaceAll('always()', 'true')
  return new Function(`return (${words})`)() as boolean
}

function ancestors(name: string, jobs: Readonly<Record<string, Job>>): string[] {
  return [...new Set((jobs[name]?.needs ?? []).flatMap((need) => [need, ...ancestors(need, jobs)]))]
}

function expand(
  text: string,
  known: { readonly inputs: object; readonly secrets: Record<string, string>; readonly index: number | undefined },
): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_, words: string) => {
    if (words === 'toJSON(inputs)') return JSON.stringify(known.inputs, null, 2)
    if (words === 'matrix.index') return String(known.index)
    return known.secrets[words.replace('secrets.', '')] ?? ''
  })
}
