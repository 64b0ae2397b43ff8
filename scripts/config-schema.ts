/** Writes the JSON Schema of the configuration file to docs/config.schema.json; `npm run sync` does it, too. A test compares the file. */
import { writeFileSync } from 'node:fs'
import { configJsonSchema } from '../src/config'

writeFileSync('docs/config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
console.log('docs/config.schema.json written')
