/** What the package publishes: every exported name of every entry, and what its signatures mention. */
import ts from 'typescript'
import { entries } from './entries'

/** One exported name. */
export interface PublicName {
  readonly subpath: string
  readonly name: string
  /** Where it is declared, as `file:line`; two entries that export one thing agree in it. */
  readonly declaredAt: string
}

/** The published surface. */
export interface PublicSurface {
  readonly names: readonly PublicName[]
  /** Names that mean different things in different entries: name → where each meaning is declared. */
  readonly ambiguous: ReadonlyMap<string, readonly string[]>
  /** Types declared in `src/` that a public signature mentions though no entry exports them: name → a place that mentions it. */
  readonly hiddenTypes: ReadonlyMap<string, string>
}

/** Reads the surface from the sources with the TypeScript checker. */
export function publicSurface(root: string): PublicSurface {
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config as { compilerOptions: object }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const files = entries().map(({ source }) => root + source)
  // Declarations of other packages are not looked at, so neither the libraries of TypeScript nor `@types` are read.
  const program = ts.createProgram(files, { ...options, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const names: PublicName[] = []
  const exported = new Set<ts.Symbol>()
  const symbols: ts.Symbol[] = []
  for (const { subpath, source } of entries()) {
    const file = program.getSourceFile(root + source)
    const module = file && checker.getSymbolAtLocation(file)
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      names.push({ subpath, name: symbol.name, declaredAt: placeOf(target, root) })
      if (!exported.has(target)) symbols.push(target)
      exported.add(target)
    }
  }
  const hiddenTypes = new Map<string, string>()
  for (const symbol of symbols) {
    for (const declaration of symbol.declarations ?? []) visitSignature(declaration, checker, exported, root, hiddenTypes, symbol.name)
  }
  return { names, ambiguous: ambiguousNames(names), hiddenTypes }
}

function ambiguousNames(names: readonly PublicName[]): Map<string, readonly string[]> {
  const places = new Map<string, Set<string>>()
  for (const { name, declaredAt } of names) places.set(name, (places.get(name) ?? new Set()).add(declaredAt))
  return new Map([...places].filter(([, at]) => at.size > 1).map(([name, at]) => [name, [...at]]))
}

function placeOf(symbol: ts.Symbol, root: string): string {
  const declaration = symbol.declarations?.[0]
  if (declaration === undefined) return '?'
  const file = declaration.getSourceFile()
  return `${file.fileName.replace(root, '')}:${file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1}`
}

/**
 * Collects the types that a declaration's signature names: parameters, results, members, constraints; not what stands in bodies, in private
 * members, or in members marked `@internal`.
 */
function visitSignature(
  declaration: ts.Node,
  checker: ts.TypeChecker,
  exported: ReadonlySet<ts.Symbol>,
  root: string,
  hidden: Map<string, string>,
  owner: string,
): void {
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node) || ts.isPrivateIdentifier(node) || isInternal(node)) return
    if ((ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node)) && ts.isPrivateIdentifier(node.name)) return
    if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) return
    const isInitialiser = ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isParameter(node)
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression
      let symbol = checker.getSymbolAtLocation(name)
      if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol)
      const file = symbol?.declarations?.[0]?.getSourceFile().fileName ?? ''
      const isParameter = symbol !== undefined && (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0
      if (symbol !== undefined && !isParameter && file.startsWith(`${root}src/`) && !exported.has(symbol)) {
        hidden.set(`${symbol.name} (${placeOf(symbol, root)})`, owner)
      }
    }
    ts.forEachChild(node, (child) => {
      if (isInitialiser && child === node.initializer) return
      visit(child)
    })
  }
  visit(declaration)
}

function isInternal(node: ts.Node): boolean {
  return ts.isClassElement(node) && ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')
}

if (process.argv[1]?.includes('public-names')) {
  const { names, ambiguous, hiddenTypes } = publicSurface(`${process.cwd()}/`)
  const count = new Set(names.map(({ name }) => name)).size
  console.log(`${entries().length} entries, ${count} names, ${new Set(names.map(({ declaredAt }) => declaredAt)).size} declarations`)
  if (process.argv.includes('--list')) for (const { subpath, name } of names) console.log(`${subpath} ${name}`)
  for (const [name, places] of ambiguous) console.log(`one name, two meanings: ${name}: ${places.join(', ')}`)
  for (const [name, owner] of hiddenTypes) console.log(`not exported: ${name}, in the signature of ${owner}`)
}
