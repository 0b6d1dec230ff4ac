import { readAssembly, type Assembly } from './assembly.ts'
import { resolve, type Lookup } from './intrinsic.ts'
import { physical, type Physical } from './physical.ts'

/** A resource of one of the stacks. */
export interface Found {
  readonly stack: string
  readonly id: string
  readonly type: string
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface Place {
  readonly region: string
  readonly account: string
}

/** The synthesized stacks as one, with references followed between them. */
export interface Template extends Place {
  readonly folder: string
  /** Every resource of a type, in the order of the stacks. */
  ofType(type: string | RegExp): readonly Found[]
  /** All properties, resolved. Throws while one refers to something that is not created yet. */
  properties(found: Found): Readonly<Record<string, unknown>>
  /** One property, resolved. */
  property(found: Found, name: string): unknown
  /** Whether a property refers to a resource of the same stack, which need not be created for that. */
  targets(from: Found, property: string, to: Found): boolean
  /** What `Ref` gives. */
  ref(found: Found): string
  att(found: Found, name: string): string
  /** Tells what a resource came to be called, for those that only creating names. */
  created(found: Found, physical: Physical): void
}

export const readTemplate = (folder: string, place: Place): Template => template(readAssembly(folder), place)

export function template({ folder, stacks }: Assembly, { region, account }: Place): Template {
  const made = new Map<string, Physical>()
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Region': region, 'AWS::AccountId': account, 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com',
  }

  const lookups = new Map<string, Lookup>()
  const lookup = (stack: string): Lookup => {
    const known = lookups.get(stack)
    if (known) return known
    const fresh: Lookup = {
      ref(id) {
        if (id === 'AWS::StackName') return stack
        if (id === 'AWS::StackId') return `arn:aws:cloudformation:${region}:${account}:stack/${stack}/local`
        if (id in pseudo) return pseudo[id]
        const parameter = stacks[stack]?.Parameters?.[id]
        if (parameter !== undefined) {
          if (parameter.Default === undefined || parameter.Type.startsWith('AWS::SSM')) throw new Error(`parameter ${id} of stack ${stack} has no value here`)
          return parameter.Default
        }
        return refOf(stack, id)
      },
      att(id, name) {
        const value = physicalOf(stack, id).atts[name]
        if (value === undefined) throw new Error(`${stack}/${id}: attribute ${name} is not known to the local run`)
        return value
      },
      imported(name) {
        for (const [other, { Outputs = {} }] of Object.entries(stacks)) {
          for (const { Value, Export } of Object.values(Outputs)) {
            if (Export !== undefined && resolve(Export.Name, lookup(other)) === name) return resolve(Value, lookup(other))
          }
        }
        throw new Error(`${stack} imports ${name}, which no stack exports`)
      },
    }
    lookups.set(stack, fresh)
    return fresh
  }

  function physicalOf(stack: string, id: string): Physical {
    const raw = stacks[stack]?.Resources?.[id]
    if (raw === undefined) throw new Error(`${stack}/${id} is referred to and not there`)
    const known = made.get(`${stack}/${id}`) ?? physical(raw.Type, { stack, id, property: (name) => resolve(raw.Properties?.[name], lookup(stack)) }, { region, account })
    if (known === undefined) throw new Error(`${stack}/${id} (${raw.Type}) is referred to before it is created`)
    return known
  }

  function refOf(stack: string, id: string): string {
    const { ref } = physicalOf(stack, id)
    if (ref === undefined) throw new Error(`${stack}/${id} is referred to before it is created`)
    return ref
  }

  const all: readonly Found[] = Object.entries(stacks).flatMap(([stack, { Resources = {} }]) =>
    Object.entries(Resources).map(([id, { Type, Metadata = {} }]) => ({ stack, id, type: Type, metadata: Metadata })))
  const raw = ({ stack, id }: Found): Readonly<Record<string, unknown>> => stacks[stack]?.Resources?.[id]?.Properties ?? {}

  return {
    folder, region, account,
    ofType: (type) => all.filter((found) => typeof type === 'string' ? found.type === type : type.test(found.type)),
    properties: (found) => resolve(raw(found), lookup(found.stack)) as Record<string, unknown>,
    property: (found, name) => resolve(raw(found)[name], lookup(found.stack)),
    targets(from, property, to) {
      const value = raw(from)[property] as { Ref?: string; 'Fn::GetAtt'?: readonly string[] } | undefined
      return from.stack === to.stack && (value?.Ref ?? value?.['Fn::GetAtt']?.[0]) === to.id
    },
    ref: ({ stack, id }) => refOf(stack, id),
    att: ({ stack, id }, name) => String(lookup(stack).att(id, name)),
    created: ({ stack, id }, physical) => { made.set(`${stack}/${id}`, physical) },
  }
}
