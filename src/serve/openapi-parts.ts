/** Pieces of OpenAPI documents that protocols share. */

/** A piece of the document. */
export type ApiObject = Record<string, unknown>

/** An answer with a JSON body. */
export function jsonResponse(description: string, schema: object, mediaType = 'application/json'): ApiObject {
  return { description, content: { [mediaType]: { schema } } }
}

/** A body of JSON. */
export function jsonRequest(schema: object, example?: unknown): ApiObject {
  return { required: true, content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } } }
}

/** The same answer for several statuses. */
export function responsesFor(statuses: Readonly<Record<number, string>>, schema: object, mediaType?: string): ApiObject {
  return Object.fromEntries(Object.entries(statuses).map(([status, description]) => [status, jsonResponse(description, schema, mediaType)]))
}

/** A parameter in the path, with the values it may have. */
export function pathParameter(name: string, values?: readonly string[]): ApiObject {
  return { name, in: 'path', required: true, schema: { type: 'string', ...(values === undefined ? {} : { enum: values }) } }
}

/** What every protocol answers to a request that it cannot serve. */
export const refusals: Readonly<Record<number, string>> = {
  400: 'The body does not fit',
  404: 'There is no such model or version',
  413: 'Too many bytes or rows',
  415: 'The body is of another media type',
  500: 'The model failed',
  503: 'Not ready, or overloaded; try again',
  504: 'The deadline passed',
}
