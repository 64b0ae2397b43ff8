/** Data in a real git repository, both ways: what we track is what the real `dvc` sees, and what `dvc` tracked we list, verify and read. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dvcRepo } from '../../../src/adapters/dvc'
import { base, call, fresh, put, removeAll, tree } from './_project'

const big = new Uint8Array(3 * 1024 * 1024 + 17).map((_, i) => (i * 31) % 251)
const data = {
  'data/train.csv': 'a,b\r\n1,2\r\n',
  'data/images/a/1.bin': big,
  'data/images/sub-x': '1',
  'data/images/sub/y': '2',
  'data/empty': '',
  'data/.hidden': 'h',
  'data/umlaut \u00fc \u{1f600}.txt': 'u',
  'data/\ufb00.txt': 'ligature',
  'data/quote"back\\slash\ttab\u007f.txt': 'q',
  'data/train-copy.csv': 'a,b\r\n1,2\r\n',
  'model.bin': big.subarray(0, 99),
  'run.sh': '#!/bin/sh\n',
  'we ird:#name': 'x',
  'deep/er/*g?[l]ob!.txt': 'glob',
  'deep/yes': 'y',
  'deep/12e7': '1',
}
const outputs = ['data', 'model.bin', 'run.sh', 'we ird:#name', 'deep/er/*g?[l]ob!.txt', 'deep/yes', 'deep/12e7', 'empty-folder']

function fill(root: string): void {
  put(root, data)
  chmodSync(join(root, 'run.sh'), 0o755)
  mkdirSync(join(root, 'empty-folder'))
  symlinkSync('../model.bin', join(root, 'data/link'))
  symlinkSync('../deep', join(root, 'data/link-to-folder'))
}

/** The same data tracked by us and by `dvc`: the same cache, manifests, pointers and `.gitignore`. */
async function weWrite(): Promise<string> {
  const [ours, theirs] = [fresh('ours'), fresh('theirs')]
  const repo = dvcRepo({ root: ours })
  await repo.init()
  call(theirs, 'dvc', 'init', '-q')
  for (const root of [ours, theirs]) fill(root)
  for (const path of outputs) await repo.add(path)
  call(theirs, 'dvc', 'add', '-q', ...outputs)
  assert.deepEqual(tree(join(ours, '.dvc/cache/files')), tree(join(theirs, '.dvc/cache/files')), 'the caches are equal')
  for (const file of ['.gitignore', 'deep/.gitignore', 'deep/er/.gitignore']) {
    assert.deepEqual(
      readFileSync(join(ours, file), 'utf8').split('\n').sort(),
      readFileSync(join(theirs, file), 'utf8').split('\n').sort(),
      file,
    )
  }
  const seen = await dvcRepo({ root: theirs }).list()
  assert.deepEqual(await repo.list(), seen, 'the pointers say the same')
  assert.equal(readFileSync(join(ours, 'data.dvc'), 'utf8'), readFileSync(join(theirs, 'data.dvc'), 'utf8'))
  assert.equal(readFileSync(join(ours, 'run.sh.dvc'), 'utf8'), readFileSync(join(theirs, 'run.sh.dvc'), 'utf8'))
  assert.equal(call(ours, 'dvc', 'status', '--json').trim(), '{}')
  assert.deepEqual(await repo.status(), [])
  call(ours, 'git', 'add', '-A')
  call(ours, 'git', 'commit', '-qm', 'one')
  call(ours, 'git', 'tag', 'v1')
  assert.equal(call(ours, 'dvc', 'data', 'status', '--json').trim(), '{}')
  return ours
}

/** `dvc checkout`, `push` and `pull` work on what we wrote. */
async function dvcRestores(ours: string): Promise<void> {
  const before = tree(join(ours, 'data'))
  for (const path of outputs) rmSync(join(ours, path), { recursive: true })
  call(ours, 'dvc', 'checkout', '-q')
  assert.deepEqual(tree(join(ours, 'data')), before)
  assert.equal(statSync(join(ours, 'run.sh')).mode & 0o100, 0o100)
  call(ours, 'dvc', 'remote', 'add', '-q', '-d', 'store', join(base, 'store'))
  call(ours, 'dvc', 'push', '-q')
  call(ours, 'git', 'commit', '-qam', 'remote')
  const clone = join(base, 'clone')
  call(base, 'git', 'clone', '-q', ours, clone)
  call(clone, 'dvc', 'pull', '-q')
  assert.deepEqual(tree(join(clone, 'data')), before)
  // And by us, into a second clone; from a remote that we filled.
  const second = join(base, 'second')
  call(base, 'git', 'clone', '-q', ours, second)
  const repo = dvcRepo({ root: second })
  assert.equal(
    (await repo.status()).every(({ state }) => state === 'missing'),
    true,
  )
  await repo.pull()
  assert.deepEqual(tree(join(second, 'data')), before)
  assert.equal(call(second, 'dvc', 'status', '--json').trim(), '{}')
  assert.deepEqual(await repo.verify(), [])
  call(second, 'dvc', 'remote', 'add', '-q', 'other', join(base, 'other'))
  await repo.push({ remote: 'other' })
  assert.deepEqual(tree(join(base, 'other')), tree(join(base, 'store')), 'dvc push and ours leave the same remote')
  assert.match(call(second, 'dvc', 'status', '-c', '-r', 'other'), /in sync/)
}

/** Versions: `dvc` commits, we read each one as `dvc.api.read` does. */
async function weRead(): Promise<void> {
  const root = fresh('versions')
  call(root, 'dvc', 'init', '-q')
  call(root, 'dvc', 'remote', 'add', '-q', '-d', 'store', '../versions-store')
  for (const version of ['1', '2', '3']) {
    put(root, {
      'data/a.csv': `a\n${version}\n`,
      [`data/only-${version}.txt`]: version,
      'one.txt': `one ${version}`,
      'params.yaml': `lr: 0.${version}\nmodel: {depth: ${version}}\n`,
    })
    call(root, 'dvc', 'add', '-q', 'data', 'one.txt')
    call(root, 'git', 'add', '-A')
    call(root, 'git', 'commit', '-qm', version)
    call(root, 'git', 'tag', `v${version}`)
    call(root, 'dvc', 'push', '-q')
  }
  const repo = dvcRepo({ root })
  const text = async (path: string, rev?: string): Promise<string> => Buffer.from(await repo.read(path, { rev })).toString()
  const paths = ['data/a.csv', 'one.txt', 'params.yaml', 'data.dvc']
  const asked = ['v1', 'v2', 'HEAD', undefined].flatMap((rev) => paths.map((path) => ({ path, rev })))
  const program =
    'import dvc.api, json, sys; print(json.dumps([dvc.api.read(q["path"], repo=".", rev=q.get("rev")) for q in json.loads(sys.argv[1])]))'
  const api = (questions: readonly { path: string; rev?: string | undefined }[]): readonly string[] =>
    JSON.parse(call(root, 'python', '-c', program, JSON.stringify(questions))) as string[]
  const answers = api(asked)
  for (const [i, { path, rev }] of asked.entries()) assert.equal(await text(path, rev), answers[i], `${path} at ${rev}`)
  // Without the cache: from the remote, also what no working tree has any more.
  call(root, 'chmod', '-R', 'u+w', '.dvc/cache')
  rmSync(join(root, '.dvc/cache'), { recursive: true })
  assert.equal(await text('data/a.csv', 'v1'), 'a\n1\n')
  assert.deepEqual(
    (await repo.files('data', { rev: 'v2' })).map(({ path }) => path),
    ['data/a.csv', 'data/only-1.txt', 'data/only-2.txt'],
  )
  assert.deepEqual(await repo.params({ rev: 'v2' }), { 'params.yaml': { lr: 0.2, model: { depth: 2 } } })
  rmSync(join(root, 'one.txt'))
  assert.deepEqual([await text('one.txt')], api([{ path: 'one.txt' }]), 'deleted from the working tree')
  await assert.rejects(repo.read('data', { rev: 'v1' }), /is a folder/)
  await assert.rejects(repo.read('nope', { rev: 'v1' }), /neither tracked by DVC nor a file of git at "v1"/)
  await assert.rejects(repo.read('one.txt', { rev: 'v9' }), /has no revision "v9"/)
  await assert.rejects(repo.read('one.txt', { rev: '--output=x' }), /must be a branch, tag or commit/)
}

/** A pipeline that `dvc repro` ran: its outputs from `dvc.lock`, its params and metrics. */
async function pipelines(): Promise<void> {
  const root = fresh('pipeline')
  call(root, 'dvc', 'init', '-q')
  put(root, {
    'params.yaml': 'lr: 1e-3\nitems: [1, 2]\nflag: yes\n',
    'sub/dvc.yaml': [
      'stages:',
      '  train:',
      '    wdir: ../work',
      '    cmd: sh run.sh',
      '    params: [../params.yaml: [lr]]',
      '    outs: [out]',
      '    metrics: [m.json: {cache: false}]',
      '  each:',
      '    foreach: [x, y]',
      '    do:',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
      '      cmd: echo ${item} > ${item}.txt',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
      "      outs: ['${item}.txt']",
      '',
    ].join('\n'),
    'work/run.sh': `mkdir -p out && echo 1 > out/w && printf '{"auc": 0.5, "n": {"loss": NaN}}' > m.json\n`,
  })
  call(root, 'dvc', 'repro', 'sub/dvc.yaml')
  const repo = dvcRepo({ root })
  assert.deepEqual(
    (await repo.list()).map(({ path, kind, stage }) => [path, kind, stage]),
    [
      ['sub/x.txt', 'file', 'each@x'],
      ['sub/y.txt', 'file', 'each@y'],
      ['work/m.json', 'file', 'train'],
      ['work/out', 'folder', 'train'],
    ],
  )
  assert.deepEqual(await repo.status(), [])
  assert.deepEqual(await repo.verify(), [])
  assert.deepEqual(await repo.metrics(), { 'work/m.json': { auc: 0.5, n: { loss: Number.NaN } } })
  assert.deepEqual(await repo.params(), { 'params.yaml': { lr: 0.001, items: [1, 2], flag: 'yes' } })
  rmSync(join(root, 'work/out'), { recursive: true })
  assert.deepEqual(
    (await repo.status()).map(({ output, state }) => [output.path, state]),
    [['work/out', 'missing']],
  )
  assert.match(call(root, 'dvc', 'status', '--json'), /"work\/out|out": "deleted"/)
  await repo.checkout()
  assert.equal(call(root, 'dvc', 'status', '--json').trim(), '{}')
}

/** Changes: both see the same, and `dvc` keeps what we add to a pointer that a person wrote in. */
async function changes(): Promise<void> {
  const root = fresh('changes')
  call(root, 'dvc', 'init', '-q')
  put(root, {
    'data/a': '1',
    'data/b': '2',
    'f.txt': 'f',
    '.dvcignore': '*.tmp\n/data/skip/\n!keep.tmp\n',
    'data/x.tmp': 't',
    'data/keep.tmp': 'k',
    'data/skip/z': 'z',
  })
  call(root, 'dvc', 'add', '-q', 'data', 'f.txt')
  writeFileSync(
    join(root, 'f.txt.dvc'),
    `# by hand\n${readFileSync(join(root, 'f.txt.dvc'), 'utf8')}  desc: a text # why\nmeta:\n  owner: ada\n`,
  )
  const repo = dvcRepo({ root })
  assert.deepEqual(await repo.status(), [])
  put(root, { 'data/a': 'changed', 'data/new': 'n', 'f.txt': 'g' })
  rmSync(join(root, 'data/b'))
  assert.deepEqual(
    (await repo.status()).map(({ output, state, added, removed, changed }) => [output.path, state, added, removed, changed]),
    [
      ['data', 'modified', ['new'], ['b'], ['a']],
      ['f.txt', 'modified', [], [], []],
    ],
  )
  const told = JSON.parse(call(root, 'dvc', 'status', '--json')) as Record<string, unknown>
  assert.deepEqual(Object.keys(told).sort(), ['data.dvc', 'f.txt.dvc'])
  await assert.rejects(repo.checkout(), /would overwrite or delete changes that are in no cache: "data\/a", "data\/new", "f.txt"/)
  await repo.add('data')
  await repo.add('f.txt')
  assert.equal(call(root, 'dvc', 'status', '--json').trim(), '{}')
  const pointer = readFileSync(join(root, 'f.txt.dvc'), 'utf8')
  assert.match(pointer, /^# by hand\n[\s\S]*desc: a text # why\nmeta:\n {2}owner: ada\n$/)
  // Nothing is written by `dvc commit`: the pointers are as it would write them.
  call(root, 'dvc', 'commit', '-q', '-f')
  assert.equal(readFileSync(join(root, 'f.txt.dvc'), 'utf8'), pointer)
  assert.equal(existsSync(join(root, 'data/x.tmp')), true)
}

try {
  const ours = await weWrite()
  await dvcRestores(ours)
  await weRead()
  await pipelines()
  await changes()
  console.log(`dvc ${call(base, 'dvc', '--version').trim()} and dvcRepo track, restore, push, pull and read the same data`)
} finally {
  removeAll()
}
