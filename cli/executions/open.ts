import { local } from './local.ts'
import type { Source } from './source.ts'
import type { Place } from './wanted.ts'

/** The log of a stage: .local/ of the project, or CloudWatch Logs. The local one needs no AWS SDK, so none is loaded for it. */
export async function openLog(place: Place): Promise<Source> {
  if (place.stage === 'local') return local()
  return (await import('./cloudwatch.ts')).cloudwatch(place)
}
