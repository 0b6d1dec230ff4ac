import { setTimeout } from 'node:timers/promises'
import { aws, Environment } from 'sallyport'

/** Where the function `failures` has its clients. */
export const environment = new Environment()

/** Asks the function of a pipeline, as no route and no queue can. Undefined where it failed; throws what Lambda throws. */
export async function ask<Answer extends object>(pipeline: string, event: object): Promise<Answer | undefined> {
  const lambda = await aws.lambda(environment)
  for (let tries = 1; ; tries++) {
    try {
      const { Payload, FunctionError } = await lambda.invoke({ FunctionName: `${process.env['FUNCTION_PREFIX'] ?? ''}${pipeline}`, Payload: JSON.stringify(event) })
      const answer: unknown = FunctionError === undefined ? JSON.parse(Buffer.from(Payload ?? []).toString()) : undefined
      return typeof answer === 'object' && answer !== null ? answer as Answer : undefined
    } catch (error) {
      if (error instanceof SyntaxError) return undefined
      // Turned away, it has not run.
      if ((error as Error).name !== 'TooManyRequestsException' || tries === 4) throw error
      await setTimeout(environment.clock.jitter(250 * 2 ** tries))
    }
  }
}
