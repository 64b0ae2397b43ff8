/** The checks of the guarantees of registry backends, called through the registry. */
import { arrayOf, checkOptions, ofType } from '../core/options'
import type { RegistryBackend } from '../ports/registry-backend'
import { type Check, suiteOf } from './check'
import type { HostileNameOptions } from './hostile-names'
import { registryAliasChecks } from './registry-alias-checks'
import { registryChangeChecks } from './registry-change-checks'
import { registryHistoryChecks } from './registry-history-checks'
import { registryNameChecks } from './registry-name-checks'
import { registryVersionChecks } from './registry-version-checks'

/**
 * The checks of the registry backend port. They check the guarantees that {@link RegistryBackend} documents. Each check takes an empty backend.
 *
 * @throws InvalidArgument for an unknown option
 * @example
 * bindChecks(registryChecks(), { make: () => objectStoreBackend(memoryStorage()) }, { describe, it })
 */
export function registryChecks(options: HostileNameOptions = {}): readonly Check<RegistryBackend>[] {
  checkOptions('registryChecks', options, { hostileNames: arrayOf(ofType('string')) })
  return suiteOf('registryChecks', [
    ...registryVersionChecks(),
    ...registryNameChecks(options.hostileNames),
    ...registryAliasChecks(),
    ...registryHistoryChecks(),
    ...registryChangeChecks(),
  ])
}
