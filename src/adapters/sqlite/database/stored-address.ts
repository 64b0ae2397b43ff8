/** Addresses of files in MLflow's tables, as keys of the storage. */
import type { ObjectStore } from '../../../ports/object-store'

/** The key of a stored address, without a slash at the end; `undefined` for an address outside the storage. */
export function keyOfAddress(storage: ObjectStore, address: string): string | undefined {
  const root = plainPath(storage.uri('x').slice(0, -1))
  const path = plainPath(address).replace(/\/+$/, '')
  return path.startsWith(root) ? path.slice(root.length) : undefined
}

/** The path of a file URI. MLflow writes plain paths where this library writes URIs. Other addresses are returned unchanged. */
export function plainPath(address: string): string {
  if (!address.startsWith('file:')) return address
  try {
    return decodeURIComponent(address.replace(/^file:(\/\/)?/, ''))
  } catch {
    return address
  }
}
