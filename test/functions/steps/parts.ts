import { hashKey, identifier, type Opener } from 'sallyport'

/** A cipher that opens nothing, with a need of its own, and an identifier with its form in the manifest. */
export const cipher: Opener = { cipher: 'test', config: {}, needs: [{ resource: { kind: 'table', name: 'inbox' }, actions: ['dynamodb:Query'] }], open: () => Promise.reject(new Error('not opened here')) }
export const card = identifier('pan', { key: hashKey('cards') })
export const pan = JSON.parse(JSON.stringify(card)) as unknown
