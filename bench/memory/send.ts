/** The partner of the bench: replies from memory. Stands where layers/runtime/send.ts stands. */
import { Fault } from 'sallyport'

export class NoAnswer extends Error {}
const replies: Readonly<Record<string, Buffer>> = {
  '/authorizations': Buffer.from('{"authorizationId":"3f0c9f6e-6a43-4c1e-9a51-2d1c1c4f9a10"}'),
  '/applications': Buffer.from('{"loanId":"3f0c9f6e-6a43-4c1e-9a51-2d1c1c4f9a10"}'),
}
export const exchange = (_origin: string, path: string): Promise<{ status: number; body: Buffer }> => Promise.resolve({ status: 201, body: replies[path] as Buffer })
export const refusedBy = (): Fault => new Fault('PARTNER_REFUSED')
