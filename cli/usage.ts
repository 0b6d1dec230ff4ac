import { parseArgs, type ParseArgsConfig } from 'node:util'

/** Asked for in a way that nobody here understands: exit code 2. */
export class Usage extends Error {}

/** A mistake that is told in one sentence, without a stack: exit code 1. */
export class Refused extends Error {}

/** Reads the options of a verb, strictly. Throws {@link Usage}. */
export function readOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs<T>(config)
  } catch (error) {
    // Node ends its sentence with advice about `--`, which is beside the point here.
    throw new Usage((error as Error).message.split('. To specify')[0])
  }
}
