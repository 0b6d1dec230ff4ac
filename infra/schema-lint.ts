/** What a schema at a trust boundary may not leave open. The rules are ours, in the spirit of OWASP API4:2023 and Ajv's own secure meta-schema. */

type Schema = Readonly<Record<string, unknown>>
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const one = ['items', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems', 'propertyNames', 'not', 'if', 'then', 'else']
const many = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const named = ['properties', 'patternProperties', '$defs', 'dependentSchemas']

/** Sentences, each with the place as a JSON pointer; none if the schema is closed and bounded everywhere. */
export function lintSchema(schema: unknown): string[] {
  const mistakes: string[] = []
  let count = 0
  const walk = (node: unknown, at: string, depth: number): void => {
    if (!isSchema(node)) return
    const say = (sentence: string): void => { mistakes.push(`${at || '/'}: ${sentence}`) }
    if (++count > 2_000 || depth > 40) return say('too many or too deep sub-schemas')
    check(node, say)
    for (const key of one) walk(node[key], `${at}/${key}`, depth + 1)
    for (const key of many) if (Array.isArray(node[key])) node[key].forEach((part, i) => walk(part, `${at}/${key}/${i}`, depth + 1))
    for (const key of named) if (isSchema(node[key])) for (const [name, part] of Object.entries(node[key])) walk(part, `${at}/${key}/${name}`, depth + 1)
  }
  if (!isSchema(schema)) return ['/: a schema is an object']
  if (schema['$schema'] !== 'https://json-schema.org/draft/2020-12/schema') mistakes.push('/: say "$schema": "https://json-schema.org/draft/2020-12/schema"')
  walk(schema, '', 0)
  return mistakes
}

function check(node: Schema, say: (sentence: string) => void): void {
  const types = [node['type']].flat()
  const fixed = 'enum' in node || 'const' in node
  if (types.includes('object') && node['additionalProperties'] !== false && node['unevaluatedProperties'] !== false) say('close the object: "additionalProperties": false')
  if (types.includes('string') && !fixed && node['maxLength'] === undefined) say('bound the text: "maxLength"')
  if (types.includes('array') && node['maxItems'] === undefined) say('bound the list: "maxItems"')
  if ((types.includes('number') || types.includes('integer')) && !fixed) {
    if (node['minimum'] === undefined && node['exclusiveMinimum'] === undefined) say('bound the number: "minimum"')
    if (node['maximum'] === undefined && node['exclusiveMaximum'] === undefined) say('bound the number: "maximum"')
  }
  const pattern = node['pattern']
  if (typeof pattern === 'string') {
    if (node['maxLength'] === undefined) say('a pattern needs "maxLength"')
    if (!pattern.startsWith('^') || !pattern.endsWith('$')) say('a pattern begins with ^ and ends with $')
    if (/[*+}][^()]*\)[*+{]/.test(pattern)) say('a repetition within a repetition can take for ever')
  }
  if ('patternProperties' in node && !(isSchema(node['propertyNames']) && node['propertyNames']['maxLength'] !== undefined)) say('"patternProperties" needs "propertyNames" with "maxLength"')
  if ('format' in node) say('"format" is not checked here: use "pattern"')
  for (const key of ['$ref', '$dynamicRef']) if (typeof node[key] === 'string' && !node[key].startsWith('#')) say(`"${key}" stays inside the document`)
}
