/** Weighs the small bundles and writes the table into README.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { bundleOf, sizeCases } from './bundle-size'

const rows: string[] = ['| import | kB |', '| --- | ---: |']
for (const { name, code } of sizeCases) {
  const { gzipBytes } = await bundleOf(code, process.cwd())
  rows.push(`| ${name} | ${(gzipBytes / 1000).toFixed(1)} |`)
}
const readme = readFileSync('README.md', 'utf8')
writeFileSync('README.md', readme.replace(/<!-- sizes -->[\s\S]*<!-- \/sizes -->/, `<!-- sizes -->\n${rows.join('\n')}\n<!-- /sizes -->`))
console.log(rows.join('\n'))
