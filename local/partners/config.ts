import type { JsonWebKey } from 'node:crypto'
import type { Mode } from './mode.ts'

/** What the process of the partners is started with, as JSON in SALLYPORT_PARTNERS. */
export interface PartnersConfig {
  readonly folder: string
  /** `port`: the one it had at the last start, taken again if it is free. `publishes`: the path of its keys. */
  readonly partners: readonly { readonly name: string; readonly port?: number | undefined; readonly publishes?: string | undefined }[]
  /** Accounts of readers' keys: for each, a pair is made and kept. */
  readonly keys: readonly string[]
}

export interface Started {
  readonly name: string
  readonly port: number
  readonly received: string
  readonly hasCredential: boolean
}

/** To the process. Each order is answered by its number. */
export type PartnersOrder =
  | { readonly id: number; readonly learn: { readonly name: string; readonly headers: Readonly<Record<string, string>> } }
  | { readonly id: number; readonly behave: { readonly name: string; readonly mode: Mode } }

/** From it. */
export type PartnersNotice =
  | { readonly started: readonly Started[]; readonly keys: Readonly<Record<string, { readonly publicKey: JsonWebKey; readonly fresh: boolean }>> }
  | { readonly done: number }
  | { readonly failed: number; readonly why: string }
