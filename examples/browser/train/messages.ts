/** What the page and its worker say to each other. */

/** What the page asks. */
export type Question =
  | { readonly type: 'read'; readonly file: Blob }
  | { readonly type: 'train'; readonly target: string; readonly nEstimators: number }
  | { readonly type: 'cancel' }
  | { readonly type: 'onnx' }
  | { readonly type: 'predict'; readonly row: FeatureRow }

/** Features of a row; `null` is missing. */
export type FeatureRow = Readonly<Record<string, string | number | boolean | null>>

/** A feature that the page asks for. */
export interface Field {
  readonly name: string
  readonly kind: 'number' | 'text' | 'boolean'
  /** Of texts that have few values. */
  readonly values: readonly string[]
}

/** The answer for one row: a label with the probabilities of all, or a number. */
export interface RowAnswer {
  readonly by: string
  readonly prediction: string
  readonly shares: readonly { readonly label: string; readonly share: number }[]
}

/** A row of the test part with the model's answer. */
export interface Example {
  readonly row: Readonly<Record<string, unknown>>
  readonly actual: string
  readonly predicted: string
}

/** What the worker answers. */
export type Answer =
  | { readonly type: 'data'; readonly numRows: number; readonly columns: readonly { readonly name: string; readonly type: string }[] }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | {
      readonly type: 'model'
      readonly metric: string
      readonly value: number
      readonly seconds: number
      readonly importance: readonly { readonly feature: string; readonly importance: number }[]
      readonly examples: readonly Example[]
      readonly fields: readonly Field[]
    }
  | { readonly type: 'cancelled' }
  | { readonly type: 'onnx'; readonly bytes: Uint8Array<ArrayBuffer>; readonly summary: string }
  | { readonly type: 'prediction'; readonly answers: readonly RowAnswer[]; readonly note: string }
  | { readonly type: 'problem'; readonly message: string }
