/** DVC's configuration: where the cache is, and the remotes. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { MillwrightError, show } from '../../core/errors'
import { DEFAULT_LINKS, type LinkType, parseLinkTypes } from './links'
import { nothingIfMissing } from './places'

/** What is used of DVC's configuration. */
export interface DvcConfig {
  /** Folder of the cache. */
  readonly cache: string
  /** How the cache and the working tree share content, in the order in which it is tried. */
  readonly links: readonly LinkType[]
  /** Name of the default remote. */
  readonly defaultRemote: string | undefined
  /** Name → where it is and its settings. */
  readonly remotes: ReadonlyMap<string, DvcRemote>
}

/** A remote as DVC's configuration describes it. */
export interface DvcRemote {
  readonly name: string
  /** A URL (`s3://bucket/folder`), or an absolute path. */
  readonly url: string
  /** Its other settings, by their names in the configuration: `endpointurl`, `region`, `profile`, … Keys of an account may be among them. */
  readonly settings: Readonly<Record<string, string>>
  /** For a remote at `s3://…`: the options of `s3Storage` that lead to it. */
  readonly s3?: DvcS3Options | undefined
}

/** Where an S3 remote is, as `s3Storage` takes it. */
export interface DvcS3Options {
  readonly bucket: string
  readonly prefix?: string
  readonly endpoint?: string
  readonly region?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
}

/** Reads the configuration of the system, the user, the project and this copy of it; later ones win. */
export async function readConfig(root: string): Promise<DvcConfig> {
  let cache = join(root, '.dvc', 'cache')
  let links = DEFAULT_LINKS
  let defaultRemote: string | undefined
  const remotes = new Map<string, Record<string, string>>()
  for (const path of [...globalConfigs(), join(root, '.dvc', 'config'), join(root, '.dvc', 'config.local')]) {
    const text = await readFile(path, 'utf8').catch(nothingIfMissing)
    if (text === undefined) continue
    for (const [section, name, value] of parseIni(text, path)) {
      if (section === 'core' && name === 'remote') defaultRemote = value
      if (section === 'cache' && name === 'dir') cache = localPath(value, path)
      if (section === 'cache' && name === 'type') links = parseLinkTypes(value, path)
      const remote = /^remote "(.*)"$/.exec(section)?.[1]
      if (remote === undefined) continue
      const settings = remotes.get(remote) ?? {}
      settings[name] = name === 'url' && !isUrl(value) ? localPath(value, path) : value
      remotes.set(remote, settings)
    }
  }
  const described = [...remotes].flatMap(([name, { url, ...settings }]) =>
    url === undefined ? [] : [[name, { name, url, settings, s3: s3Options(url, settings) }] as const],
  )
  return { cache, links, defaultRemote, remotes: new Map(described) }
}

/** What `s3Storage` is to be told of a remote; `undefined` for one that is not at S3. */
function s3Options(url: string, settings: Readonly<Record<string, string>>): DvcS3Options | undefined {
  const [, bucket, path] = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(url) ?? []
  if (bucket === undefined) return undefined
  const prefix = path?.replace(/^\/+|\/+$/g, '')
  const { endpointurl, region, access_key_id, secret_access_key, session_token } = settings
  return {
    bucket,
    ...(prefix ? { prefix } : {}),
    ...(endpointurl ? { endpoint: endpointurl } : {}),
    ...(region ? { region } : {}),
    ...(access_key_id && secret_access_key
      ? {
          credentials: {
            accessKeyId: access_key_id,
            secretAccessKey: secret_access_key,
            ...(session_token ? { sessionToken: session_token } : {}),
          },
        }
      : {}),
  }
}

/** Whether a remote is not a folder of this machine. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text)
}

/** A relative path starts at the folder of the file that says it. */
function localPath(text: string, file: string): string {
  const path = /^~[/\\]/.test(text) ? join(homedir(), text.slice(2)) : text
  return isAbsolute(path) ? path : resolve(dirname(file), path)
}

/** Where DVC looks for what holds for every project. */
function globalConfigs(): readonly string[] {
  const { env, platform } = process
  const home = homedir()
  const system =
    platform === 'win32'
      ? join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'iterative', 'dvc')
      : platform === 'darwin'
        ? '/Library/Application Support/dvc'
        : join(env.XDG_CONFIG_DIRS?.split(':')[0] || '/etc/xdg', 'dvc')
  const user =
    platform === 'win32'
      ? join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'iterative', 'dvc')
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support', 'dvc')
        : join(env.XDG_CONFIG_HOME || join(home, '.config'), 'dvc')
  return [join(env.DVC_SYSTEM_CONFIG_DIR || system, 'config'), join(env.DVC_GLOBAL_CONFIG_DIR || user, 'config')]
}

/** The entries of a file in git's style: section, name, value. @throws Corrupt naming the line */
export function parseIni(text: string, subject: string): readonly (readonly [section: string, name: string, value: string])[] {
  const entries: [string, string, string][] = []
  let section = ''
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const head = /^\[\s*(.*?)\s*\]$/.exec(line)?.[1]
    const pair = /^([^=\s][^=]*?)\s*=\s*(.*)$/.exec(line)
    if (head !== undefined) section = unquoted(head)
    else if (pair !== null) entries.push([section, (pair[1] as string).toLowerCase(), unquoted((pair[2] as string).replace(/\s+#.*$/, ''))])
    else throw new MillwrightError('Corrupt', `${subject} is not a DVC configuration: line ${index + 1} is ${show(raw)}`)
  }
  return entries
}

function unquoted(text: string): string {
  return /^(['"])(.*)\1$/.exec(text)?.[2] ?? text
}
