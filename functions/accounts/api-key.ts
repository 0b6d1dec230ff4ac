import { partner, type Partner, type PartnerOptions } from 'sallyport'

interface ApiKey { readonly apiKey: string }

/** A key in a header, `x-api-key` unless said otherwise. The secret: `{"apiKey": "…"}`. */
export function apiKey({ header = 'x-api-key', ...options }: PartnerOptions & { readonly header?: string }): Partner<ApiKey> {
  return { ...partner('api-key', options), read, headers: ({ apiKey }) => ({ [header.toLowerCase()]: apiKey }) }
}

function read(secret: string): ApiKey {
  const { apiKey } = JSON.parse(secret) as Partial<ApiKey>
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]{8,4096}$/.test(apiKey)) throw new TypeError('api-key account: {"apiKey": 8 characters or more, printable ASCII}')
  return { apiKey }
}
