/** `~/.mlflow/credentials`, the INI file of MLflow's Python client (Node, Bun, Deno). */
import { builtin } from '../../../core/node-builtin'

/** What the file may hold. */
export interface StoredCredentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/**
 * User name and password of the section `[mlflow]`; nothing where there is no file or it may not be read. The home folder is that of
 * `environment` where it names one.
 */
export function readCredentials(environment: Readonly<Record<string, string | undefined>> = {}): StoredCredentials {
  try {
    const home = environment.HOME || environment.USERPROFILE || builtin<typeof import('node:os')>('node:os').homedir()
    const path = builtin<typeof import('node:path')>('node:path').join(home, '.mlflow', 'credentials')
    return parseCredentials(builtin<typeof import('node:fs')>('node:fs').readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/** The text of the file: `key = value` or `key: value`, comments after `#` or `;` at the start of a line. */
export function parseCredentials(text: string): StoredCredentials {
  const values = new Map<string, string>()
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    const [, name] = /^\s*\[([^\]]*)\]/.exec(line) ?? []
    if (name !== undefined) section = name.trim()
    const [, key, value] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined && section === 'mlflow' && key !== undefined) values.set(key.toLowerCase(), value ?? '')
  }
  return { username: values.get('mlflow_tracking_username'), password: values.get('mlflow_tracking_password') }
}
