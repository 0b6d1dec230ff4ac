import { DeleteItemCommand, GetItemCommand, UpdateItemCommand, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal } from '../harness.ts'
import { ledger, sample, TableName, type Item } from './ledger.ts'

let here: Awaited<ReturnType<typeof ledger>>
beforeAll(async () => {
  here = await ledger()
})
afterAll(() => here.aws.close())

describe('conditions', () => {
  beforeAll(() => here.put(sample))

  const holds = async (ConditionExpression: string, values: Item = {}, names: Record<string, string> = {}): Promise<boolean> => {
    const outcome = await refusal(here.db.send(new UpdateItemCommand({
      TableName, Key: { id: { S: 'item' } }, ConditionExpression,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    })))
    if (outcome === 'resolved') return true
    if (outcome.startsWith('ConditionalCheckFailedException')) return false
    throw new Error(outcome)
  }

  const table: [condition: string, values: Item, holds: boolean][] = [
    ['attribute_exists(n)', {}, true],
    ['attribute_exists(gone)', {}, false],
    ['attribute_not_exists(gone)', {}, true],
    ['attribute_not_exists(m.branch.deep)', {}, false],
    ['attribute_exists(items2[1])', {}, true],
    ['attribute_exists(items2[2])', {}, false],
    ['attribute_type(n, :t)', { ':t': { S: 'N' } }, true],
    ['attribute_type(tags, :t)', { ':t': { S: 'L' } }, false],
    ['n = :v', { ':v': { N: '5.0' } }, true],
    ['n = :v', { ':v': { S: '5' } }, false],
    ['n <> :v', { ':v': { N: '6' } }, true],
    ['gone <> :v', { ':v': { N: '6' } }, true],
    ['gone = :v', { ':v': { N: '6' } }, false],
    ['n < :v', { ':v': { N: '10' } }, true],
    ['n >= :v', { ':v': { N: '5' } }, true],
    ['n > :v', { ':v': { N: '5' } }, false],
    ['gone < :v', { ':v': { N: '5' } }, false],
    ['n < :v', { ':v': { S: 'z' } }, false],
    ['n between :a and :b', { ':a': { N: '1' }, ':b': { N: '5' } }, true],
    ['n BETWEEN :a AND :b', { ':a': { N: '6' }, ':b': { N: '9' } }, false],
    ['n IN (:a, :b)', { ':a': { N: '1' }, ':b': { N: '5' } }, true],
    ['n IN (:a)', { ':a': { N: '1' } }, false],
    ['begins_with(word, :v)', { ':v': { S: 'sally' } }, true],
    ['begins_with(word, :v)', { ':v': { S: 'port' } }, false],
    ['begins_with(bin, :v)', { ':v': { B: new Uint8Array([1, 2]) } }, true],
    ['contains(word, :v)', { ':v': { S: 'lyp' } }, true],
    ['contains(tags, :v)', { ':v': { S: 'a' } }, true],
    ['contains(tags, :v)', { ':v': { S: 'c' } }, false],
    ['contains(nums, :v)', { ':v': { N: '2.0' } }, true],
    ['contains(items2, :v)', { ':v': { S: 'x' } }, true],
    ['size(word) = :v', { ':v': { N: '9' } }, true],
    ['size(bin) = :v', { ':v': { N: '3' } }, true],
    ['size(tags) >= :v', { ':v': { N: '2' } }, true],
    ['size(m) = :v', { ':v': { N: '1' } }, true],
    ['size(n) = :v', { ':v': { N: '1' } }, false],
    ['yes = :v', { ':v': { BOOL: true } }, true],
    ['nil = :v', { ':v': { NULL: true } }, true],
    ['tags = :v', { ':v': { SS: ['b', 'a'] } }, true],
    ['m.branch = :v', { ':v': { M: { deep: { S: 'd' } } } }, true],
    ['items2[1] = :v', { ':v': { N: '2' } }, true],
    ['NOT attribute_exists(gone) AND n = :v', { ':v': { N: '5' } }, true],
    ['NOT (attribute_exists(n) AND n = :v)', { ':v': { N: '5' } }, false],
    // OR binds less than AND.
    ['attribute_exists(n) OR attribute_exists(gone) AND attribute_exists(gone2)', {}, true],
    ['(attribute_exists(n) OR attribute_exists(gone)) AND attribute_exists(gone2)', {}, false],
    ['((n = :v) AND (attribute_exists(n)))', { ':v': { N: '5' } }, true],
  ]
  test.each(table)('%s %j', async (condition, values, expected) => {
    expect(await holds(condition, values)).toBe(expected)
  })

  test('names with dots and reserved names go through placeholders', async () => {
    await here.put({ id: { S: 'dots' }, 'a.b': { S: '1' }, status: { S: 'open' }, constructor: { N: '1' } })
    const { Item } = await here.db.send(new GetItemCommand({
      TableName, Key: { id: { S: 'dots' } }, ProjectionExpression: '#d, #s, #c', ExpressionAttributeNames: { '#d': 'a.b', '#s': 'status', '#c': 'constructor' },
    }))
    expect(Item).toEqual({ 'a.b': { S: '1' }, status: { S: 'open' }, constructor: { N: '1' } })
    expect(await holds('attribute_not_exists(#c)', {}, { '#c': 'constructor' })).toBe(true)
    expect(await holds('attribute_not_exists(#p)', {}, { '#p': '__proto__' })).toBe(true)
  })

  const wrong: [request: object, message: string][] = [
    [{ ConditionExpression: 'status = :v', ExpressionAttributeValues: { ':v': { S: '4111111111111111' } } }, 'Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status'],
    [{ ConditionExpression: 'state = :v', ExpressionAttributeValues: { ':v': { S: '' } } }, 'reserved keyword: state'],
    [{ ConditionExpression: 'n = :v' }, 'Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v'],
    [{ ConditionExpression: '#n = :v', ExpressionAttributeValues: { ':v': { S: '' } } }, 'Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n'],
    [{ ConditionExpression: 'attribute_exists(n)', ExpressionAttributeValues: { ':v': { S: 'x' } } }, 'Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}'],
    [{ ConditionExpression: 'attribute_exists(n)', ExpressionAttributeNames: { '#n': 'x' } }, 'Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}'],
    [{ ExpressionAttributeNames: { '#n': 'x' } }, 'ExpressionAttributeNames can only be specified when using expressions'],
    [{ ConditionExpression: 'attribute_exists(n)', ExpressionAttributeNames: {} }, 'ExpressionAttributeNames must not be empty'],
    [{ ConditionExpression: 'attribute_exists(n)', ExpressionAttributeNames: { n: 'x' } }, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "n"'],
    [{ ConditionExpression: '' }, 'Invalid ConditionExpression: The expression can not be empty;'],
    [{ ConditionExpression: 'n = = n2' }, 'Invalid ConditionExpression: Syntax error; token: "="'],
    [{ ConditionExpression: 'n ! n2' }, 'Invalid ConditionExpression: Syntax error; token: "!"'],
    [{ ConditionExpression: 'attribute_exists(n) attribute_exists(n)' }, 'Syntax error'],
    [{ ConditionExpression: '((attribute_exists(n)))' }, 'The expression has redundant parentheses;'],
    [{ ConditionExpression: 'foo(n)' }, 'Invalid function name; function: foo'],
    [{ ConditionExpression: 'if_not_exists(n, n2)' }, 'The function is not allowed in a condition expression; function: if_not_exists'],
    [{ ConditionExpression: 'size(n)' }, 'The function is not allowed to be used this way in an expression; function: size'],
    [{ ConditionExpression: 'attribute_exists(:v)', ExpressionAttributeValues: { ':v': { S: 'x' } } }, 'Operator or function requires a document path; operator or function: attribute_exists'],
    [{ ConditionExpression: 'begins_with(n, :v)', ExpressionAttributeValues: { ':v': { N: '1' } } }, 'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N'],
    [{ ConditionExpression: 'n < :v', ExpressionAttributeValues: { ':v': { BOOL: true } } }, 'operator or function: <, operand type: BOOL'],
    [{ ConditionExpression: 'n BETWEEN :a AND :b', ExpressionAttributeValues: { ':a': { N: '2' }, ':b': { N: '1' } } }, 'The BETWEEN operator requires upper bound to be greater than or equal to lower bound'],
    [{ ConditionExpression: 'n = n' }, 'The first operand must be distinct from the remaining operands'],
    [{ ConditionExpression: 'attribute_exists(n)'.padEnd(5000) }, 'Expression size has exceeded the maximum allowed size'],
  ]
  test.each(wrong)('%j is refused', async (request, message) => {
    const outcome = await refusal(here.put({ id: { S: 'item' } }, request))
    expect(outcome).toContain(`ValidationException: `)
    expect(outcome).toContain(message)
    expect(outcome).not.toContain('4111')
  })
})

describe('ReturnValuesOnConditionCheckFailure', () => {
  const refused = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'resolved', (error: unknown) => error)

  test('shows the item that stood in the way, for put, update and delete, and only when asked', async () => {
    const Item = { id: { S: 'old' }, attempt: { S: 'abc' } }
    await here.put(Item)
    const condition = { ConditionExpression: 'attribute_not_exists(id)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
    const target = { TableName, Key: { id: { S: 'old' } } }
    const errors = await Promise.all([
      refused(here.put(Item, condition)),
      refused(here.db.send(new UpdateItemCommand({ ...target, ...condition, UpdateExpression: 'REMOVE attempt' }))),
      refused(here.db.send(new DeleteItemCommand({ ...target, ...condition }))),
    ])
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConditionalCheckFailedException)
      expect(error).toMatchObject({ Item, message: 'The conditional request failed' })
    }
    expect(await refused(here.put(Item, { ConditionExpression: 'attribute_not_exists(id)' }))).not.toHaveProperty('Item.id')
    const absent = await refused(here.put({ id: { S: 'none' } }, { ...condition, ConditionExpression: 'attribute_exists(id)' }))
    expect(absent).toBeInstanceOf(ConditionalCheckFailedException)
    expect(absent).not.toHaveProperty('Item.id')
  })
})
