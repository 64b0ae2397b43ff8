import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8 } from '../../../src/core/bytes'
import { type StepCommandHost, stepCommand } from '../../../src/deploy'
import type { ObjectStore } from '../../../src/ports/object-store'
import { examplePipeline } from './pipeline-example'

/** A machine with folders in memory. */
function machine(storage?: ObjectStore, env: Record<string, string> = { TOKEN: 'a-secret-token' }) {
  const folders = new Map<string, ObjectStore>()
  const files = new Map<string, string>()
  const logs: string[] = []
  const run = async (...argv: string[]): Promise<{ code: number; report: Record<string, unknown> }> => {
    const lines: string[] = []
    const host: StepCommandHost = {
      argv,
      env,
      storage,
      openFolder(path) {
        if (!folders.has(path)) folders.set(path, memoryStorage())
        return folders.get(path) as ObjectStore
      },
      readFile: async (path) => files.get(path) ?? '',
      writeFile: async (path, bytes) => void files.set(path, fromUtf8(bytes)),
      print: (line) => lines.push(line),
      log: (line) => logs.push(line),
    }
    const code = await stepCommand(examplePipeline(), host)
    return { code, report: JSON.parse(lines.at(-1) ?? '{}') }
  }
  return { run, folders, files, logs }
}
const digestsHere = async (depth: number): Promise<Record<string, string | undefined>> => {
  const { steps } = await examplePipeline(memoryStorage()).run({ params: { depth }, secrets: { TOKEN: 'a-secret-token' } })
  return Object.fromEntries(Object.entries(steps).map(([name, { digest }]) => [name, digest]))
}

describe('the step command', () => {
  it('runs the steps of a run one by one through a storage, attempt by attempt', async () => {
    const { run, files } = machine(memoryStorage())
    const common = ['--run', 'manual__2026-01-01T00:00:00+00:00', '--param', 'depth=4']
    const step = (name: string, ...more: string[]) => run('--step', name, ...common, ...more)
    const here = await digestsHere(4)
    expect(await step('list', '--indexes', 'i.json')).toMatchObject({
      code: 0,
      report: { status: 'succeeded', length: 2, digest: here.list },
    })
    expect(files.get('i.json')).toBe('[0,1]')
    for (const index of ['0', '1']) expect((await step('fit it', `--index=${index}`)).code).toBe(0)
    for (const index of ['0', '1']) expect((await step('twice', `--index=${index}`)).code).toBe(0)
    expect(await step('best', '--attempt', '1')).toMatchObject({ code: 75, report: { status: 'failed', error: { message: 'once' } } })
    expect(await step('best', '--retry', '1')).toMatchObject({ code: 0, report: { status: 'succeeded', digest: here.best } })
    expect(await step('spare')).toMatchObject({ code: 0, report: { status: 'fallback', digest: here.spare } })
    expect(await step('never', '--skip-exit', '99')).toMatchObject({ code: 99, report: { status: 'skipped' } })
    expect(await step('last')).toMatchObject({ code: 0, report: { digest: here.last } })
  })

  it('runs them through folders, which are the same when the work is the same', async () => {
    const content = async (store: ObjectStore | undefined): Promise<string[]> => {
      const { objects = [] } = (await store?.list()) ?? {}
      return Promise.all(objects.map(async ({ key }) => `${key} ${fromUtf8((await store?.get(key)) as Uint8Array)}`))
    }
    const here = await digestsHere(3)
    const runs = await Promise.all(
      ['a', 'b'].map(async (runId) => {
        const { run, folders, files } = machine()
        files.set('params.yaml', 'depth: 3\nlabel: a\n')
        const step = (name: string, needs: string[]) =>
          run('--step', name, '--run', runId, '--params-file', 'params.yaml', ...needs.flatMap((need) => ['--in', need]), '--out', name)
        await step('list', [])
        await step('fit it', ['list'])
        await step('twice', ['fit it'])
        const { code, report } = await step('best', ['twice', 'list'])
        expect([code, report.digest, report.attempts]).toEqual([0, here.best, 2])
        return Promise.all([...folders.values()].map(content))
      }),
    )
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]?.flat().some((line) => line.startsWith('steps/best.json'))).toBe(true)
  })

  it("takes Kubeflow's input of a task", async () => {
    const { run, folders, files } = machine()
    const place = (uri: string) => ({ artifacts: [{ name: 'x', uri }] })
    const input = {
      inputs: { parameterValues: {} },
      outputs: {
        artifacts: { out: place('s3://bucket/list') },
        outputFile: '/tmp/out.json',
        parameters: { Output: { outputFile: '/tmp/indexes' } },
      },
    }
    expect((await run('--step', 'list', '--run', 'r', '--executor-input', JSON.stringify(input))).code).toBe(0)
    expect(folders.has('/s3/bucket/list')).toBe(true)
    expect(files.get('/tmp/indexes')).toBe('[0,1]')
    expect(JSON.parse(files.get('/tmp/out.json') ?? '')).toMatchObject({
      artifacts: { out: { artifacts: [{ name: 'x', uri: 's3://bucket/list', metadata: { status: 'succeeded' } }] } },
    })
    const item = {
      inputs: { parameterValues: { index: 1, depth: 5 }, artifacts: { 'in-list': place('s3://bucket/list') } },
      outputs: { artifacts: { out: place('/local/item') } },
    }
    expect((await run('--step', 'fit it', '--run', 'r', '--executor-input', JSON.stringify(item))).report).toMatchObject({
      index: 1,
      status: 'succeeded',
    })
    expect((await run('--step', 'list', '--run', 'r', '--executor-input', '{"outputs":{}}')).code).toBe(2)
  })

  it('tells its arguments and the steps', async () => {
    const lines: string[] = []
    const host = { argv: ['--help'], env: {}, openFolder: () => memoryStorage(), print: (line: string) => lines.push(line), log: () => {} }
    const files = { readFile: async () => '', writeFile: async () => {} }
    expect(await stepCommand(examplePipeline(), { ...host, ...files })).toBe(0)
    expect(lines.join('\n')).toMatch(/^usage: --step NAME --run ID .*\nsteps of pipeline ".+": "list", "fit it", /)
  })

  it('says what is wrong with its arguments and what failed', async () => {
    const { run, logs } = machine(memoryStorage())
    const said = async (...argv: string[]): Promise<[number, string | undefined]> => [(await run(...argv)).code, logs.at(-1)]
    const usage = expect.stringContaining('\nusage: --step NAME --run ID [--index N]')
    for (const [argv, message] of [
      [['--stepp', 'x'], '"--stepp" is no argument of a step\'s command'],
      [['--step'], '--step needs a value'],
      [['--step', 'list'], "a step's command needs --run"],
    ] as const) {
      expect(await said(...argv)).toEqual([2, usage])
      expect(logs.at(-1)?.split('\n')[0]).toBe(message)
    }
    expect(await said('--step', 'list', '--run', 'r', '--index', 'one')).toEqual([2, '--index must be a whole number ≥ 0, got "one"'])
    expect((await said('--step', 'lost', '--run', 'r'))[1]).toContain('has no step "lost"; it has list, fit it')
    expect((await said('--step', 'best', '--run', 'r'))[1]).toContain('needs "twice", which has no result in this run')
    expect((await said('--step', 'list', '--run', 'r', '--param', 'depth'))[1]).toContain('--param takes name=value')
    expect((await said('--step', 'list', '--run', 'r', '--params', '[1]'))[1]).toContain('the parameters must be an object by name')
    const poor = machine(memoryStorage(), {})
    expect(await poor.run('--step', 'list', '--run', 'r')).toMatchObject({ code: 1 })
    expect(poor.logs[0]).toContain('needs the secret "TOKEN", which has no value')
  })
})
