import { most, type Place, type Wanted } from './wanted.ts'

/** Log groups of a deployment: how the names of all of them begin, or the one of a pipeline. */
export const groupsOf = ({ id, stage }: Place, pipeline = ''): string => `/aws/lambda/${id}-${stage}-${pipeline}`

/**
 * The query for CloudWatch Logs Insights; whatever stands in it was checked by wanted.ts. Groups are selected by how their
 * names begin, which has no limit of 50 as a list of names has: a deployment of any size is one query.
 */
export function queryOf(place: Place, { execution, ends, pipeline, fault, limit = most }: Wanted): string {
  const filters = [
    execution !== undefined ? `@message like "${execution}"`
      : ends !== undefined ? 'event = "execution"'
        // Lambda tells of each start and end of its own: only those that went wrong are worth a line.
        : '@message not like /"type":"platform\\./ or (ispresent(record.status) and record.status != "success")',
    ...fault === undefined ? [] : [fault === 'any' ? 'ispresent(fault)' : `fault = "${fault}"`],
  ]
  return [
    // One pipeline's group is named beside the query: another's name may begin as its does.
    ...pipeline === undefined ? [`SOURCE logGroups(namePrefix: ["${groupsOf(place)}"])`] : [],
    'fields @timestamp, @message, @log', ...filters.map((filter) => `filter ${filter}`), 'sort @timestamp desc', `limit ${limit}`,
  ].join(' | ')
}
