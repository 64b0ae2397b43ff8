/** A predictor to serve, and requests to send. */
import { functionModel, type RowFunction } from '../../../src/adapters/function/function-runtime'
import { Predictor } from '../../../src/predictor'
import type { OfOptions } from '../../../src/predictor/prediction'
import type { ColumnSpec, ModelSignature } from '../../../src/schema/signature'

export const signature: ModelSignature = {
  inputs: [
    { name: 'celsius', type: 'float64' },
    { name: 'place', type: 'string', required: false, categories: ['Oslo', '<b>Cairo</b>'] },
    { name: 'people', type: 'int32', required: false },
    { name: 'indoors', type: 'boolean', required: false },
    { name: 'at', type: 'timestamp', required: false },
  ],
  outputs: [{ name: 'feels', type: 'string' }],
}

const feels: RowFunction = ({ celsius }) => {
  if (celsius === -273) throw new Error('secret: /etc/passwd')
  const hot = 1 / (1 + Math.exp(20 - Number(celsius)))
  return { prediction: hot > 0.5 ? 'hot' : 'cold', probabilities: [1 - hot, hot] }
}

/** A predictor of `feels`; `required: false` makes every column optional. */
export function feelsPredictor(options: OfOptions = {}, predict: RowFunction = feels, required = true): Predictor {
  const inputs = (signature.inputs as readonly ColumnSpec[]).map((column) => (required ? column : { ...column, required: false }))
  const model = functionModel(predict, { name: 'feels', signature: { ...signature, inputs }, classes: ['cold', 'hot'] })
  return Predictor.of(model, { name: 'feels', version: '3', ...options })
}

export function post(path: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://localhost${path}`, { headers })
}
