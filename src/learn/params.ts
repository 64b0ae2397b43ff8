/** Options as a flat record that a tracker can log. */

/** Names and plain values of options with all defaults, for `run.logParams`. */
export type Params = Readonly<Record<string, string | number | boolean>>

/**
 * Flattens an options object: lists are joined by commas, records become `key.name` entries, `undefined` and `null` are left out.
 */
export function paramsOf(options: object, prefix = ''): Params {
  const flat: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(options)) {
    const key = prefix === '' ? name : `${prefix}.${name}`
    if (value === undefined || value === null) continue
    if (Array.isArray(value)) flat[key] = value.join(',')
    else if (typeof value === 'object') Object.assign(flat, paramsOf(value, key))
    else flat[key] = value as string | number | boolean
  }
  return flat
}
