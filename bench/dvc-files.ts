/**
 * Many small files in a DVC project: adding them, and the status of a tree that has not changed, beside parallel `md5sum` and the real `dvc`.
 *
 *   node scripts/run.mjs bench/dvc-files.ts [--files 100000] [--in /dev/shm] [--no-dvc] [--no-fsync]
 *
 * The real `dvc` is asked where the lane `dvc` has made `.venvs/dvc`. Prints a table and one line of JSON:
 * seconds on the clock and of the processor, each as a ratio to `md5sum`. The files are in the page cache. `cp -r` stands for what keeping a
 * copy costs anyway, `cp -rl` for hard links. A folder in memory (`--in`) leaves out what a disk's file system does.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { dvcRepo } from '../src/adapters/dvc'
import { createRng } from '../src/core/random'

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

const count = Number(argument('--files') ?? 100_000)
const dvc = resolve('.venvs/dvc/bin/dvc')
const hasDvc = existsSync(dvc) && !process.argv.includes('--no-dvc')
const base = mkdtempSync(join(argument('--in') ?? tmpdir(), 'millwright-bench-dvc-'))
process.env.XDG_CONFIG_HOME = base
const environment = { ...process.env, DVC_NO_ANALYTICS: '1', DVC_SITE_CACHE_DIR: join(base, 'site') }

/** Files of 0.5 to 8 kB, a hundred in a folder. */
function makeTree(root: string): void {
  const rng = createRng(1)
  const bytes = new Uint8Array(8192)
  for (let i = 0; i < count; i++) {
    const folder = join(root, 'data', String(Math.floor(i / 10_000)), String(Math.floor(i / 100) % 100))
    if (i % 100 === 0) mkdirSync(folder, { recursive: true })
    for (let k = 0; k < 64; k++) bytes[rng.int(8192)] = rng.int(256)
    bytes.set([i & 255, (i >> 8) & 255, i >> 16])
    writeFileSync(join(folder, `${i}.bin`), bytes.subarray(0, 512 + rng.int(7680)))
  }
}

/** Seconds on the clock, and of the processor, which a busy machine does not lengthen. */
interface Times {
  readonly clock: number
  readonly processor: number
}

/** Says a time at once: the whole takes minutes. */
function told(what: string, times: Times): Times {
  console.error(`${what}: ${times.clock.toFixed(2)} s, processor ${times.processor.toFixed(2)} s`)
  return times
}

async function timed(work: () => unknown): Promise<Times> {
  const start = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { clock: (performance.now() - start) / 1000, processor: (user + system) / 1e6 }
}

/** Of a program and those that it starts. */
function timedProgram(cwd: string, command: string): Times {
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${command} > /dev/null; times`], { cwd, env: environment, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const children = stdout.trim().split('\n').at(-1) ?? ''
  const processor = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest),
    0,
  )
  return { clock: (performance.now() - start) / 1000, processor }
}

function call(cwd: string, program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { cwd, env: environment, encoding: 'utf8', maxBuffer: 2 ** 30 })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`)
}

const parallelMd5 = (root: string): Times => timedProgram(root, 'find data -type f -print0 | xargs -0 -n 1000 -P "$(nproc)" md5sum')

async function ours(name: string, type: string, fsync: boolean): Promise<Readonly<Record<string, Times>>> {
  const root = join(base, name)
  mkdirSync(root)
  makeTree(root)
  parallelMd5(root)
  const md5 = told('md5sum', parallelMd5(root))
  const copy = told('cp', timedProgram(root, type === 'copy' ? 'cp -r data copy' : 'cp -rl data copy'))
  rmSync(join(root, 'copy'), { recursive: true })
  const repo = dvcRepo({ root, git: false, fsync })
  await repo.init()
  writeFileSync(join(root, '.dvc/config'), `[core]\n    no_scm = True\n[cache]\n    type = ${type}\n`)
  // Hashes of files that changed within two seconds are not remembered.
  await new Promise((done) => setTimeout(done, 2500))
  const add = told('add', await timed(() => repo.add('data')))
  const status = told('status', await timed(async () => assert.deepEqual(await dvcRepo({ root, git: false }).status(), [])))
  const again = told('add again', await timed(() => repo.add('data')))
  rmSync(root, { recursive: true, force: true })
  return { md5, copy, add, status, again }
}

function theirs(type: string): Readonly<Record<string, Times>> {
  const root = join(base, `theirs ${type}`)
  mkdirSync(root)
  makeTree(root)
  call(root, dvc, 'init', '-q', '--no-scm')
  call(root, dvc, 'config', 'cache.type', type)
  parallelMd5(root)
  const add = timedProgram(root, `${dvc} add -q data`)
  call(root, dvc, 'status', '-q')
  const status = timedProgram(root, `${dvc} status -q`)
  rmSync(root, { recursive: true, force: true })
  return { add, status }
}

try {
  const quick = await ours('ours', 'copy', false)
  const linked = await ours('linked', 'hardlink', false)
  const safe = process.argv.includes('--no-fsync') ? undefined : await ours('flushed', 'copy', true)
  const real = hasDvc ? theirs('copy') : undefined
  const realLinked = hasDvc ? theirs('hardlink') : undefined
  const md5 = quick.md5 as Times
  const version = hasDvc ? execFileSync(dvc, ['--version'], { encoding: 'utf8' }).trim() : 'not there'
  console.log(`${count} files of 0.5 to 8 kB; node ${process.version}, dvc ${version}, ${cpus()[0]?.model}, ${cpus().length} cores`)
  console.log(`  ${''.padEnd(34)}   clock            processor`)
  const rows: readonly (readonly [string, Times | undefined])[] = [
    ['parallel md5sum', md5],
    ['cp -r', quick.copy],
    ['cp -rl', linked.copy],
    ['repo.add, copy', quick.add],
    ['repo.add, copy, fsync (default)', safe?.add],
    ['dvc add, copy', real?.add],
    ['repo.add, hardlink', linked.add],
    ['dvc add, hardlink', realLinked?.add],
    ['repo.status, unchanged', quick.status],
    ['dvc status, unchanged', real?.status],
    ['repo.add again, unchanged', quick.again],
    ['repo.status, hardlink, unchanged', linked.status],
  ]
  for (const [what, time] of rows) {
    if (time === undefined) continue
    const figure = (of: keyof Times): string => `${time[of].toFixed(2).padStart(8)} s ${(time[of] / md5[of]).toFixed(2).padStart(7)} x`
    console.log(`  ${what.padEnd(34)}${figure('clock')}  ${figure('processor')}`)
  }
  console.log(
    JSON.stringify({
      files: count,
      node: process.version,
      dvc: version,
      cores: cpus().length,
      ours: quick,
      linked,
      flushed: safe,
      theirs: real,
      theirsLinked: realLinked,
    }),
  )
} finally {
  spawnSync('chmod', ['-R', 'u+w', base])
  rmSync(base, { recursive: true, force: true })
}
