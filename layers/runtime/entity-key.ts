import { pseudonym } from './digest.ts'
import type { Environment } from './environment.ts'
import { entityOf } from './failure.ts'
import type { Pipeline } from './pipeline.ts'

/** What a row is about, as the index of entities has it: the entity in the clear, or of a sensitive one its keyed digest. Throws UNAVAILABLE. */
export async function entityKey(environment: Environment, pipeline: Pipeline, entity: string): Promise<string> {
  const as = entityOf(pipeline)?.as
  return `${pipeline.name}/${as === undefined ? entity : (await pseudonym(environment, as))(entity)}`
}
