import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fsStorage } from 'millwright/node'
import { story } from '../../../story.js'

export const dynamic = 'force-dynamic'

export async function GET() {
  const read = (name) => readFileSync(join(process.cwd(), 'public', name))
  const storage = fsStorage({ root: mkdtempSync(join(tmpdir(), 'millwright-next-')) })
  return Response.json(await story({ csv: String(read('penguins.csv')), onnx: new Uint8Array(read('penguins.onnx')), storage }))
}
