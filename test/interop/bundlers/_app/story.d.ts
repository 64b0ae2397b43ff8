import type { ObjectStore } from 'millwright'

export function story(options: {
  readonly csv: string
  readonly onnx: Uint8Array
  readonly storage: ObjectStore
}): Promise<Readonly<Record<string, unknown>>>
