import { setTimeout as pause } from 'node:timers/promises'
import { CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand, StopQueryCommand, type ResultField } from '@aws-sdk/client-cloudwatch-logs'
import { stages } from '../screen.ts'
import { Refused } from '../usage.ts'
import { lineOf, type Line } from './line.ts'
import { groupsOf, queryOf } from './query.ts'
import type { Source } from './source.ts'
import { isWanted, most, type Place, type Wanted } from './wanted.ts'

/** Milliseconds between two looks at a query, and between two queries that follow a log. */
const [look, again] = [500, 3_000]
/** Lines may come this many milliseconds late: queries that follow a log overlap by as much. */
const late = 60_000

/** An error of AWS, or of finding credentials and Region for it, as a sentence. */
function told(error: unknown, place: Place, pipeline?: string): unknown {
  if (error instanceof Refused) return error
  if (!(error instanceof Error)) return new Refused('AWS did not answer')
  const isNamed = (...names: string[]): boolean => names.includes(error.name)
  if (isNamed('AbortError')) return new Refused('interrupted: the query was stopped')
  if (isNamed('AccessDeniedException', 'UnauthorizedOperation')) return new Refused(`AWS does not admit this: logs:StartQuery on ${groups(place, pipeline)} is needed, and logs:GetQueryResults and logs:StopQuery`)
  if (isNamed('ResourceNotFoundException')) return missing(place, pipeline)
  if (isNamed('LimitExceededException', 'ThrottlingException')) return new Refused('too many queries of CloudWatch Logs run in this account at this moment: try again')
  if (isNamed('CredentialsProviderError', 'UnrecognizedClientException', 'ExpiredTokenException', 'InvalidSignatureException')) return new Refused('AWS does not know who asks: log in, or set AWS_PROFILE')
  if (error.message.startsWith('Region is missing')) return new Refused('the Region is not known: say --region, or set AWS_REGION')
  return new Refused(`${error.name}: ${error.message}`)
}

/** The log groups that are asked, as words. */
const groups = (place: Place, pipeline?: string): string => `${groupsOf(place, pipeline)}${pipeline === undefined ? '*' : ''}`

const missing = (place: Place, pipeline?: string): Refused => new Refused(
  `the stage ${place.stage} of ${place.id} has no log group ${groups(place, pipeline)}: it is not deployed (npx cdk deploy --all -c stage=${place.stage}), or --id${pipeline === undefined ? '' : ', --pipeline'} or --region is another`,
)

/** The log of a deployment, asked by CloudWatch Logs Insights: $0.005 a GB looked through, and a minute's worth when it is followed. */
export function cloudwatch(place: Place): Source {
  const client = new CloudWatchLogsClient(place.region === undefined ? {} : { region: place.region })

  /** Rows of a query between two moments (epoch milliseconds, whole seconds to AWS). */
  async function rows(wanted: Wanted, from: number, signal: AbortSignal): Promise<ResultField[][]> {
    const { pipeline } = wanted
    const { queryId } = await client.send(new StartQueryCommand({
      ...pipeline !== undefined && { logGroupNames: [groupsOf(place, pipeline)] },
      queryString: queryOf(place, wanted), startTime: Math.floor(from / 1_000), endTime: Math.ceil(Date.now() / 1_000),
    }), { abortSignal: signal })
    let running = true
    try {
      for (;;) {
        const { status, results = [], statistics } = await client.send(new GetQueryResultsCommand({ queryId }), { abortSignal: signal })
        running = status === 'Scheduled' || status === 'Running' || status === 'Unknown'
        if (!running) {
          if (status !== 'Complete') throw new Refused(`CloudWatch Logs ended the query as ${status}: try again, or a shorter time with --since`)
          if (statistics?.logGroupsScanned === 0) throw missing(place, pipeline)
          return results
        }
        await pause(look, undefined, { signal })
      }
    } finally {
      if (running) await client.send(new StopQueryCommand({ queryId })).catch(() => undefined)
    }
  }

  const read = (row: readonly ResultField[]): { line: Line; pointer: string } => {
    const of = (name: string): string => row.find(({ field }) => field === name)?.value ?? ''
    const at = Date.parse(`${of('@timestamp').replace(' ', 'T')}Z`)
    // @log is `<account>:<log group>`.
    const [, name = ''] = of('@log').split(groupsOf(place))
    return { line: lineOf(of('@message'), { at: Number.isNaN(at) ? undefined : at, function: name === '' ? undefined : name }), pointer: of('@ptr') }
  }

  return {
    where: groups(place),
    back: { lines: 3_600_000, execution: 7 * 86_400_000 },
    async read(wanted, signal) {
      const progress = stages()
      const { since = 0 } = wanted
      progress.next(`looking through ${groups(place, wanted.pipeline)} since ${new Date(since).toISOString()}`)
      try {
        const found = await rows(wanted, since, signal)
        progress.done()
        if (found.length >= most) progress.note(`CloudWatch Logs gives ${most} lines at once: there may be older ones; --since, --pipeline or --fault ask for less`)
        return found.map((row) => read(row).line).filter((line) => isWanted(line, wanted)).reverse()
      } catch (error) {
        progress.done()
        throw told(error, place, wanted.pipeline)
      }
    },
    async follow(wanted, each, signal) {
      const start = Date.now()
      const seen = new Map<string, number>()
      try {
        for (;;) {
          const from = Math.max(start, Date.now() - late)
          for (const [pointer, at] of seen) if (at < from - late) seen.delete(pointer)
          for (const { line, pointer } of (await rows(wanted, from, signal)).map(read).reverse()) {
            if (seen.has(pointer) || !isWanted(line, { ...wanted, since: start })) continue
            seen.set(pointer, line.at ?? start)
            each(line)
          }
          await pause(again, undefined, { signal })
        }
      } catch (error) {
        // Ended by whoever follows it.
        if (!signal.aborted) throw told(error, place, wanted.pipeline)
      }
    },
  }
}
