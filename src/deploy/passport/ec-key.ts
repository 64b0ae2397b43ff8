/** Elliptic-curve keys in PEM files, and ECDSA signatures in the form of other tools, through WebCrypto. */
import { fromBase64, toBase64, toHex } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'

interface Curve {
  readonly name: 'P-256' | 'P-384' | 'P-521'
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** Bytes of a coordinate. */
  readonly size: number
  /** The object identifier in DER, as it stands in a key. */
  readonly id: string
}

/** The curves of the OpenSSF's format. */
const curves: readonly Curve[] = [
  { name: 'P-256', hash: 'SHA-256', size: 32, id: '06082a8648ce3d030107' },
  { name: 'P-384', hash: 'SHA-384', size: 48, id: '06052b81040022' },
  { name: 'P-521', hash: 'SHA-512', size: 66, id: '06052b81040023' },
]

/** A key that can verify. */
export interface VerifyingKey {
  /** SHA-256 of the public key as a PEM file: what signatures name the key by. */
  readonly hint: string
  /** @param signature in DER */
  verify(data: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** A key that can sign, too. */
export interface SigningKey extends VerifyingKey {
  /** The signature in DER. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** Reads a public key: a PEM file `PUBLIC KEY`. @throws InvalidArgument */
export async function readPublicKey(pem: string): Promise<VerifyingKey> {
  const der = fromPem(pem, 'PUBLIC KEY', 'the public key')
  const curve = curveOf(der, 'the public key')
  return verifyingKey(await imported('spki', der, curve, ['verify'], 'the public key'), curve)
}

/** Reads a private key: a PEM file `PRIVATE KEY` without a password. @throws InvalidArgument */
export async function readPrivateKey(pem: string): Promise<SigningKey> {
  const der = fromPem(pem, 'PRIVATE KEY', 'the private key')
  const curve = curveOf(der, 'the private key')
  const key = await imported('pkcs8', der, curve, ['sign'], 'the private key')
  const { d: _, key_ops: __, ...open } = await crypto.subtle.exportKey('jwk', key)
  const algorithm = { name: 'ECDSA', namedCurve: curve.name }
  const publicKey = await crypto.subtle.importKey('jwk', open, algorithm, true, ['verify'])
  return {
    ...(await verifyingKey(publicKey, curve)),
    async sign(data) {
      const raw = await crypto.subtle.sign({ name: 'ECDSA', hash: curve.hash }, key, data as Uint8Array<ArrayBuffer>)
      return toDer(new Uint8Array(raw))
    },
  }
}

async function verifyingKey(key: CryptoKey, curve: Curve): Promise<VerifyingKey> {
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', key))
  return {
    hint: sha256Hex(toPem(spki, 'PUBLIC KEY')),
    async verify(data, signature) {
      const raw = fromDer(signature, curve.size)
      if (raw === undefined) return false
      return crypto.subtle.verify({ name: 'ECDSA', hash: curve.hash }, key, raw, data as Uint8Array<ArrayBuffer>)
    },
  }
}

async function imported(format: 'spki' | 'pkcs8', der: Uint8Array, curve: Curve, uses: KeyUsage[], subject: string): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey(format, der as Uint8Array<ArrayBuffer>, { name: 'ECDSA', namedCurve: curve.name }, true, uses)
  } catch (cause) {
    throw new MillwrightError('InvalidArgument', `${subject} is damaged: it is no key of the curve ${curve.name}`, { cause })
  }
}

function curveOf(der: Uint8Array, subject: string): Curve {
  const hex = toHex(der)
  const curve = curves.find(({ id }) => hex.includes(id))
  if (curve === undefined)
    throw invalidArgument(`${subject} must be of one of the curves ${curves.map(({ name }) => name).join(', ')}`, {
      hint: 'openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt',
    })
  return curve
}

function fromPem(pem: unknown, label: string, subject: string): Uint8Array {
  if (typeof pem !== 'string') throw invalidArgument(`${subject} must be the text of a PEM file, got ${show(pem)}`)
  const found = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(pem)
  if (found?.[1] === 'EC PRIVATE KEY' || found?.[1] === 'ENCRYPTED PRIVATE KEY') {
    throw invalidArgument(`${subject} must be a PEM file ${show(label)}, got ${show(found[1])}`, {
      hint: 'openssl pkcs8 -topk8 -nocrypt -in key.pem',
    })
  }
  // What arrived is not shown: it may be a key.
  if (found?.[1] !== label) throw invalidArgument(`${subject} must be a PEM file ${show(label)}`)
  try {
    return fromBase64((found[2] as string).replace(/\s+/g, ''))
  } catch {
    throw invalidArgument(`${subject} is damaged: it is not base64`)
  }
}

/** PEM with lines of 64 characters, as OpenSSL writes it. */
function toPem(der: Uint8Array, label: string): string {
  return `-----BEGIN ${label}-----\n${toBase64(der).replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}

/** r and s of equal length as a DER sequence of two integers. */
function toDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))]
  return Uint8Array.from([0x30, ...(body.length < 128 ? [body.length] : [0x81, body.length]), ...body])
}

function integer(bytes: Uint8Array): number[] {
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  const digits = [...bytes.subarray(from)]
  const padded = (digits[0] as number) >= 128 ? [0, ...digits] : digits
  return [2, padded.length, ...padded]
}

/** A DER sequence of two integers as r and s of `size` bytes each; `undefined` for anything else. */
function fromDer(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  let at = der[1] === 0x81 ? 3 : 2
  if (der[0] !== 0x30 || der[at - 1] !== der.length - at) return undefined
  const raw = new Uint8Array(2 * size)
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0
    const digits = der.subarray(at + 2, at + 2 + length)
    if (der[at] !== 2 || length === 0 || digits.length !== length) return undefined
    at += 2 + length
    const significant = digits.subarray(digits.findIndex((byte) => byte !== 0))
    if (significant.length > size) return undefined
    raw.set(significant, end - significant.length)
  }
  return at === der.length ? raw : undefined
}
