/** The page: shows what the story gives on the browser's own storage. */
import { indexeddbStorage } from 'millwright/storage/indexeddb'
import { story } from './story.js'

const text = async (path) => (await fetch(path)).text()
const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())

// In a function, not at the top level: Rollup and Vite 7 put what is shared into the chunk of the entry, and a chunk that is loaded on first
// use would wait for an entry that waits for it.
async function main() {
  const out = document.getElementById('out')
  try {
    const storage = indexeddbStorage({ name: `bundled-${Date.now()}` })
    out.textContent = JSON.stringify(
      await story({ csv: await text('/penguins.csv'), onnx: await bytes('/penguins.onnx'), storage }),
      null,
      2,
    )
  } catch (error) {
    out.textContent = `failed: ${error.stack ?? error}`
  }
  document.title = 'done'
}
void main()
