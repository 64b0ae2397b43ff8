/** Optional peer packages, loaded when they are first needed. */
import { MillwrightError, missingDependency } from './errors'

/** What {@link loadPeer} says when the package cannot be had. */
export interface PeerUse {
  /** What needs the package, as the subject of a sentence: `onnxRuntime without \`lib\``. */
  readonly needed: string
  /** What to do instead. @default `npm install <name>` */
  readonly hint?: string | undefined
}

/**
 * Loads an optional peer package of Node. Every optional peer comes through here: the name is a parameter, and the comments tell webpack,
 * Turbopack and Vite to leave the call as it is. A literal `import('onnxruntime-node')` would be followed by bundlers, which then fail where
 * the package is absent (Vite 8's dev server) or pack native binaries (esbuild). The runtime resolves the name, from where this file lies;
 * a bundled server therefore finds the package in the `node_modules` beside or above its output.
 *
 * @throws MissingDependency when the package is not installed, or cannot be loaded
 */
export async function loadPeer<T extends object>(name: string, { needed, hint }: PeerUse): Promise<T> {
  try {
    const module = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name)) as T & { default?: T }
    return module.default ?? module
  } catch (cause) {
    if (isAbsent(name, cause)) throw missingDependency(name, needed, cause, hint)
    throw new MillwrightError(
      'MissingDependency',
      `${needed} needs the package '${name}', which cannot be loaded: ${(cause as Error).message}`,
      {
        details: { packageName: name },
        cause,
      },
    )
  }
}

/** Every runtime quotes the name that it could not find; a package that is there and fails speaks of something else. */
function isAbsent(name: string, cause: unknown): boolean {
  const { message } = cause as { readonly message?: string }
  return [`'${name}'`, `"${name}"`, `\u201c${name}\u201d`].some((quoted) => message?.includes(quoted))
}
