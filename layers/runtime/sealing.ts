import { openingKey, sealingKey, type Wrapping } from './data-key.ts'
import { open, seal, type Binding } from './envelope.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import { envelopeKeyOf, type EnvelopeKey } from './keys.ts'

/** Data keys of one context serve all its fields: a message with many of them asks KMS once. */
function wrapping(key: EnvelopeKey, context: string): Wrapping {
  const { name } = key
  let contexts = known.get(name)
  if (contexts === undefined) known.set(name, contexts = new Map())
  let made = contexts.get(context)
  if (made === undefined) contexts.set(context, made = { name: `envelope ${name} ${context}`, key: envelopeKeyOf(key), context: { 'sallyport:key': name, 'sallyport:context': context } })
  return made
}
/** Keys and contexts are constants of definitions, so the maps stay small. */
const known = new Map<string, Map<string, Wrapping>>()
const bound = (context: string, binding: Binding): Binding => ['envelope', context, ...binding]

/** Bytes in an envelope, bound to a context and to where they stand. Throws UNAVAILABLE. */
export async function sealEnvelope(environment: Environment, key: EnvelopeKey, context: string, plain: Uint8Array, binding: Binding): Promise<Uint8Array> {
  return seal(await sealingKey(environment, wrapping(key, context), plain.length), plain, bound(context, binding))
}

/** Throws DECRYPTION_FAILED, UNAVAILABLE. */
export async function openEnvelope(environment: Environment, key: EnvelopeKey, context: string, sealed: Uint8Array, binding: Binding): Promise<Uint8Array> {
  try {
    return open(await openingKey(environment, wrapping(key, context), sealed), sealed, bound(context, binding))
  } catch (error) {
    throw new Fault((error as Partial<Fault>).code === 'UNAVAILABLE' ? 'UNAVAILABLE' : 'DECRYPTION_FAILED')
  }
}

/** JSON that we sealed and kept ourselves: that it does not open is no fault of a sender's. Throws STORED_UNREADABLE, UNAVAILABLE. */
export async function openKept(...sealed: Parameters<typeof openEnvelope>): Promise<unknown> {
  try {
    return JSON.parse(Buffer.from(await openEnvelope(...sealed)).toString()) as unknown
  } catch (error) {
    throw new Fault((error as Partial<Fault>).code === 'UNAVAILABLE' ? 'UNAVAILABLE' : 'STORED_UNREADABLE')
  }
}
