import { ledgerKeyOf } from './digest.ts'
import type { Identifier } from './identifier.ts'
import { envelopeKeyOf, hashKeyNeeds, ledgerKey, ledgerTable, repliesKey, type HashKey } from './keys.ts'
import type { Need } from './resource.ts'

/**
 * Days for which an older version of a key counts beyond the retention: what was claimed under it is repeated within the hours that a
 * partner remembers, 720 at most, and what ended in doubt is remembered only from the day on which a person decided.
 */
export const undecidedDays = 90

/** Items of one claim, at most, where keys are renewed as often as they say: one a version that counts, and the one to come. */
export const mostItems = (identifiers: readonly (Identifier | undefined)[], days: number): number => identifiers.map(ledgerKeyOf)
  .reduce((sum, { rotateDays }) => sum + (rotateDays === undefined ? 2 : Math.ceil((days + undecidedDays) / rotateDays) + 2), 0)

/** What claiming needs: to write, to check under other versions of the key, and each key that digests. */
export function ledgerNeeds(identifiers: readonly (Identifier | undefined)[], { message, replay }: { readonly message?: boolean; readonly replay?: boolean } = {}): Need[] {
  const keys = new Map<string, HashKey>(identifiers.map(ledgerKeyOf).map((key) => [key.name, key]))
  if (message) keys.set(ledgerKey.name, ledgerKey)
  return [
    { resource: ledgerTable, actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'] },
    ...[...keys.values()].flatMap(hashKeyNeeds),
    ...replay ? [{ resource: envelopeKeyOf(repliesKey), actions: ['kms:GenerateDataKey', 'kms:Decrypt'] }] : [],
  ]
}
