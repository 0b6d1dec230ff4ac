import { named, type Resource } from './resource.ts'

/** What differs from stage to stage. */
type ByStage = Readonly<Record<string, string>>

/** Something of AWS that is there already, and that a step of the user's own touches. */
export interface Existing extends Resource<'existing'> {
  readonly arn: ByStage
  readonly address: ByStage
}

/**
 * A queue, topic or table that Sallyport does not make: a step names it in `needs`, with the exact actions, and finds it by
 * `io.address`. `arn` stands in the policy; `address` is what the step is told, the ARN unless said otherwise, as the URL
 * of a queue. Throws a TypeError for an ARN that is none or stands for everything.
 */
export function existing(name: string, { arn, address = {} }: { readonly arn: ByStage; readonly address?: ByStage }): Existing {
  named('existing resource', name)
  for (const [stage, text] of Object.entries(arn)) {
    if (!/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[^*\s]+(\/\*)?$/.test(text)) throw new TypeError(`existing resource ${name}, arn of stage ${stage}: write one resource, as arn:aws:sqs:eu-central-1:123456789012:orders`)
  }
  return { kind: 'existing', name, arn, address }
}
