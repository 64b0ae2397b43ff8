/** The remotes of a project: folders, and what the caller opens as an object store. */
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import type { ObjectStore } from '../../ports/object-store'
import { type DvcRemote, isUrl, readConfig } from './config'
import { localPlace } from './local-place'
import type { ObjectPlace } from './places'
import { storePlace } from './store-place'

/**
 * Opens remotes that are no folder of this machine: a store by the remote's name, or a function that makes one of what DVC's configuration
 * says. The function is called when the remote is first used; `undefined` leaves a remote to dvcRepo.
 *
 * @example
 * dvcRepo({ root: '.', remotes: ({ s3 }) => s3 && s3Storage(s3) })
 */
export type DvcRemotes = Readonly<Record<string, ObjectStore>> | ((remote: DvcRemote) => ObjectStore | undefined)

/** Opens a remote. @throws NotFound, Unsupported */
export type OpenRemote = (name: string | undefined) => Promise<ObjectPlace>

/** Opens the named remote, else the default one, of the configuration as it is at the moment. */
export function remotesOf(options: { readonly root: string; readonly fsync: boolean; readonly remotes: DvcRemotes }): OpenRemote {
  const stores = new Map<string, ObjectStore>()
  return (name) => openRemote(name, { ...options, stores })
}

interface OpenOptions {
  readonly root: string
  readonly fsync: boolean
  readonly remotes: DvcRemotes
  /** The stores that the caller's function has opened, one for each remote as it was configured. */
  readonly stores: Map<string, ObjectStore>
}

async function openRemote(name: string | undefined, { root, fsync, remotes, stores }: OpenOptions): Promise<ObjectPlace> {
  const config = await readConfig(root)
  const wanted = name ?? config.defaultRemote
  if (wanted === undefined)
    throw new MillwrightError('NotFound', `the DVC project ${root} has no default remote`, { hint: 'dvc remote add -d <name> <url>' })
  const remote = config.remotes.get(wanted)
  const store = storeOf(remotes, wanted, { remote, stores })
  const subject = `the remote ${show(wanted)}`
  if (store !== undefined) return storePlace(subject, store)
  if (remote === undefined) {
    throw new MillwrightError(
      'NotFound',
      `the DVC project ${root} has no remote ${show(wanted)}; it has ${[...config.remotes.keys()].join(', ') || 'none'}`,
    )
  }
  if (!isUrl(remote.url)) return localPlace({ name: subject, root: remote.url, fsync })
  const how = remote.s3 === undefined ? `{ ${JSON.stringify(wanted)}: store }` : '({ s3 }) => s3 && s3Storage(s3)'
  throw new MillwrightError(
    'Unsupported',
    `${subject} is at ${remote.url.replace(/\/\/[^/]*@/, '//')}, which dvcRepo reads only through an object store`,
    { hint: `pass \`remotes: ${how}\`, or run \`dvc fetch\` first` },
  )
}

function storeOf(
  remotes: DvcRemotes,
  name: string,
  { remote, stores }: { readonly remote: DvcRemote | undefined; readonly stores: Map<string, ObjectStore> },
): ObjectStore | undefined {
  if (typeof remotes !== 'function') return Object.hasOwn(remotes, name) ? remotes[name] : undefined
  if (remote === undefined) return undefined
  const key = JSON.stringify(remote)
  const store = stores.get(key) ?? remotes(remote)
  if (store === undefined) return undefined
  if (typeof (store as Partial<ObjectStore> | null)?.put !== 'function') {
    throw invalidArgument(`\`remotes\` of dvcRepo must give an object store for ${show(name)}, got ${show(store)}`)
  }
  stores.set(key, store)
  return store
}
