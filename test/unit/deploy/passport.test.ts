/** Passports: bills, signatures, and that nothing changed passes. The lane `deploy` holds them against the real tools. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../../src/adapters/memory/memory-storage'
import { fromUtf8, toBase64, utf8 } from '../../../src/core/bytes'
import { issuePassport, signModel, verifyModel, verifyPassport } from '../../../src/deploy'
import { ModelRegistry } from '../../../src/registry'
import { times } from '../../support/effort'
import { classifier } from '../traffic/helpers'

const curves = ['P-256', 'P-384', 'P-521'] as const

/** A new key pair as PEM texts. */
async function keyPair(namedCurve: string = 'P-256'): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify'])
  const pem = async (format: 'pkcs8' | 'spki', key: CryptoKey, label: string): Promise<string> => {
    const body = toBase64(new Uint8Array(await crypto.subtle.exportKey(format, key))).replace(/.{1,64}/g, '$&\n')
    return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`
  }
  return { privateKey: await pem('pkcs8', pair.privateKey, 'PRIVATE KEY'), publicKey: await pem('spki', pair.publicKey, 'PUBLIC KEY') }
}

const files = { 'a/b': utf8('one'), 'a-c': utf8('two'), 'model.bin': utf8('three') }

describe('signatures of models', () => {
  it.each([['p256'], ['p384'], ['p521']])('of the Python tool are verified: %s', async (curve) => {
    const read = (path: string): Uint8Array => readFileSync(new URL(`../../fixtures/passport/${curve}/${path}`, import.meta.url))
    const model = { 'a/b': read('model/a/b'), 'a-c': read('model/a-c') }
    const publicKey = fromUtf8(read('key.pub.pem'))
    const found = await verifyModel(model, fromUtf8(read('model.sig')), { publicKey })
    expect(found).toMatchObject({ name: 'model', files: ['a-c', 'a/b'] })
    await expect(verifyModel({ ...model, 'a/b': utf8('x') }, fromUtf8(read('model.sig')), { publicKey })).rejects.toMatchObject({
      code: 'Corrupt',
      details: { changed: ['a/b'], missing: [], added: [] },
    })
  })

  it('hold for every signed file, also for those that another may lie beside', async () => {
    const { privateKey, publicKey } = await keyPair()
    const model = { ...files, '.gitattributes': utf8('* -text') }
    const signature = await signModel(model, { privateKey })
    await verifyModel({ ...model, '.gitignore': utf8('x') }, signature, { publicKey })
    await expect(verifyModel({ ...model, '.gitattributes': utf8('* text') }, signature, { publicKey })).rejects.toMatchObject({
      details: { changed: ['.gitattributes'], missing: [], added: [] },
    })
  })

  it.each(curves)('are verified with their own key only: %s', async (curve) => {
    const [own, other] = [await keyPair(curve), await keyPair(curve)]
    // Many, so that numbers with leading zeros occur.
    for (let i = 0; i < times(8, 300); i++) {
      const signature = await signModel({ ...files, i: Uint8Array.of(i) }, { privateKey: own.privateKey })
      await verifyModel({ ...files, i: Uint8Array.of(i) }, signature, { publicKey: own.publicKey })
    }
    const signature = await signModel(files, { privateKey: own.privateKey, name: 'flights' })
    expect(await verifyModel({ ...files, 'model.sig': utf8(signature) }, signature, { publicKey: own.publicKey })).toMatchObject({
      name: 'flights',
    })
    await expect(verifyModel(files, signature, { publicKey: other.publicKey })).rejects.toThrow(
      'the signature does not hold: it names another key',
    )
    const nameless = JSON.stringify({ ...JSON.parse(signature), verificationMaterial: { publicKey: {} } })
    await expect(verifyModel(files, nameless, { publicKey: other.publicKey })).rejects.toThrow('the key does not fit')
    expect((await verifyModel(files, nameless, { publicKey: own.publicKey })).files).toHaveLength(3)
  })

  it('are refused for files that were changed, added or taken away, and for anything changed in them', async () => {
    const { privateKey, publicKey } = await keyPair()
    const signature = await signModel(files, { privateKey })
    const { 'a-c': _, ...fewer } = files
    await expect(verifyModel({ ...fewer, 'model.bin': utf8('3'), 'x/y': utf8('') }, signature, { publicKey })).rejects.toMatchObject({
      message: expect.stringContaining('changed: "model.bin"; missing: "a-c"; added: "x/y"'),
    })
    for (let at = 0; at < signature.length; at += Math.ceil(signature.length / times(60, 1200))) {
      const letter = signature[at] === 'A' ? 'B' : 'A'
      const changed = signature.slice(0, at) + letter + signature.slice(at + 1)
      const result = await verifyModel(files, changed, { publicKey }).catch((error: { code?: string }) => error.code)
      // A letter of an unread member may change; what is read may not.
      if (typeof result === 'object')
        expect(JSON.parse(changed).dsseEnvelope).toEqual({ ...JSON.parse(signature).dsseEnvelope, ...keyidOf(changed) })
      else expect(['Corrupt', 'Unsupported']).toContain(result)
    }
  })

  it('need keys that are keys', async () => {
    const { privateKey, publicKey } = await keyPair()
    const signature = await signModel(files, { privateKey })
    await expect(signModel(files, { privateKey: publicKey })).rejects.toThrow('the private key must be a PEM file "PRIVATE KEY"')
    await expect(signModel(files, { privateKey: privateKey.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY') })).rejects.toMatchObject({
      hint: 'openssl pkcs8 -topk8 -nocrypt -in key.pem',
    })
    await expect(signModel(files, { privateKey: 'hunter2' })).rejects.not.toThrow('hunter2')
    await expect(verifyModel(files, signature, { publicKey: publicKey.split('\n').toSpliced(-3, 1).join('\n') })).rejects.toThrow(
      /the public key/,
    )
    await expect(signModel({}, { privateKey })).rejects.toThrow('at least one file')
    await expect(signModel({ '../x': utf8('') }, { privateKey })).rejects.toThrow('a path of signModel')
    await expect(verifyModel(files, 'no JSON', { publicKey })).rejects.toMatchObject({ code: 'Corrupt' })
  })
})

/** The one member of the envelope that is not read. */
function keyidOf(signature: string): object {
  return { signatures: JSON.parse(signature).dsseEnvelope.signatures }
}

describe('passports', () => {
  async function registered(): Promise<{ registry: ModelRegistry; storage: ReturnType<typeof memoryStorage> }> {
    const storage = memoryStorage()
    const registry = new ModelRegistry({ storage })
    await registry.register('flights', classifier(0.5), {
      ...{ metrics: { accuracy: 0.9, broken: Number.NaN }, description: 'Late?', tags: { team: 'ops' } },
      lineage: { dataset: { name: 'flights', fingerprint: 'f'.repeat(64) } },
    })
    return { registry, storage }
  }

  it('say what the model is, and are the same each time', async () => {
    const { registry } = await registered()
    const { bom, files: shipped, signature } = await issuePassport(registry, 'flights@1', { licence: 'MIT', limitations: ['one airport'] })
    expect(bom).toMatchObject({
      ...{ bomFormat: 'CycloneDX', specVersion: '1.7' },
      metadata: {
        component: {
          ...{ type: 'machine-learning-model', name: 'flights', version: '1', licenses: [{ expression: 'MIT' }] },
          modelCard: {
            modelParameters: { task: 'classification', datasets: [{ ref: `data:${'f'.repeat(64)}` }], inputs: [{ format: 'x: float64' }] },
            quantitativeAnalysis: { performanceMetrics: [{ type: 'accuracy', value: '0.9' }] },
            considerations: { technicalLimitations: ['one airport'] },
          },
        },
      },
    })
    expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Object.keys(shipped)).toEqual(['function.json', 'bom.cdx.json'])
    expect(signature).toBeUndefined()
    expect((await issuePassport(registry, 'flights@1', { licence: 'MIT', limitations: ['one airport'] })).bom).toEqual(bom)
  })

  it('are stored with their version, found again, and not replaced', async () => {
    const { registry, storage } = await registered()
    const { privateKey, publicKey } = await keyPair()
    await expect(verifyPassport(registry, 'flights@1', { storage, publicKey })).rejects.toMatchObject({ code: 'NotFound' })
    await issuePassport(registry, 'flights@1', { storage })
    await expect(verifyPassport(registry, 'flights@1', { storage, publicKey })).rejects.toThrow('is not signed')
    await issuePassport(registry, 'flights@1', { storage, privateKey })
    expect(await verifyPassport(registry, 'flights@1', { storage, publicKey })).toMatchObject({ name: 'flights-1' })
    expect((await registry.getVersion('flights', 1)).tags.passport).toMatch(/^[0-9a-f]{64}$/)
    await expect(issuePassport(registry, 'flights@1', { storage, privateKey, licence: 'MIT' })).rejects.toMatchObject({
      code: 'AlreadyExists',
    })
    const bom = await storage.get('passports/flights/1/bom.cdx.json')
    await storage.put('passports/flights/1/bom.cdx.json', utf8(fromUtf8(bom).replace('Late?', 'On time')))
    await expect(verifyPassport(registry, 'flights@1', { storage, publicKey })).rejects.toMatchObject({ code: 'Corrupt' })
  })

  it('refuse facts that are none', async () => {
    const { registry } = await registered()
    await expect(issuePassport(registry, 'flights@1', { license: 'MIT' } as never)).rejects.toThrow(
      '`license` is not an option of issuePassport',
    )
    await expect(issuePassport(registry, 'flights@7')).rejects.toMatchObject({ code: 'NotFound' })
  })
})
