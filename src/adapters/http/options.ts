/** The options of `httpStorage`. */
import { invalidArgument } from '../../core/errors'
import { type HttpClientOptions, httpClientRules, parseHttpUrl } from '../../core/http-client'
import { anything, arrayOf, checkOptions, either, nonEmptyString, ofType } from '../../core/options'
import { assertUsage } from '../../core/usage'

/** Options of {@link httpStorage}. */
export interface HttpStorageOptions extends HttpClientOptions {
  /** Address of the folder that holds the objects: a key is a path below it. */
  readonly url: string
  /** Headers of every request, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** All keys, or the key of a JSON file that holds an array of them. HTTP cannot list: without an index, `list` throws `Unsupported`. */
  readonly index?: string | readonly string[] | undefined
}

/** Checks the options. @throws InvalidArgument */
export function checkHttpOptions(options: HttpStorageOptions): void {
  assertUsage('httpStorage', options, {
    write: (text) => `httpStorage({ url: ${text} })`,
    text: 'https://example.org/mlops',
    renamed: { baseUrl: 'url', endpoint: 'url' },
  })
  checkOptions('httpStorage', options, {
    url: anything(),
    headers: ofType('object'),
    index: either(nonEmptyString(), arrayOf(nonEmptyString())),
    ...httpClientRules(),
  })
  const url = parseHttpUrl(options.url, '`url` of httpStorage')
  // A query may hold a token, and would come before the key in each address.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalidArgument('`url` of httpStorage must hold no user name, password, query or fragment', {
      hint: 'pass { headers: { Authorization } }',
    })
  }
}
