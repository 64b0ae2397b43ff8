/** Weighs the small bundles and writes the table into README.md; tells what a first run loads, and what that consists of. */
import { readFileSync, writeFileSync } from 'node:fs'
import { bundleOf, sizeCases } from './bundle-size'
import { firstRunCases, firstRunOf } from './first-run-size'

const rows: string[] = ['| import | kB |', '| --- | ---: |']
for (const { name, code } of sizeCases) {
  const { gzipBytes } = await bundleOf(code, process.cwd())
  rows.push(`| ${name} | ${(gzipBytes / 1000).toFixed(1)} |`)
}
const readme = readFileSync('README.md', 'utf8')
writeFileSync('README.md', readme.replace(/<!-- sizes -->[\s\S]*<!-- \/sizes -->/, `<!-- sizes -->\n${rows.join('\n')}\n<!-- /sizes -->`))
console.log(rows.join('\n'))

for (const firstRun of firstRunCases) {
  const { gzipBytes, chunks, parts } = await firstRunOf(firstRun, process.cwd())
  console.log(
    `\nfirst run of ${firstRun.name}, with every chunk that it loads: ${(gzipBytes / 1000).toFixed(1)} kB in ${chunks.length} chunks`,
  )
  for (const [part, bytes] of parts) console.log(`  ${part.padEnd(28)}${(bytes / 1000).toFixed(1).padStart(6)}`)
}
