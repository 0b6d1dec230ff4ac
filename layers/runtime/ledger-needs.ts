import { ledgerKeyOf } from './digest.ts'
import type { Identifier } from './identifier.ts'
import { envelopeKeyOf, hashKeyNeeds, ledgerKey, ledgerTable, repliesKey, type HashKey } from './keys.ts'
import type { Need } from './resource.ts'

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
