/** The house rules of design: floors and rooms, no cycles, no `node:` outside its place, no long files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { edgesOf, functionsOf, hasNode, reachable, root, sourceFiles } from './source-graph'

/** Room → floor. A file directly in src/ that is not listed is on the top floor. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  stats: 1,
  metrics: 1,
  schema: 1,
  ports: 2,
  mlruns: 2,
  onnxfile: 2,
  tensors: 2,
  modelfiles: 2,
  config: 3,
  dataset: 3,
  quality: 3,
  learn: 3,
  run: 3,
  registry: 3,
  predictor: 3,
  drift: 3,
  layers: 3,
  traffic: 4,
  monitor: 4,
  pipeline: 4,
  retraining: 5,
  plot: 5,
  adapters: 6,
  onnx: 6,
  serve: 6,
  report: 6,
  notebook: 6,
  deploy: 6,
  testing: 6,
  wiring: 7,
}
/** The highest floor a room may import, where it is not simply "below me". */
const ceilings: Readonly<Record<string, number>> = { adapters: 2, onnx: 3, serve: 4, layers: 2 }

/** Rooms of floor 1 that another room of floor 1 may use, and single exceptions above. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  metrics: ['stats'],
  ports: ['core', 'schema'],
  mlruns: ['core', 'schema', 'ports'],
  onnxfile: ['core', 'schema'],
  tensors: ['core', 'schema', 'ports'],
  modelfiles: ['core', 'schema'],
  config: ['core'],
  // A format makes datasets.
  'adapters/arrow': ['dataset'],
  'adapters/csv': ['dataset'],
  'adapters/duckdb': ['dataset'],
  'adapters/json': ['dataset'],
  'adapters/parquet': ['dataset'],
  'adapters/sqlite': ['dataset'],
  // A format of models makes fitted models.
  'adapters/lightgbm': ['learn'],
  'adapters/xgboost': ['learn'],
}

function roomOf(file: string): string {
  const parts = file.split('/')
  return parts.length > 2 ? (parts[1] as string) : 'top'
}

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from)
  const target = roomOf(to)
  if (room === 'top') return true
  if (target === 'top') return false
  // An adapter is one outside system and imports no other; `node/` is the platform that several of them stand on.
  if (room === target) return room !== 'adapters' || from.split('/')[2] === to.split('/')[2] || to.startsWith('src/adapters/node/')
  const key = room === 'adapters' ? `adapters/${from.split('/')[2]}` : room
  if (allowed[key]?.includes(target)) return true
  if (['ports', 'config', 'mlruns', 'onnxfile', 'tensors', 'modelfiles'].includes(room)) return false
  const floor = floors[room] as number
  const targetFloor = floors[target] as number
  if (targetFloor >= floor) return false
  return targetFloor <= (ceilings[room] ?? floor)
}

const files = sourceFiles()

describe('the rooms', () => {
  it('are all on a floor', () => {
    const unknown = files.map(roomOf).filter((room) => room !== 'top' && floors[room] === undefined)
    expect([...new Set(unknown)]).toEqual([])
  })

  it('import only downwards', () => {
    const wrong = files.flatMap((file) => {
      const targets = edgesOf(file).flatMap((edge) => (edge.file === undefined ? [] : [edge.file]))
      return targets.filter((target) => !mayImport(file, target)).map((target) => `${file} → ${target}`)
    })
    expect(wrong).toEqual([])
  })

  it('have no import cycle, types included', () => {
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
        return
      }
      state.set(file, 'open')
      for (const edge of edgesOf(file)) if (edge.file !== undefined) visit(edge.file, [...trail, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })
})

describe('node: modules', () => {
  it('appear only in adapters, in the Node server of serve/ and in src/node.ts', () => {
    const wrong = files.filter((file) => edgesOf(file).some((edge) => edge.specifier.startsWith('node:')))
    const allowedFiles = ['src/node.ts', 'src/serve/node-server.ts']
    expect(wrong.filter((file) => !file.startsWith('src/adapters/') && !allowedFiles.includes(file))).toEqual([])
  })

  it.each(['src/index.ts', 'src/browser.ts'])('are not reachable from %s', (entry) => {
    const wrong = [...reachable(entry)].flatMap((file) =>
      edgesOf(file).flatMap((edge) => (edge.specifier.startsWith('node:') && !edge.typeOnly ? [`${file} → ${edge.specifier}`] : [])),
    )
    expect(wrong).toEqual([])
  })
})

describe('files', () => {
  it('have at most 500 lines', () => {
    // `_pb.ts` is generated.
    const written = files.filter((file) => !file.endsWith('_pb.ts'))
    const long = written.map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const)
    expect(long.filter(([, lines]) => lines > 501)).toEqual([])
  })

  it('have no underscore in their names, and an index only re-exports', () => {
    expect(files.filter((file) => file.split('/').some((part) => part.startsWith('_')))).toEqual([])
    const implementing = files.filter(
      (file) => file.endsWith('/index.ts') && hasNode(file, [ts.SyntaxKind.Block, ts.SyntaxKind.VariableStatement]),
    )
    expect(implementing).toEqual([])
  })

  it('lie at most three folders deep', () => {
    expect(files.filter((file) => file.split('/').length > 5)).toEqual([])
  })

  it('have no default export, no enum, no loose any', () => {
    const { AnyKeyword, EnumDeclaration, ExportAssignment } = ts.SyntaxKind
    const defaults = files.filter((file) => /^export default /m.test(readFileSync(join(root, file), 'utf8')))
    const wrong = [...defaults, ...files.filter((file) => hasNode(file, [AnyKeyword, EnumDeclaration, ExportAssignment]))]
    expect(wrong).toEqual([])
  })
})

describe('functions', () => {
  const long = files.flatMap(functionsOf).filter(({ lines }) => lines > 80)

  it('have at most 80 lines, from the first to the last', () => {
    expect(long).toEqual([])
  })
})
