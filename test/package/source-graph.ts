/** The imports of every source file, read with the TypeScript scanner. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The repository's folder, with a slash at the end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** One import, export-from or dynamic import. */
export interface Edge {
  readonly specifier: string
  /** The source file it leads to, relative to the root; absent for packages. */
  readonly file?: string
  readonly dynamic: boolean
  readonly typeOnly: boolean
}

/** Every `.ts` file below `folder`, relative to the root, sorted. */
export function sourceFiles(folder = 'src'): string[] {
  const files: string[] = []
  const visit = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const child = join(path, name)
      if (statSync(child).isDirectory()) visit(child)
      else if (name.endsWith('.ts')) files.push(relative(root, child))
    }
  }
  visit(join(root, folder))
  return files
}

/** The edges that leave `file`. */
export function edgesOf(file: string): readonly Edge[] {
  const known = edges.get(file) ?? readEdges(file)
  edges.set(file, known)
  return known
}

/** Reading takes a second for all sources, so each is read once. */
const edges = new Map<string, readonly Edge[]>()
const parsed = new Map<string, ts.SourceFile>()

function sourceOf(file: string): ts.SourceFile {
  const known = parsed.get(file) ?? ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022)
  parsed.set(file, known)
  return known
}

function readEdges(file: string): Edge[] {
  const source = sourceOf(file)
  const edges: Edge[] = []
  const add = (specifier: string, dynamic: boolean, typeOnly: boolean): void => {
    const target = specifier.startsWith('.') ? resolveLocal(file, specifier) : undefined
    edges.push({ specifier, dynamic, typeOnly, ...(target === undefined ? {} : { file: target }) })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, false, node.importClause?.isTypeOnly === true)
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, false, node.isTypeOnly)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0]
      if (argument && ts.isStringLiteral(argument)) add(argument.text, true, false)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      add(node.argument.literal.text, false, true)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return edges
}

/** Every file reachable from `start` at run time, dynamic imports included. */
export function reachable(start: string): Set<string> {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const edge of edgesOf(file)) if (edge.file !== undefined && !edge.typeOnly) visit(edge.file)
  }
  visit(start)
  return seen
}

function resolveLocal(from: string, specifier: string): string {
  const base = resolve(root, dirname(from), specifier)
  for (const candidate of [`${base}.ts`, join(base, 'index.ts'), base]) {
    if (existsSync(candidate) && statSync(candidate).isFile()) return relative(root, candidate)
  }
  throw new Error(`${from} imports ${specifier}, which is no file`)
}

/** Whether a file's code (not its comments) has a node of one of these kinds. */
export function hasNode(file: string, kinds: readonly ts.SyntaxKind[]): boolean {
  const source = sourceOf(file)
  const visit = (node: ts.Node): boolean =>
    kinds.includes(node.kind) || (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false)
  return visit(source)
}

/** A function with a body. */
export interface FunctionSpan {
  /** `file:name`. A function without a name of its own has the name of the variable, property or function that it belongs to. */
  readonly id: string
  /** From the line where the function begins to the line where it ends. */
  readonly lines: number
}

/** Every function, method and arrow function of a file. */
export function functionsOf(file: string): FunctionSpan[] {
  const source = sourceOf(file)
  const functions: FunctionSpan[] = []
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const visit = (node: ts.Node, holder: string): void => {
    let name = holder
    if (ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isClassDeclaration(node))
      name = node.name?.getText(source) ?? holder
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      name = node.name?.getText(source) ?? holder
      functions.push({ id: `${file}:${name}`, lines: lineOf(node.end) - lineOf(node.getStart(source)) + 1 })
    }
    ts.forEachChild(node, (child) => visit(child, name))
  }
  visit(source, '(file)')
  return functions
}
