import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal } from '../harness.ts'
import { ledger, sample, TableName, type Item } from './ledger.ts'

let here: Awaited<ReturnType<typeof ledger>>
beforeAll(async () => {
  here = await ledger()
})
afterAll(() => here.aws.close())

describe('updates', () => {
  const update = async (UpdateExpression: string, values: Item = {}, from: Item = sample, returns: 'ALL_NEW' | 'UPDATED_NEW' | 'UPDATED_OLD' = 'ALL_NEW') => {
    await here.put(from)
    const { Attributes } = await here.db.send(new UpdateItemCommand({
      TableName, Key: { id: { S: 'item' } }, UpdateExpression, ReturnValues: returns, ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }))
    return Attributes
  }

  const table: [expression: string, values: Item, changed: Item][] = [
    ['SET n = :v', { ':v': { N: '7' } }, { n: { N: '7' } }],
    ['SET n = n + :v', { ':v': { N: '0.5' } }, { n: { N: '5.5' } }],
    ['SET n = n - :v', { ':v': { N: '6' } }, { n: { N: '-1' } }],
    ['SET n = if_not_exists(gone, :z) + :v', { ':z': { N: '0' }, ':v': { N: '1' } }, { n: { N: '1' } }],
    ['SET n = if_not_exists(n, :z)', { ':z': { N: '0' } }, { n: { N: '5' } }],
    ['SET items2 = list_append(items2, :v)', { ':v': { L: [{ S: 'y' }] } }, { items2: { L: [{ S: 'x' }, { N: '2' }, { S: 'y' }] } }],
    ['SET items2 = list_append(:v, items2)', { ':v': { L: [{ S: 'y' }] } }, { items2: { L: [{ S: 'y' }, { S: 'x' }, { N: '2' }] } }],
    ['SET items2[0] = :v', { ':v': { S: 'z' } }, { items2: { L: [{ S: 'z' }, { N: '2' }] } }],
    ['SET items2[9] = :v', { ':v': { S: 'z' } }, { items2: { L: [{ S: 'x' }, { N: '2' }, { S: 'z' }] } }],
    ['SET m.branch.deep = :v, m.more = n', { ':v': { S: 'e' } }, { m: { M: { branch: { M: { deep: { S: 'e' } } }, more: { N: '5' } } } }],
    // Right sides are read from the item as it was.
    ['SET n = word, word = n', {}, { n: { S: 'sallyport' }, word: { N: '5' } }],
    ['REMOVE items2[0], items2[1]', {}, { items2: { L: [] } }],
    ['REMOVE items2[0] SET items2[1] = :v', { ':v': { S: 'z' } }, { items2: { L: [{ S: 'z' }] } }],
    ['ADD n :v', { ':v': { N: '3' } }, { n: { N: '8' } }],
    ['ADD fresh :v', { ':v': { N: '3' } }, { fresh: { N: '3' } }],
    ['ADD tags :v', { ':v': { SS: ['b', 'c'] } }, { tags: { SS: ['a', 'b', 'c'] } }],
    ['DELETE tags :v', { ':v': { SS: ['b', 'z'] } }, { tags: { SS: ['a'] } }],
    ['set n = :v remove nil add nums :s delete tags :d', { ':v': { N: '1' }, ':s': { NS: ['3'] }, ':d': { SS: ['a'] } }, { n: { N: '1' }, nums: { NS: ['1', '2', '3'] }, tags: { SS: ['b'] } }],
  ]
  test.each(table)('%s', async (expression, values, changed) => {
    const after = await update(expression, values)
    expect(after).toMatchObject(changed)
    expect(await here.get('item')).toEqual(after)
  })

  test('a set that loses its last element is removed, and REMOVE removes', async () => {
    expect(await update('DELETE tags :v', { ':v': { SS: ['a', 'b'] } })).not.toHaveProperty('tags')
    expect(await update('REMOVE n, gone')).not.toHaveProperty('n')
  })

  test('UPDATED_NEW and UPDATED_OLD show what the expression touched', async () => {
    expect(await update('SET n = :v, fresh = :v', { ':v': { N: '7' } }, sample, 'UPDATED_NEW')).toEqual({ n: { N: '7' }, fresh: { N: '7' } })
    expect(await update('SET n = :v, fresh = :v', { ':v': { N: '7' } }, sample, 'UPDATED_OLD')).toEqual({ n: { N: '5' } })
    expect(await update('SET m.branch.deep = :v', { ':v': { N: '7' } }, sample, 'UPDATED_NEW')).toEqual({ m: { M: { branch: { M: { deep: { N: '7' } } } } } })
  })

  test('an update of nothing makes an item', async () => {
    const { Attributes } = await here.db.send(new UpdateItemCommand({
      TableName, Key: { id: { S: 'upsert' } }, UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } }, ReturnValues: 'ALL_NEW',
    }))
    expect(Attributes).toEqual({ id: { S: 'upsert' }, hits: { N: '1' } })
  })

  const wrong: [expression: string, values: Item, message: string][] = [
    ['SET n = :v, n = :v', { ':v': { N: '1' } }, 'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]'],
    ['SET m.branch = :v REMOVE m', { ':v': { N: '1' } }, 'path one: [m, branch], path two: [m]'],
    ['SET m.branch = :v, m[0] = :v', { ':v': { N: '1' } }, 'Two document paths conflict with each other'],
    ['SET n = :v SET word = :v', { ':v': { N: '1' } }, 'The "SET" section can only be used once in an update expression;'],
    ['SET id = :v', { ':v': { S: 'x' } }, 'Cannot update attribute id. This attribute is part of the key'],
    ['SET n = gone', {}, 'The provided expression refers to an attribute that does not exist in the item'],
    ['SET gone.deep = :v', { ':v': { N: '1' } }, 'The document path provided in the update expression is invalid for update'],
    ['SET word = word + :v', { ':v': { N: '1' } }, 'An operand in the update expression has an incorrect data type'],
    ['SET n = n + :v', { ':v': { S: 'x' } }, 'Incorrect operand type for operator or function; operator or function: +, operand type: S'],
    ['SET n = list_append(n, :v)', { ':v': { N: '1' } }, 'operator or function: list_append, operand type: N'],
    ['SET n = size(word)', {}, 'The function is not allowed in an update expression; function: size'],
    ['SET n = foo(word)', {}, 'Invalid function name; function: foo'],
    ['ADD word :v', { ':v': { S: 'x' } }, 'operator or function: ADD, operand type: S'],
    ['ADD word :v', { ':v': { N: '1' } }, 'An operand in the update expression has an incorrect data type'],
    ['DELETE tags :v', { ':v': { NS: ['1'] } }, 'An operand in the update expression has an incorrect data type'],
    ['DROP n', {}, 'Syntax error'],
    ['SET n', {}, 'Syntax error'],
    ['SET name = :v', { ':v': { S: 'x' } }, 'reserved keyword: name'],
  ]
  test.each(wrong)('%s is refused, and nothing changes', async (expression, values, message) => {
    const outcome = await refusal(update(expression, values))
    expect(outcome).toContain('ValidationException')
    expect(outcome).toContain(message)
    expect(await here.get('item')).toMatchObject({ n: { N: '5' }, word: { S: 'sallyport' } })
  })
})
