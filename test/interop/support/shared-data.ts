/** Real files that the repository does not carry. */
import { existsSync } from 'node:fs'

/** The folder of real files: MILLWRIGHT_DATA, or `shared/data` beside the checkout. It need not be there. */
export const dataFolder: string =
  process.env.MILLWRIGHT_DATA ?? ['../shared/data', '../../shared/data'].find((path) => existsSync(path)) ?? '../shared/data'
