/** Writes values as Python literals. */
import { invalidArgument, show } from '../core/errors'

/** A value of JSON as a Python literal, on one line. @throws InvalidArgument for anything else, and for NaN and infinities */
export function pythonLiteral(value: unknown): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  // JSON's escapes are Python's, too; what JSON leaves as it is may stand in a Python file in UTF-8.
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.entries(value as object).filter(([, member]) => member !== undefined)
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${pythonLiteral(member)}`).join(', ')}}`
  }
  throw invalidArgument(`a value for Python must be JSON, got ${show(value)}`)
}
