/** `dvc.lock` written by us: the same bytes as `dvc commit` writes, `dvc status` clean, `dvc repro` with nothing to do. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { dvcRepo } from '../../../src/adapters/dvc'
import { parseYaml } from '../../../src/core/yaml-read'
import { assertSameTree, base, call, fresh, put, removeAll } from './_project'

const files = {
  'params.yaml': [
    'seed: 42',
    'lr: 1e-5',
    'ratio: 1.0',
    'name: "yes"',
    'flag: true',
    'nothing: null',
    'train: {lr: 0.001, layers: [8, 4], deep: {er: x}}',
    'items: [a, b]',
    'models: {small: {depth: 1}, large: {depth: 12}}',
    'big: 9007199254740991',
    '',
  ].join('\n'),
  'other.json': '{"k": {"a": 1, "b": [1, 2]}, "z": "text: # 1"}',
  'dvc.yaml': [
    'vars: [{folder: in, n: 3}]',
    'stages:',
    '  prepare:',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    cmd: sh prepare.sh ${lr} ${ratio} ${flag} ${n} ${train.layers[1]} > prepared',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    deps: [prepare.sh, "${folder}"]',
    '    outs: [prepared]',
    '  train:',
    '    wdir: work',
    '    cmd: [mkdir -p out, sh ../train.sh]',
    '    deps: [../prepared, ../train.sh]',
    '    params:',
    '    - ../params.yaml: [train.lr, seed, name, flag, nothing, lr, train.deep, ratio, big]',
    '    - ../other.json:',
    '    outs: [out, {kept.bin: {persist: true}}]',
    '    metrics: [m.json: {cache: false}]',
    '    plots: [curve.tsv]',
    '  each:',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    foreach: ${items}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    do: {cmd: "echo ${item} > ${item}.txt", outs: ["${item}.txt"], params: [seed]}',
    '  model:',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    foreach: ${models}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: DVC's own interpolation
    '    do: {cmd: "echo ${key} ${item.depth} > m-${key}", outs: ["m-${key}"]}',
    '',
  ].join('\n'),
  'prepare.sh': 'echo "$@"; ls in\n',
  'train.sh': `echo 1 > out/w; cp ../prepared kept.bin; printf '{"auc": 0.5}' > m.json; printf 'step\\tloss\\n1\\t2\\n' > curve.tsv\n`,
  'in/a.csv': 'a\n1\n',
  'in/deep/b.csv': 'b\n',
  'work/.keep': '',
}
const sub = [
  'stages:',
  '  odd-name:',
  '    cmd: echo "a very long command, longer than eighty characters, is folded by DVC, but it is the same text" > o',
  '    outs: [o]',
  '  two:',
  '    cmd: [echo 2, "echo 3 > t"]',
  '    outs: [t]',
  '',
].join('\n')
const stages = ['prepare', 'train', 'each@a', 'each@b', 'model@small', 'model@large']

/** What a lock says, in its order. */
function lockOf(root: string): string {
  return JSON.stringify(parseYaml(readFileSync(join(root, 'dvc.lock'), 'utf8'), 'dvc.lock'))
}

/** Two projects with the same files, one recorded by us and one by `dvc`. */
async function sameLock(): Promise<void> {
  const [ours, theirs] = [fresh('ours'), fresh('theirs')]
  for (const root of [ours, theirs]) {
    call(root, 'dvc', 'init', '-q')
    put(root, files)
  }
  call(theirs, 'dvc', 'repro', '-q')
  // The same outputs, without what dvc wrote down about them.
  for (const path of ['prepared', 'work', 'a.txt', 'b.txt', 'm-small', 'm-large']) call(base, 'cp', '-r', join(theirs, path), ours)
  rmSync(join(ours, 'work/.gitignore'), { force: true })
  const repo = dvcRepo({ root: ours })
  for (const stage of stages) await repo.commit(stage)
  // Numbers and texts of params are spelled otherwise in places (`1e-05`, `0.00001`); what they say is the same, in the same order.
  assert.equal(lockOf(ours), lockOf(theirs), 'the locks are equal')
  assertSameTree(join(ours, '.dvc/cache/files'), join(theirs, '.dvc/cache/files'))
  for (const file of ['.gitignore', 'work/.gitignore']) {
    const lines = [ours, theirs].map((root) => readFileSync(join(root, file), 'utf8').split('\n').sort())
    assert.deepEqual(lines[0], lines[1], file)
  }
  assert.equal(call(ours, 'dvc', 'status', '--json').trim(), '{}')
  assert.match(call(ours, 'dvc', 'repro'), /Data and pipelines are up to date/)
  assert.deepEqual(await repo.status(), [])

  // A change: dvc sees it, one stage is recorded again, the others keep their text.
  put(ours, { 'work/kept.bin': 'by hand', 'params.yaml': files['params.yaml'].replace('seed: 42', 'seed: 43') })
  assert.match(call(ours, 'dvc', 'status'), /seed|modified/)
  for (const stage of ['train', 'each@a', 'each@b']) await repo.commit(stage)
  assert.equal(call(ours, 'dvc', 'status', '--json').trim(), '{}')
  assert.match(call(ours, 'dvc', 'repro'), /Data and pipelines are up to date/)
  const said = lockOf(ours)
  call(ours, 'dvc', 'commit', '-q', '-f')
  assert.equal(lockOf(ours), said, '`dvc commit` leaves our lock as it is')
  rmSync(join(ours, 'work/out'), { recursive: true })
  call(ours, 'dvc', 'checkout', '-q')
  assert.equal(readFileSync(join(ours, 'work/out/w'), 'utf8'), '1\n')
}

/** What dvc folds and quotes is kept beside what we write. */
async function odd(): Promise<void> {
  const root = fresh('odd')
  call(root, 'dvc', 'init', '-q')
  put(root, { ...files, 'sub/dvc.yaml': sub })
  call(root, 'dvc', 'repro', '-q', 'sub/dvc.yaml')
  const before = readFileSync(join(root, 'sub/dvc.lock'), 'utf8')
  put(root, { 'sub/t': 'changed' })
  const repo = dvcRepo({ root })
  const outputs = await repo.commit('sub/dvc.yaml:two')
  assert.deepEqual(
    outputs.map(({ path, stage }) => [path, stage]),
    [['sub/t', 'two']],
  )
  const after = readFileSync(join(root, 'sub/dvc.lock'), 'utf8')
  assert.equal(after.slice(0, after.indexOf('  two:')), before.slice(0, before.indexOf('  two:')), 'the other stage keeps its text')
  assert.notEqual(after, before)
  assert.equal(call(root, 'dvc', 'status', '--json', 'sub/dvc.yaml').trim(), '{}')
  assert.match(call(root, 'dvc', 'repro', 'sub/dvc.yaml'), /up to date/)
  await repo.commit('sub/dvc.yaml:odd-name')
  const mine = parseYaml(readFileSync(join(root, 'sub/dvc.lock'), 'utf8'), 'ours')
  call(root, 'dvc', 'commit', '-q', '-f', 'sub/dvc.yaml')
  assert.deepEqual(parseYaml(readFileSync(join(root, 'sub/dvc.lock'), 'utf8'), 'theirs'), mine)
  await assert.rejects(repo.commit('nope'), /has no stage "nope"; it has prepare, train, each, model/)
  await assert.rejects(repo.commit('train'), /"prepared" of the stage "train" is not there/)
  assert.equal(existsSync(join(root, 'dvc.lock')), false)
}

try {
  await sameLock()
  await odd()
  console.log(
    `dvc ${call(base, 'dvc', '--version').trim()}: the dvc.lock of ${stages.length + 2} stages is ours, and there is nothing to reproduce`,
  )
} finally {
  removeAll()
}
