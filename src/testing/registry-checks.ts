/** What every registry backend promises, as a list of checks, seen through the registry. */
import type { RegistryBackend } from '../ports/registry-backend'
import type { Check } from './check'
import { registryAliasChecks } from './registry-alias-checks'
import { registryChangeChecks } from './registry-change-checks'
import { registryHistoryChecks } from './registry-history-checks'
import { registryNameChecks } from './registry-name-checks'
import { registryVersionChecks } from './registry-version-checks'

/**
 * The checks of the registry backend port: {@link RegistryBackend} says what they check. Each takes an empty backend.
 *
 * @example
 * bindChecks(registryChecks(), { make: () => objectStoreBackend(memoryStorage()) }, { describe, it })
 */
export function registryChecks(): readonly Check<RegistryBackend>[] {
  return [
    ...registryVersionChecks(),
    ...registryNameChecks(),
    ...registryAliasChecks(),
    ...registryHistoryChecks(),
    ...registryChangeChecks(),
  ]
}
