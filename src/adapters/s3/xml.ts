/** S3's XML: reading answers, and writing the body that completes a multipart upload. */
import { parseXml, type XmlElement } from '@rgrove/parse-xml'
import { fromUtf8 } from '../../core/bytes'

/** An element as this adapter reads it. */
export interface Xml {
  readonly name: string
  /** The text of the first child of a name, or `undefined`. */
  text(child: string): string | undefined
  /** The children of a name. */
  all(child: string): readonly Xml[]
}

/** The root element of an answer; `undefined` where the answer is no XML. */
export function readXml(bytes: Uint8Array): Xml | undefined {
  try {
    const { root } = parseXml(fromUtf8(bytes).trim())
    return root === null ? undefined : wrap(root)
  } catch {
    // A page of a proxy, an incomplete answer, or an empty one.
    return undefined
  }
}

function wrap(element: XmlElement): Xml {
  const all = (name: string): XmlElement[] =>
    element.children.filter((child): child is XmlElement => child.type === 'element' && (child as XmlElement).name === name)
  return { name: element.name, text: (child) => all(child)[0]?.text, all: (child) => all(child).map(wrap) }
}

/** The body that completes a multipart upload; `etags` in the order of the parts. */
export function completionXml(etags: readonly string[]): string {
  const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`)
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
