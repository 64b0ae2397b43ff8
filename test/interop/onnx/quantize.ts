/**
 * Files made smaller by us and by Python's quantizer and float16 converter: the same constants, and answers as far from the model's. With
 * `--golden` the small models and the constants of Python's files become fixtures.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quantizeDynamic, toFloat16 } from '../../../src/onnx'

const python = '.venvs/onnx/bin/python'
const folder = mkdtempSync(join(tmpdir(), 'millwright-onnx-'))

function run(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`)
  return stdout
}

run('test/interop/onnx/models.py', folder)
const models = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
const cases: object[] = []
for (const model of models) {
  const bytes = new Uint8Array(readFileSync(join(folder, model)))
  const feeds = model.replace('.onnx', '.json')
  const add = (how: string, options: object, made: Uint8Array): void => {
    const ours = `${cases.length}-${model}`
    writeFileSync(join(folder, ours), made)
    cases.push({ name: `${model} ${how} ${Object.values(options).join(' ')}`, model, feeds, ours, how, options })
  }
  for (const weightType of ['int8', 'uint8'] as const) {
    for (const perChannel of [false, true]) {
      for (const reduceRange of [false, true]) {
        const options = { weightType, perChannel, reduceRange }
        add('int8', options, quantizeDynamic(bytes, options))
      }
    }
  }
  for (const keepIoTypes of [true, false]) add('float16', { keepIoTypes }, toFloat16(bytes, { keepIoTypes }))
}
writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
const golden = process.argv.includes('--golden')
if (golden) {
  for (const file of readdirSync(folder)) {
    if (/^(conv|embed|mixed|mlp)\./.test(file)) copyFileSync(join(folder, file), join('test/fixtures/onnx/quantize', file))
  }
}
const target = golden ? ['test/golden/onnx-quantized.json'] : []
for (const line of run('test/interop/onnx/quantize.py', folder, ...target)
  .trim()
  .split('\n')) {
  const { name, compared, differing, bytes, ourError, theirError, apart, refused } = JSON.parse(line) as {
    readonly name: string
    readonly compared: number
    readonly differing: readonly string[]
    readonly bytes: readonly number[]
    readonly ourError: number
    readonly theirError?: number
    readonly apart?: number
    readonly refused?: string
  }
  const theirs =
    refused === undefined ? `theirs ${theirError?.toPrecision(3)}, apart ${apart?.toPrecision(2)}` : `theirs does not run (${refused})`
  console.log(
    `${name}: ${bytes.join(' → ')} bytes, error ${ourError.toPrecision(3)}, ${theirs}; ${compared} constants, differing ${differing.join(', ') || 'none'}`,
  )
  const limit = name.includes('float16') ? 2e-3 : 1e-5
  const isAsGood = refused !== undefined || ((apart ?? 1) <= limit && ourError <= (theirError ?? 0) * 1.01 + 1e-6)
  if (differing.length > 0 || !isAsGood) {
    console.log('  ^ not the same')
    process.exitCode = 1
  }
}
rmSync(folder, { recursive: true, force: true })
