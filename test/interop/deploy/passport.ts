/** Passports: signatures go both ways between us and OpenSSF's model_signing, tampering is refused by both, and bills are valid CycloneDX 1.7. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromRows } from '../../../src/dataset'
import { issuePassport, signModel, verifyModel, verifyPassport } from '../../../src/deploy'
import { chain, oneHotEncoder, randomForestClassifier } from '../../../src/learn'
import { ModelRegistry } from '../../../src/registry'
import { runCommand } from '../../support/run-command'

const bin = '.venvs/deploy-signing/bin'
const root = '.build/deploy-lane/passport'
rmSync(root, { recursive: true, force: true })
mkdirSync(root, { recursive: true })
const isPinning = process.argv.includes('--fixture')

const python = (...args: string[]): Promise<string> => runCommand(`${bin}/python`, ['test/interop/deploy/passport.py', ...args])
const tool = (...args: string[]): Promise<string> => runCommand(`${bin}/model_signing`, args)
const write = (folder: string, files: Readonly<Record<string, Uint8Array>>): void => {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}
const read = (folder: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [relative(folder, join(entry.parentPath, entry.name)), readFileSync(join(entry.parentPath, entry.name))]),
  )

const storage = memoryStorage()
const registry = new ModelRegistry({ storage })
const rows = Array.from({ length: 60 }, (_, i) => ({ x: i % 9, colour: i % 2 === 0 ? 'red' : 'blue', y: i % 9 > 4 }))
const fitted = chain([oneHotEncoder(), randomForestClassifier({ nEstimators: 3, seed: 1 })]).fit(fromRows(rows), { target: 'y' })
await registry.register('flights', fitted, {
  ...{ metrics: { accuracy: 0.91, loss: 1e-9 }, tags: { team: 'ops <b>' }, description: 'Late or not' },
  lineage: { dataset: { name: 'flights 2013', fingerprint: 'a'.repeat(64) } },
})
await registry.register('flights', fitted)

await python('keys', root)
const facts = {
  ...{
    licence: 'Apache-2.0',
    authors: ['Ada'],
    useCases: ['warn passengers'],
    users: ['the app'],
    limitations: ['one airport'],
    tradeoffs: ['recall before precision'],
  },
  ethicalConsiderations: { bias: 'checked by carrier' },
}
for (const curve of ['p256', 'p384', 'p521']) {
  const privateKey = readFileSync(join(root, `${curve}.pem`), 'utf8')
  const publicKey = readFileSync(join(root, `${curve}.pub.pem`), 'utf8')
  const [privatePath, publicPath] = [join(root, `${curve}.pem`), join(root, `${curve}.pub.pem`)]
  const passport = await issuePassport(registry, 'flights@1', { privateKey, ...facts, storage })
  const ours = join(root, `ours-${curve}`)
  // Names that sort differently as texts and as paths.
  const more = { ...passport.files, 'a/b': Uint8Array.of(1), 'a-c': Uint8Array.of(2), 'a.d/e': Uint8Array.of(3), ä: Uint8Array.of(4) }
  const { 'model.sig': _, ...content } = more as Record<string, Uint8Array>
  write(ours, content)
  const sign = await signModel(content, { privateKey, name: 'flights' })
  writeFileSync(join(ours, 'model.sig'), sign)
  await tool('verify', 'key', ours, '--signature', join(ours, 'model.sig'), '--public_key', publicPath)
  // The same folder, signed by the tool.
  const theirs = join(root, `theirs-${curve}`)
  write(theirs, content)
  await tool('sign', 'key', theirs, '--signature', join(theirs, 'model.sig'), '--private_key', privatePath)
  const signature = readFileSync(join(theirs, 'model.sig'), 'utf8')
  const verified = await verifyModel(read(theirs), signature, { publicKey })
  assert.deepEqual(verified.digest, (await verifyModel(content, sign, { publicKey })).digest)
  // Tampering: each refuses the other's signature of what was changed.
  writeFileSync(join(ours, 'a/b'), 'changed')
  await assert.rejects(tool('verify', 'key', ours, '--signature', join(ours, 'model.sig'), '--public_key', publicPath))
  await assert.rejects(verifyModel({ ...content, 'a/b': Uint8Array.of(9) }, signature, { publicKey }), /changed: "a\/b"/)
  assert.equal((await verifyPassport(registry, 'flights@1', { storage, publicKey })).name, 'flights-1')
  if (isPinning) {
    const fixture = join('test/fixtures/passport', curve)
    write(fixture, { 'model/a/b': Uint8Array.of(1), 'model/a-c': Uint8Array.of(2) })
    await tool('sign', 'key', join(fixture, 'model'), '--signature', join(fixture, 'model.sig'), '--private_key', privatePath)
    cpSync(publicPath, join(fixture, 'key.pub.pem'))
  }
}

const plain = await issuePassport(registry, 'flights@2')
const full = await issuePassport(registry, 'flights@1', facts)
const paths = [full, plain].map(({ bom, version }) => {
  const path = join(root, `bom-${version}.json`)
  writeFileSync(path, JSON.stringify(bom, null, 2))
  return path
})
const broken = join(root, 'broken.json')
writeFileSync(broken, JSON.stringify({ ...full.bom, specVersion: '9', metadata: { component: { type: 'model' } } }))
const schemas = '.venvs/deploy/node_modules/@cyclonedx/cyclonedx-library/res/schema'
assert.equal(await python('schema', schemas, ...paths), '')
assert.match(await python('schema', schemas, broken), /machine-learning-model/)
console.info('three curves: model_signing accepts our signatures and we its; both refuse changed files; two bills are valid CycloneDX 1.7')
