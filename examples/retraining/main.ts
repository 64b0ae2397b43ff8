/**
 * A model that retrains itself through a year of bike rentals, in a process that is killed in the middle of a training and of a canary.
 *
 *   node scripts/run.mjs examples/retraining/main.ts [folder]
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ModelRegistry } from 'millwright'
import { fsStorage } from 'millwright/node'
import { serveTheYear } from './service'

const [folder = 'out/retraining', role] = process.argv.slice(2)
const storage = fsStorage({ root: folder, fsync: role === 'service' })

/** Starts the service and shows what it says; kills it at the first line that `doomed` matches. Resolves with whether it was killed. */
function live(doomed: RegExp | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [process.argv[1] as string, folder, 'service'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let isKilled = false
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isKilled) return
      console.log(`  ${line}`)
      if (doomed?.test(line) !== true) return
      isKilled = true
      child.kill('SIGKILL')
      console.log('\n  ✗ the process is killed (SIGKILL), and started again\n')
    })
    child.once('close', (code) => (isKilled || code === 0 ? resolve(isKilled) : reject(new Error(`the service ended with ${code}`))))
  })
}

async function story(): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  console.log('# The year, day by day\n')
  const kills = [/training on/, /canary running at 50/]
  let killed = 0
  while (await live(kills[killed])) killed += 1

  console.log('\n# What is recorded\n')
  const registry = new ModelRegistry({ storage })
  for (const { at: _, kind, version, from, reason, verdicts } of await registry.history('bikes')) {
    if (kind === 'alias-moved' && reason === undefined && from === undefined) continue
    if (kind !== 'alias-moved' && kind !== 'promotion-rejected') continue
    if (verdicts === undefined || verdicts.length === 0) continue
    console.log(`  version ${version} ${kind === 'alias-moved' ? `replaced ${from}` : 'was refused'}: ${reason}`)
    for (const { gate, passed, required, measured } of verdicts) console.log(`    ${passed ? '✓' : '✗'} ${gate}: ${required}; ${measured}`)
  }
  const versions = await registry.listVersions('bikes')
  const { objects } = await storage.list({ prefix: 'retraining/bikes/', shallow: true })
  const left = versions.length - 1 - objects.length
  console.log(
    `\n  ${objects.length} retrainings have ended, each with one version and one verdict${left > 0 ? `; ${left} is in its canary and goes on with the next start` : ''}`,
  )
  console.log(`  the process was killed ${killed} times: nothing was lost, and nothing done twice`)
  console.log(`  champion: version ${(await registry.resolve('bikes@champion')).version}; everything lies in ${folder}`)
}

await (role === 'service' ? serveTheYear(storage) : story())
