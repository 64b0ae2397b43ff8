/** The input example registered with a version. Loaded when a model is opened. */
import { fromUtf8 } from '../core/bytes'
import { parseJson } from '../core/json'
import type { ModelVersionRecord, RegistryBackend } from '../ports/registry-backend'
import type { Row } from '../schema/table'

/** The first row of a version's input example; `undefined` where it is missing or cannot be parsed, which does not stop a model from opening. */
export async function firstExample(backend: RegistryBackend, version: ModelVersionRecord, signal?: AbortSignal): Promise<Row | undefined> {
  try {
    const bytes = await backend.readFile(version, 'input_example.json', { signal })
    const { columns, data } = parseJson(fromUtf8(bytes), 'input_example.json') as { columns?: unknown; data?: unknown }
    const [cells] = Array.isArray(data) ? (data as unknown[]) : []
    if (!Array.isArray(columns) || !Array.isArray(cells)) return undefined
    return Object.fromEntries(columns.map((name, i) => [String(name), cells[i] ?? null])) as Row
  } catch {
    return undefined
  }
}
