/** Checks what loaders of ONNX files insist on. */
import { attachDisplay, markdownTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { readOnnxFile } from '../onnxfile/model-file'
import { opsetOf } from '../onnxfile/walk'
import { GraphCheck, type OnnxProblem } from './check-graph'

export type { OnnxProblem } from './check-graph'

/** What {@link checkOnnx} found. */
export interface OnnxCheck {
  readonly ok: boolean
  readonly problems: readonly OnnxProblem[]
}

/** The newest IR version and operator sets that onnxruntime 1.30 loads. */
const newest = { ir: 13, '': 26, 'ai.onnx.ml': 5 } as const

/**
 * Checks an ONNX file for what loaders insist on, and lists everything that is wrong: names that stand for two values, inputs that no node before
 * makes, outputs that no node makes, operators of sets that are not imported, attributes given twice or of another type than they say, tensors with
 * more or fewer values than their shape, versions that no runtime loads. Whether operators get inputs of the types and shapes they take is not
 * checked: that is what loading the file shows.
 *
 * @throws Corrupt when the bytes are no ONNX model at all
 *
 * @example
 * const { ok, problems } = checkOnnx(bytes)
 */
export function checkOnnx(bytes: Uint8Array): OnnxCheck {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`checkOnnx needs the bytes of a file, got ${show(bytes)}`)
  const model = readOnnxFile(bytes)
  const graph = model.graph.name ?? ''
  const problems: OnnxProblem[] = []
  const ir = Number(model.irVersion ?? 0n)
  if (ir < 1) problems.push({ graph, message: 'the file says no IR version' })
  if (ir > newest.ir) problems.push({ graph, message: `no runtime loads IR version ${ir}; the newest is ${newest.ir}` })
  if (model.opsetImport.length === 0) problems.push({ graph, message: 'the file imports no operator set' })
  const domains = new Map<string, bigint | undefined>()
  for (const { domain = '', version: own } of model.opsetImport) {
    const name = domain === 'ai.onnx' ? '' : domain
    if (domains.has(name) && domains.get(name) !== own)
      problems.push({ graph, name: domain, message: `the operator set ${show(domain || 'ai.onnx')} is imported in two versions` })
    domains.set(name, own)
    const most = newest[name as keyof typeof newest] as number | undefined
    const version = opsetOf(model, name)
    if (most !== undefined && version > most)
      problems.push({
        graph,
        name: domain,
        message: `no runtime loads version ${version} of the operator set ${show(name || 'ai.onnx')}; the newest is ${most}`,
      })
  }
  const functions = new Set(model.functions.map(({ domain = '' }) => domain))
  new GraphCheck({ domains: new Set([...domains.keys(), ...functions]), ml: opsetOf(model, 'ai.onnx.ml'), ir, problems }).check(model.graph)
  return displayed({ ok: problems.length === 0, problems })
}

function displayed(check: OnnxCheck): OnnxCheck {
  const { problems } = check
  const line =
    problems.length === 0
      ? 'ONNX check: no problem found'
      : `ONNX check: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`
  const header = ['graph', 'node', 'problem']
  const rows = problems.map(({ graph, node, message }) => [graph, node, message])
  return attachDisplay(check, {
    text: () =>
      problems.length === 0
        ? line
        : [line, ...problems.map(({ node, message }) => `- ${node === undefined ? '' : `${node}: `}${message}`)].join('\n'),
    markdown: () => (problems.length === 0 ? line : `${line}\n\n${markdownTable(header, rows)}`),
  })
}
