/** The server program that is bundled: the same story in a folder, and one answer of the ONNX model where the engine is there. */
import { readFileSync } from 'node:fs'
import { fsStorage } from 'millwright/node'
import { story } from './story.js'

// In a function, as page.js says.
async function main() {
  const [csv, onnx, root] = process.argv.slice(2)
  const result = await story({ csv: readFileSync(csv, 'utf8'), onnx: new Uint8Array(readFileSync(onnx)), storage: fsStorage({ root }) })
  console.log(JSON.stringify(result))
}
void main()
