import { join } from 'node:path'
import type { LambdaFunction } from '../lambda/function.ts'
import type { Found, Template } from './template.ts'

/** A function of the template; whose keys it gets is decided where roles become principals. */
export interface WantedFunction extends Omit<LambdaFunction, 'credentials'> {
  /** The construct's own name, by which `sam local` knows it. */
  readonly shortName: string
  readonly arn: string
  readonly roleArn: string
}

/** The folder that `cdk synth` put next to the template, as `sam local` finds it. */
function asset(template: Template, { stack, id, metadata }: Found, property: 'Code' | 'Content'): string {
  const path = metadata['aws:asset:path']
  if (typeof path !== 'string' || metadata['aws:asset:property'] !== property) throw new Error(`${stack}/${id}: no folder is named in its metadata; cdk synth writes it unless told otherwise`)
  return join(template.folder, path)
}

export function functionsOf(template: Template): WantedFunction[] {
  const layers = new Map(template.ofType('AWS::Lambda::LayerVersion').map((found) => [template.ref(found), asset(template, found, 'Content')]))
  return template.ofType('AWS::Lambda::Function').map((found) => {
    const wanted = template.properties(found)
    const name = template.ref(found)
    const { Variables = {} } = (wanted['Environment'] ?? {}) as { Variables?: Record<string, unknown> }
    const { LogFormat = 'Text', LogGroup = `/aws/lambda/${name}` } = (wanted['LoggingConfig'] ?? {}) as { LogFormat?: 'JSON' | 'Text'; LogGroup?: string }
    return {
      name,
      shortName: (found.metadata['aws:cdk:path'] as string | undefined)?.split('/')[1] ?? name,
      arn: template.att(found, 'Arn'),
      roleArn: String(wanted['Role']),
      handler: String(wanted['Handler']),
      timeoutSeconds: Number(wanted['Timeout'] ?? 3),
      memoryMb: Number(wanted['MemorySize'] ?? 128),
      code: asset(template, found, 'Code'),
      layers: ((wanted['Layers'] ?? []) as string[]).map((arn) => {
        const folder = layers.get(arn)
        if (folder === undefined) throw new Error(`function ${name}: layer ${arn} is not in the template`)
        return folder
      }),
      environment: Object.fromEntries(Object.entries(Variables).map(([variable, value]) => [variable, String(value)])),
      logFormat: LogFormat,
      logGroup: LogGroup,
    }
  })
}
