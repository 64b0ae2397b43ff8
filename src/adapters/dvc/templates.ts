/** The `${…}` of a `dvc.yaml`, filled in from `params.yaml`, `vars` and the item of a `foreach` as DVC fills them in. */
import { MillwrightError, show } from '../../core/errors'
import { parseYaml, parseYamlStrings } from '../../core/yaml-read'
import { fieldsOf } from './pointers'

/** What templates may name. */
export interface TemplateValues {
  /** As parsed by the core schema of YAML 1.2. */
  readonly values: Readonly<Record<string, unknown>>
  /** The same tree with every scalar as the text it was, which tells `1` from `1.0`. */
  readonly texts: Readonly<Record<string, unknown>>
}

/** No values. */
export const noValues: TemplateValues = { values: {}, texts: {} }

/** The values of a YAML file, or of one of its members. @throws Corrupt */
export function valuesOf(text: string, subject: string): TemplateValues {
  return { values: fieldsOf(parseYaml(text, subject), subject), texts: fieldsOf(parseYamlStrings(text, subject), subject) }
}

/** Both, mappings merged member by member; the later one wins. */
export function mergedValues(a: TemplateValues, b: TemplateValues): TemplateValues {
  return { values: merged(a.values, b.values), texts: merged(a.texts, b.texts) }
}

function merged(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const before = result[name]
    result[name] = isMapping(before) && isMapping(value) ? merged(before, value) : value
  }
  return result
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Fills in every text of a value; a text that is one template takes the value itself. @throws NotFound, Unsupported */
export function fillIn(value: unknown, context: TemplateValues, subject: string): unknown {
  if (typeof value === 'string') return fillInText(value, context, subject)
  if (Array.isArray(value)) return value.map((item) => fillIn(item, context, subject))
  if (!isMapping(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [String(fillIn(name, context, subject)), fillIn(member, context, subject)]),
  )
}

const template = /\\?\$\{([^}]*)\}/g

function fillInText(text: string, context: TemplateValues, subject: string): unknown {
  const whole = /^\$\{([^}]*)\}$/.exec(text)?.[1]
  if (whole !== undefined) return select(context.values, whole, subject)
  return text.replace(template, (found, name: string) => {
    if (found.startsWith('\\')) return found.slice(1)
    return pythonText(select(context.values, name, subject), select(context.texts, name, subject), `${subject}: ${show(found)}`)
  })
}

/** Follows `a.b[0]`. */
function select(tree: unknown, name: string, subject: string): unknown {
  let value = tree
  for (const [, member, index] of name.trim().matchAll(/([^.[\]]+)|\[(\w+)\]/g)) {
    const key = member ?? index ?? ''
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
      throw new MillwrightError('NotFound', `${subject}: nothing is called ${show(name)} in params.yaml or \`vars\``)
    }
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

/** A value as Python's `str` writes it, booleans as DVC does. */
function pythonText(value: unknown, text: unknown, subject: string): string {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  if (value === null) return 'None'
  if (typeof value === 'number') return typeof text === 'string' && /^[-+]?\d+$/.test(text) ? String(BigInt(text)) : pythonFloat(value)
  throw new MillwrightError('Unsupported', `${subject} stands for a list or a mapping, which is written into a text only by DVC`, {
    hint: 'run `dvc commit`',
  })
}

/** A floating-point number as Python's `repr` writes it: with a dot, and with an exponent from 1e16 on and below 1e-4. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const plain = Object.is(value, -0) ? '-0' : String(value)
  return plain.includes('.') ? plain : `${plain}.0`
}
