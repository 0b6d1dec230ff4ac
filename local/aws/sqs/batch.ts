import { Failure } from '../failure.ts'
import { isMembers, type Members } from '../members.ts'
import { invalidValue, queryName } from './failures.ts'

const maxEntries = 10
const entryId = /^[A-Za-z0-9_-]{1,80}$/

function entriesOf(input: Members): readonly Members[] {
  const entries = input['Entries'] ?? []
  if (!Array.isArray(entries) || !entries.every(isMembers)) throw invalidValue('Entries', 'Must be a list of structures.')
  if (entries.length === 0) throw new Failure('EmptyBatchRequest', 'There should be at least one entry in the request.')
  if (entries.length > maxEntries) throw new Failure('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${maxEntries}. You have sent ${entries.length}.`)
  const ids = entries.map((entry) => entry['Id'])
  if (!ids.every((id) => typeof id === 'string' && entryId.test(id)))
    throw new Failure('InvalidBatchEntryId', 'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.')
  if (new Set(ids).size < ids.length) throw new Failure('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.')
  return entries
}

/** Does each entry on its own: what one cannot do is told among `Failed`, and the others are done. */
export function batch(input: Members, each: (entry: Members) => Readonly<Record<string, unknown>>, check: (entries: readonly Members[]) => void = () => undefined): Readonly<Record<string, unknown>> {
  const entries = entriesOf(input)
  check(entries)
  const Successful: object[] = []
  const Failed: object[] = []
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry['Id'], ...each(entry) })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      Failed.push({ Id: entry['Id'], SenderFault: error.status < 500, Code: queryName(error.code), Message: error.message })
    }
  }
  return { ...Successful.length > 0 && { Successful }, ...Failed.length > 0 && { Failed } }
}
