import { Failure, invalid } from '../failure.ts'
import { optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { aliasArn, theKey } from './keys.ts'
import { askForKey } from './operation.ts'

const bounds = { max: 256, pattern: /^alias\/[a-zA-Z0-9/_-]+$/ }

function nameOf(input: Members): string {
  const name = text(input, 'AliasName', bounds)
  if (name.startsWith('alias/aws/')) throw new Failure('NotAuthorizedException', 'Aliases that begin with alias/aws/ belong to AWS.')
  return name
}

const rowOf = (name: string, { store }: World) => store.statement('SELECT id FROM kms_aliases WHERE name = ?').get(name)

/** An alias is asked for by IAM alone; the keys that it leaves and joins are asked for as well. */
const asks = (action: string) => (input: Members, world: World): readonly Ask[] => {
  const name = nameOf(input)
  const target = optionalText(input, 'TargetKeyId')
  const row = action === 'CreateAlias' ? undefined : rowOf(name, world)
  const keys = [...(target === undefined ? [] : [target]), ...(row ? [String(row['id'])] : [])].map((id) => theKey(id, world, { aliases: false }))
  return [{ action: `kms:${action}`, resource: aliasArn(name, world) }, ...keys.map((key) => askForKey(action, key, {}, world))]
}

const notFound = (name: string, world: World): Failure =>
  new Failure('NotFoundException', `Alias ${aliasArn(name, world)} is not found.`)

const createAlias: Operation = {
  asks: asks('CreateAlias'),
  run: (input, world) => world.store.write(() => {
    const name = nameOf(input)
    const key = theKey(text(input, 'TargetKeyId'), world, { aliases: false })
    if (key.state === 'PendingDeletion') throw new Failure('KMSInvalidStateException', `${key.arn} is pending deletion.`)
    if (rowOf(name, world))
      throw new Failure('AlreadyExistsException', `An alias with the name ${aliasArn(name, world)} already exists`)
    const at = world.now() / 1000
    world.store.statement('INSERT INTO kms_aliases (name, id, created, updated) VALUES (?, ?, ?, ?)').run(name, key.id, at, at)
    return undefined
  }),
}

const updateAlias: Operation = {
  asks: asks('UpdateAlias'),
  run: (input, world) => world.store.write(() => {
    const name = nameOf(input)
    const row = rowOf(name, world)
    if (!row) throw notFound(name, world)
    const [before, after] = [theKey(String(row['id']), world), theKey(text(input, 'TargetKeyId'), world, { aliases: false })]
    // AWS refuses it too: what used the alias would suddenly use a key of another kind.
    if (before.usage !== after.usage || before.spec !== after.spec)
      throw invalid('The current and the new key of an alias must have the same key type and key usage')
    world.store.statement('UPDATE kms_aliases SET id = ?, updated = ? WHERE name = ?').run(after.id, world.now() / 1000, name)
    return undefined
  }),
}

const deleteAlias: Operation = {
  asks: asks('DeleteAlias'),
  run: (input, world) => world.store.write(() => {
    const name = nameOf(input)
    if (!rowOf(name, world)) throw notFound(name, world)
    world.store.statement('DELETE FROM kms_aliases WHERE name = ?').run(name)
    return undefined
  }),
}

const listAliases: Operation = {
  asks: () => [{ action: 'kms:ListAliases', resource: '*' }],
  run(input, world) {
    const given = optionalText(input, 'KeyId')
    const key = given === undefined ? undefined : theKey(given, world, { aliases: false })
    const limit = optionalWhole(input, 'Limit', { min: 1, max: 1000 }) ?? 50
    const after = optionalText(input, 'Marker') ?? ''
    const rows = world.store.statement('SELECT * FROM kms_aliases WHERE name > ? AND (? IS NULL OR id = ?) ORDER BY name LIMIT ?')
      .all(after, key?.id ?? null, key?.id ?? null, limit + 1)
    const shown = rows.slice(0, limit)
    return {
      Aliases: shown.map((row) => ({
        AliasName: row['name'], AliasArn: aliasArn(String(row['name']), world), TargetKeyId: row['id'],
        CreationDate: row['created'], LastUpdatedDate: row['updated'],
      })),
      Truncated: rows.length > limit,
      ...(rows.length > limit && { NextMarker: String(shown.at(-1)?.['name']) }),
    }
  },
}

export const aliasOperations: Operations = {
  CreateAlias: createAlias, UpdateAlias: updateAlias, DeleteAlias: deleteAlias, ListAliases: listAliases,
}
