import { InvokeCommand, LambdaClient, type InvokeCommandInput } from '@aws-sdk/client-lambda'
import type { Environment } from '../environment.ts'

/** What was not answered may have run: who asks says whether it is asked again. */
class Once extends LambdaClient {
  constructor(settings: object) {
    super({ ...settings, maxAttempts: 1 })
  }
}

export function connect(environment: Environment) {
  const client = environment.client(Once)
  return {
    /** Waits as long as a function may take. */
    invoke: (input: InvokeCommandInput) => client.send(new InvokeCommand(input), { requestTimeout: 900_000 }),
  }
}
