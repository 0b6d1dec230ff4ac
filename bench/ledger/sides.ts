import { randomUUID } from 'node:crypto'
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { claim, settle, type Asked, type Claimant, type Held } from '../../layers/runtime/claims.ts'
import { Environment } from '../../layers/runtime/environment.ts'
import type { StandIn } from './stand-in.ts'

/** One message from its claim to its confirm, that nobody sent before. */
export type Message = () => Promise<void>

const invocation = 15_000
/** In Lambda an environment works on one message at a time; here 256 wait for one stand-in, and nothing of either side may give up. */
const patient = { requestHandler: { maxSockets: 256, connectionTimeout: 30_000, requestTimeout: 30_000 } }
const draw = () => ({ applicationId: `app-${randomUUID()}`, amount: 25_000 })

export interface Ours {
  /** One identifier. */
  readonly one: Message
  /** Two identifiers: transactions. */
  readonly two: Message
  /** One that was accepted before; throws if it is taken. */
  readonly duplicate: Message
}

/** The claim and the confirm as they run in Lambda. */
export function ours({ aws }: StandIn, key: string): Ours {
  const environment = new Environment({ variables: { TABLE_LEDGER: 'ledger', TABLE_KEYS: 'keys', KEY_LEDGER: key }, aws: { ...aws, ...patient } })
  async function message(application: ReturnType<typeof draw>, by: readonly string[]): Promise<void> {
    const claimant: Claimant = { pipeline: 'loans', sends: '[["partner","applicationId"]]', replaySafe: true, window: 3_600_000, deadline: Date.now() + invocation }
    const asked: Asked = { keys: by.map((path) => ({ by: path, as: undefined, value: `${path} ${application.applicationId}` })), days: 365, payload: application }
    const held: Held[] = []
    await claim(environment, claimant, asked, (each) => held.push(each))
    await settle(environment, held, { effect: 'done', repeatable: true })
  }
  const again = draw()
  const first = message(again, ['applicationId'])
  return {
    one: () => message(draw(), ['applicationId']),
    two: () => message(draw(), ['applicationId', 'ssn']),
    async duplicate() {
      await first
      const code = await message(again, ['applicationId']).then(() => 'granted', (error: { readonly code: string }) => error.code)
      if (code !== 'DUPLICATE') throw new Error(`a duplicate was answered ${code}`)
    },
  }
}

/** AWS Lambda Powertools, as its documentation begins with it: no payload validation, no local cache. */
export function powertools({ aws }: StandIn): Message {
  const config = new IdempotencyConfig({ eventKeyJmesPath: 'applicationId', expiresAfterSeconds: 31_536_000 })
  const context = { getRemainingTimeInMillis: () => invocation }
  config.registerLambdaContext(context as never)
  const work = makeIdempotent(async (application: ReturnType<typeof draw>) => ({ applicationId: application.applicationId }), {
    persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'powertools', clientConfig: { ...aws, ...patient } }), config,
  })
  return async () => { await work(draw()) }
}
