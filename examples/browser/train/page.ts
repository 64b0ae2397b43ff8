/** The page: shows what the worker says, and hands out the file. */
import type { Answer, Example, FeatureRow, Field, Question, RowAnswer } from './messages'

const worker = new Worker(new URL('./trainer.ts', import.meta.url), { type: 'module' })
const ask = (question: Question): void => worker.postMessage(question)

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E
const [target, trees, bar] = [element<HTMLSelectElement>('target'), element<HTMLInputElement>('trees'), element<HTMLProgressElement>('bar')]
const [trainButton, cancelButton, download] = [
  element<HTMLButtonElement>('train'),
  element<HTMLButtonElement>('cancel'),
  element<HTMLButtonElement>('download'),
]
const say = (id: string, text: string): void => {
  element(id).textContent = text
}

/** Which buttons can be used, and what the page is doing, for those who look from outside. */
function show(state: 'reading' | 'ready' | 'training' | 'trained'): void {
  document.body.dataset.state = state
  trainButton.disabled = state === 'reading' || state === 'training'
  cancelButton.disabled = state !== 'training'
  download.disabled = state !== 'trained'
  element('model').hidden = state !== 'trained'
}

const receive: { readonly [Type in Answer['type']]: (answer: Extract<Answer, { type: Type }>) => void } = {
  data({ numRows, columns }) {
    say('data', `${numRows} rows, ${columns.length} columns: ${columns.map(({ name, type }) => `${name} (${type})`).join(', ')}`)
    target.replaceChildren(...columns.map(({ name }) => new Option(name)))
    say('status', '')
    show('ready')
  },
  progress({ done, total }) {
    bar.max = total
    bar.value = done
    say('status', `${done} of ${total} trees`)
  },
  model({ metric, value, seconds, importance, examples, fields }) {
    say('status', `${metric} ${value.toFixed(3)} on rows that it had not seen, after ${seconds.toFixed(1)} s`)
    const most = importance[0]?.importance ?? 1
    element('importance').replaceChildren(
      ...importance.map((one) => {
        const line = document.createElement('div')
        line.className = 'share'
        line.style.setProperty('--share', String(one.importance / most))
        line.textContent = `${one.feature} ${(one.importance * 100).toFixed(1)} %`
        return line
      }),
    )
    element('examples').replaceChildren(...rowsOf(examples))
    element('fields').replaceChildren(...fields.map((field) => inputOf(field, examples[0]?.row[field.name])))
    element('answers').replaceChildren()
    say('note', '')
    show('trained')
  },
  prediction({ answers, note }) {
    element('answers').replaceChildren(...answers.map(answerLine))
    say('note', note)
  },
  cancelled() {
    say('status', 'cancelled; nothing was kept')
    show('ready')
  },
  onnx({ bytes, summary }) {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
    link.download = `${target.value}.onnx`
    link.click()
    URL.revokeObjectURL(link.href)
    say('file', `${link.download}, ${summary}`)
  },
  problem({ message }) {
    say('status', message)
    show('ready')
  },
}
worker.onmessage = ({ data }: MessageEvent<Answer>) => receive[data.type](data as never)

/** The rows of the test part as rows of a table, the model's answer first. */
function rowsOf(examples: readonly Example[]): HTMLTableRowElement[] {
  const names = Object.keys(examples[0]?.row ?? {}).filter((name) => name !== target.value)
  const line = (cells: readonly string[], tag: 'th' | 'td'): HTMLTableRowElement => {
    const row = document.createElement('tr')
    row.replaceChildren(
      ...cells.map((text) => {
        const cell = document.createElement(tag)
        cell.textContent = text
        return cell
      }),
    )
    return row
  }
  return [
    line(['model', target.value, ...names], 'th'),
    ...examples.map(({ row, actual, predicted }) => line([predicted, actual, ...names.map((name) => String(row[name] ?? '–'))], 'td')),
  ]
}

/** An input for a feature, with a value of a row to begin with. */
function inputOf({ name, kind, values }: Field, value: unknown): HTMLLabelElement {
  const label = document.createElement('label')
  const text = value === null || value === undefined ? '' : String(value)
  const choices = kind === 'boolean' ? ['true', 'false'] : values
  const input = choices.length > 0 ? document.createElement('select') : document.createElement('input')
  if (input instanceof HTMLSelectElement) input.replaceChildren(new Option('', ''), ...choices.map((choice) => new Option(choice)))
  else if (kind === 'number') Object.assign(input, { type: 'number', step: 'any' })
  Object.assign(input, { name, value: text })
  input.dataset.kind = kind
  label.append(name, input)
  return label
}

/** The row that the inputs hold; an empty one is missing. */
function askedRow(): FeatureRow {
  const inputs = document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('#fields [name]')
  return Object.fromEntries(
    Array.from(inputs, ({ name, value, dataset: { kind } }) => {
      if (value === '') return [name, null]
      return [name, kind === 'number' ? Number(value) : kind === 'boolean' ? value === 'true' : value]
    }),
  )
}

/** A line for one answer: who gives it, the prediction, the probabilities. */
function answerLine({ by, prediction, shares }: RowAnswer): HTMLElement {
  const line = document.createElement('p')
  const strong = document.createElement('strong')
  strong.textContent = prediction
  const listed = shares.map(({ label, share }) => `${label} ${(share * 100).toFixed(2)} %`).join(', ')
  line.append(`${by}: `, strong, listed === '' ? '' : ` (${listed})`)
  return line
}

function read(file: Blob): void {
  show('reading')
  say('status', 'reading …')
  ask({ type: 'read', file })
}

element<HTMLInputElement>('file-input').addEventListener('change', ({ target: input }) => {
  const [file] = (input as HTMLInputElement).files ?? []
  if (file !== undefined) read(file)
})
trees.addEventListener('input', () => say('trees_value', trees.value))
trainButton.addEventListener('click', () => {
  bar.value = 0
  show('training')
  ask({ type: 'train', target: target.value, nEstimators: Number(trees.value) })
})
cancelButton.addEventListener('click', () => ask({ type: 'cancel' }))
element<HTMLFormElement>('row').addEventListener('submit', (event) => {
  event.preventDefault()
  ask({ type: 'predict', row: askedRow() })
})
download.addEventListener('click', () => ask({ type: 'onnx' }))
read(await (await fetch(new URL('../../data/penguins.csv', import.meta.url))).blob())
