import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../../src/core/errors'
import type { Json } from '../../../src/core/json'
import { parseYaml, parseYamlStrings } from '../../../src/core/yaml-read'
import { toYaml } from '../../../src/core/yaml-write'

const read = (text: string): unknown => parseYaml(text, 'it')

describe('parseYaml', () => {
  it.each<[string, unknown]>([
    ['', null],
    ['# nothing\n', null],
    ['---\na: 1\n...\n', { a: 1 }],
    ['# c\n---   # d\n- 1\n', [1]],
    ['\ufeffa: 1\r\nb:\r\n  - x\r\n', { a: 1, b: ['x'] }],
    ['a:\n- 1\n- 2\nb: 3', { a: [1, 2], b: 3 }],
    ['a:\n  - 1\n  -\n  - x: 1\n    y: 2\n  - - 3\n    - 4', { a: [1, null, { x: 1, y: 2 }, [3, 4]] }],
    ['a: b # c\nd: "#e" # f', { a: 'b', d: '#e' }],
    ['url: http://x:80/y#z', { url: 'http://x:80/y#z' }],
    ['a:\n\n\n  b: 1\n# c\n  d: 2', { a: { b: 1, d: 2 } }],
    ['a: one\n  two\n\n  three\nb: 1', { a: 'one two\nthree', b: 1 }],
    ["a: 'it''s\n  folded'", { a: "it's folded" }],
    ['a: "x\\ty\\u00e9\\U0001F642\\x41\\\n  z"', { a: 'x\tyé🙂Az' }],
    ['a: |\n  x\n    y\n\n  z\n\nb: 1', { a: 'x\n  y\n\nz\n', b: 1 }],
    ['a: |-\n  x\nb: |+\n  y\n\nc: 1', { a: 'x', b: 'y\n\n', c: 1 }],
    ['a: >\n  one\n  two\n\n  three\n    more\n  end\n', { a: 'one two\nthree\n  more\nend\n' }],
    ['a: |2\n    x\n', { a: '  x\n' }],
    [
      '{ a: [1, "b", { c: null }], d : e f, "g":1,\n  h: [\n    1, # one\n    2,\n  ] }',
      { a: [1, 'b', { c: null }], d: 'e f', g: 1, h: [1, 2] },
    ],
    ['? a\n: b', { a: 'b' }],
    ['%YAML 1.2\n---\na: 1', { a: 1 }],
    ['a: !!str 1', { a: '1' }],
    ["\"a: b\": 1\n'c''d' : 2", { 'a: b': 1, "c'd": 2 }],
    ['__proto__: { polluted: 1 }\na: 1', { a: 1 }],
    ['toString: 1\nconstructor: 2', { toString: 1, constructor: 2 }],
  ])('reads %j', (text, value) => {
    expect(read(text)).toEqual(value)
  })

  it('resolves plain scalars by the core schema of 1.2', () => {
    const text = '[~, null, NULL, true, False, 1, -2, +3, 007, 0o17, 0x1F, 1., .5, 1e3, -1.5E-7, .inf, -.INF, .NaN]'
    const expected = [null, null, null, true, false, 1, -2, 3, 7, 15, 31, 1, 0.5, 1000, -1.5e-7, Infinity, -Infinity, Number.NaN]
    expect(read(text)).toEqual(expected)
    const texts = ['yes', 'No', 'on', '1_000', '12:30', '2026-11-22', '0b1', '1e', '+', '.', 'nan', 'inf', 'nULL', '0o8', '-x']
    expect(read(texts.map((each) => `- ${each}`).join('\n'))).toEqual(texts)
  })

  it.each([
    ['a: &x 1\nb: *x', 2, 'aliases'],
    ['a: !thing 1', 1, 'unknown scalar tag'],
    ['? [a]\n: b', 1, 'complex keys'],
    ['a: 1\n---\nb: 2', 1, 'single document'],
    ['a: 1\na: 2', 2, 'duplicated mapping key'],
    ['{a: 1, a: 2}', 1, 'duplicated mapping key'],
    ['a: b: c', 1, ''],
    ['a: 1\n  b: 2', 2, ''],
    ['a:\n\tb: 1', 2, 'tab characters'],
    ['a: - 1', 1, ''],
    ['a: "x', 1, 'double quoted scalar'],
    ["a: 'x\n\n", 3, 'indentation'],
    ['a: [1, 2', 1, 'flow collection'],
    ['a: {b: 1]', 1, ''],
    ['a: [1,, 2]', 1, ''],
    ['a:\n    b: 1\n  c: 2', 3, ''],
    ['- 1\nb: 2', 2, ''],
    ['a: "\\q"', 1, ''],
    ['a: @b', 1, ''],
    ['{a: 1} x', 1, ''],
  ])('refuses %j on line %i', (text, line, problem) => {
    try {
      read(text)
      expect.unreachable()
    } catch (error) {
      if (!isMillwrightError(error, 'Corrupt')) throw error
      expect(error.message).toMatch(new RegExp(`^it is not valid YAML: line ${line}: .*${problem}`))
      expect(error.details.line).toBe(line)
    }
  })

  it('limits depth and size, and is not slow on hostile text', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(() => read(nested(63))).not.toThrow()
    expect(() => read(nested(65))).toThrow('nesting exceeded maxDepth (64)')
    expect(() => read('- '.repeat(100_000))).toThrow('nesting exceeded maxDepth (64)')
    expect(() => read('x'.repeat(16_777_217))).toThrow('it must have at most 16777216 characters, it has 16777217')
    // Quadratic reading would take longer than any test may.
    for (const text of [
      `a: ${'x'.repeat(1e6)}`,
      `"${' '.repeat(1e6)}"`,
      ' '.repeat(1e6),
      '\n'.repeat(1e6),
      `a: >\n${' \n'.repeat(3e5)}`,
      `a:${' #'.repeat(3e5)}`,
    ])
      read(text)
    expect(() => read(`[${'a,'.repeat(2e5)}`)).toThrow('line 1: unexpected end')
  })
})

describe('parseYamlStrings', () => {
  it('keeps every scalar a text, but for plain nulls', () => {
    const text = 'id: 0123456789012345678\nhash: 1234e5\nflag: yes\nnone: null\nempty:\nquoted: ""\nword: "null"\nlist: [1, ~, 2.50]\n'
    expect(parseYamlStrings(text, 'it')).toEqual({
      id: '0123456789012345678',
      hash: '1234e5',
      flag: 'yes',
      none: null,
      empty: null,
      quoted: '',
      word: 'null',
      list: ['1', null, '2.50'],
    })
  })
})

describe('toYaml', () => {
  it('writes block style in the given order, sequences at the indent of their key', () => {
    const value = { b: 1, a: { x: [1, [2, 3], { k: 'z', w: [] }], v: {} }, m: null, t: true, u: undefined, s: 'é' }
    expect(toYaml(value)).toBe('b: 1\na:\n  x:\n  - 1\n  - - 2\n    - 3\n  - k: z\n    w: []\n  v: {}\nm: null\nt: true\ns: é\n')
    expect(toYaml([])).toBe('[]\n')
    expect(toYaml('x')).toBe('x\n')
  })

  it.each<[Json, string]>([
    ['yes', "'yes'"],
    ['N', "'N'"],
    ['Off', "'Off'"],
    ['1_000', "'1_000'"],
    ['12:30', "'12:30'"],
    ...['.', '-._', 'e1', 'E+10', '.e5', '1_e1', '0_8', '08_', '0x_'].map((like): [string, string] => [like, `'${like}'`]),
    ['e', 'e'],
    ['v1.2', 'v1.2'],
    ['1.2.3', '1.2.3'],
    ['2e1a', '2e1a'],
    ['0o7', "'0o7'"],
    ['2026-11-22', "'2026-11-22'"],
    ['2026-11-22 20:39:34.565297', "'2026-11-22 20:39:34.565297'"],
    ['0', "'0'"],
    ['', "''"],
    [' a', "' a'"],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ["it's", "it's"],
    ["'it", "'''it'"],
    ['- a', "'- a'"],
    ['<<', "'<<'"],
    ['=', "'='"],
    ['\u0085', '"\\N"'],
    ['a, b', 'a, b'],
    ['C:\\dir', 'C:\\dir'],
    [1e-7, '1.e-7'],
    [1.5e-7, '1.5e-7'],
    [1e21, '1.e+21'],
    [1e100, '1.e+100'],
    [0.1, '0.1'],
    [-0, '-0.0'],
    [Number.NaN, '.nan'],
    [Number.NEGATIVE_INFINITY, '-.inf'],
  ])('writes %j as %s', (value, text) => {
    expect(toYaml(value)).toBe(`${text}\n`)
    expect(toYaml({ key: value })).toBe(`key: ${text}\n`)
  })

  it('refuses what is not JSON, and circles', () => {
    expect(() => toYaml({ a: (() => 1) as unknown as Json })).toThrow('a value for YAML must be JSON, got a function')
    expect(() => toYaml(new Date(0) as unknown as Json)).toThrow('a value for YAML must be JSON')
    const circle: { [key: string]: Json } = {}
    circle.a = circle
    expect(() => toYaml(circle)).toThrow('must nest at most 64 deep')
  })
})

/** As PyYAML 6.0.3 wrote them (`yaml.safe_dump`, width 80, keys sorted), the way MLflow does. */
describe('files written by PyYAML', () => {
  it('of a run', () => {
    const text = `artifact_uri: file:///tmp/mlruns/0/1234567890123456789012345678e512/artifacts
end_time: null
entry_point_name: ''
experiment_id: '0'
lifecycle_stage: active
run_id: 1234567890123456789012345678e512
run_name: "na\\xEFve \\u65E5\\u672C \\U0001F642 yes"
source_type: 4
start_time: 1763846374565
status: 3
tags: []
user_id: 'on'
`
    expect(parseYamlStrings(text, 'meta.yaml')).toEqual({
      artifact_uri: 'file:///tmp/mlruns/0/1234567890123456789012345678e512/artifacts',
      end_time: null,
      entry_point_name: '',
      experiment_id: '0',
      lifecycle_stage: 'active',
      run_id: '1234567890123456789012345678e512',
      run_name: 'naïve 日本 🙂 yes',
      source_type: '4',
      start_time: '1763846374565',
      status: '3',
      tags: [],
      user_id: 'on',
    })
  })

  it('of a model, its signature in quotes over several lines', () => {
    const text = `flavors:
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    python_version: 3.11.9
signature:
  inputs: '[{"type": "double", "name": "bill_length_mm", "required": true}, {"type":
    "string", "name": "it''s an island", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1,
    3]}}]'
  params: null
utc_time_created: '2026-11-22 20:39:34.565297'
`
    const model = parseYaml(text, 'MLmodel') as { flavors: object; signature: { inputs: string; outputs: string; params: null } }
    expect(JSON.parse(model.signature.inputs)).toEqual([
      { type: 'double', name: 'bill_length_mm', required: true },
      { type: 'string', name: "it's an island", required: false },
    ])
    expect(JSON.parse(model.signature.outputs)).toEqual([{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 3] } }])
    expect(model.signature.params).toBeNull()
    expect(model.flavors).toEqual({
      python_function: { data: 'model.onnx', env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' }, python_version: '3.11.9' },
    })
  })
})
