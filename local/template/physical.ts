/** What `Ref` and `Fn::GetAtt` give of a resource. */
export interface Physical {
  /** Undefined while only creating it tells. */
  readonly ref: string | undefined
  readonly atts: Readonly<Record<string, string>>
}

/** A resource whose names the template fixes, or that gets one from us: known before anything is created. */
export interface Nameable {
  readonly stack: string
  readonly id: string
  /** The resolved property, where the template has it. */
  readonly property: (name: string) => unknown
}

interface Place {
  readonly region: string
  readonly account: string
}

type Shape = (resource: Nameable, place: Place) => Physical

const named = ({ property, stack, id }: Nameable, member: string): string => {
  const given = property(member)
  return typeof given === 'string' ? given : `${stack}-${id}`
}

/** Bucket names are lower-case letters, digits and dashes, at most 63. */
const bucketName = ({ property, stack, id }: Nameable): string => {
  const given = property('BucketName')
  return typeof given === 'string' ? given : `${stack}-${id}`.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 63).replace(/-$/, '')
}

/** The name of a FIFO queue has an ending of its own. */
export const queueName = ({ property, stack, id }: Nameable): string => {
  const given = property('QueueName')
  return typeof given === 'string' ? given : `${stack}-${id}`.slice(0, 75) + (property('FifoQueue') === true ? '.fifo' : '')
}

/** API ids look like this in AWS; ours is the same at every start. */
const apiId = ({ stack, id }: Nameable): string => `${stack}${id}`.toLowerCase().replace(/[^a-z0-9]/g, '').slice(0, 32)

const shapes: Readonly<Record<string, Shape>> = {
  'AWS::DynamoDB::Table': (resource, { region, account }) => {
    const name = named(resource, 'TableName')
    return { ref: name, atts: { Arn: `arn:aws:dynamodb:${region}:${account}:table/${name}` } }
  },
  // Known by its name; no clock runs a schedule on a laptop, where `POST /schedules/NAME` does.
  'AWS::Events::Rule': (resource, { region, account }) => {
    const name = named(resource, 'Name')
    return { ref: name, atts: { Arn: `arn:aws:events:${region}:${account}:rule/${name}` } }
  },
  'AWS::IAM::Role': (resource, { account }) => {
    const name = named(resource, 'RoleName')
    return { ref: name, atts: { Arn: `arn:aws:iam::${account}:role/${name}` } }
  },
  'AWS::IAM::ManagedPolicy': (resource, { account }) => {
    const arn = `arn:aws:iam::${account}:policy/${named(resource, 'ManagedPolicyName')}`
    return { ref: arn, atts: { PolicyArn: arn } }
  },
  'AWS::Lambda::Function': (resource, { region, account }) => {
    const name = named(resource, 'FunctionName')
    return { ref: name, atts: { Arn: `arn:aws:lambda:${region}:${account}:function:${name}` } }
  },
  'AWS::Lambda::LayerVersion': (resource, { region, account }) => {
    const arn = `arn:aws:lambda:${region}:${account}:layer:${named(resource, 'LayerName')}:1`
    return { ref: arn, atts: { LayerVersionArn: arn } }
  },
  'AWS::Logs::LogGroup': (resource, { region, account }) => {
    const name = named(resource, 'LogGroupName')
    return { ref: name, atts: { Arn: `arn:aws:logs:${region}:${account}:log-group:${name}:*` } }
  },
  'AWS::S3::Bucket': (resource, { region }) => {
    const name = bucketName(resource)
    return { ref: name, atts: { Arn: `arn:aws:s3:::${name}`, DomainName: `${name}.s3.amazonaws.com`, RegionalDomainName: `${name}.s3.${region}.amazonaws.com` } }
  },
  // CloudFormation refers to a policy by its bucket.
  'AWS::S3::BucketPolicy': ({ property }) => ({ ref: String(property('Bucket')), atts: {} }),
  'AWS::SNS::Topic': (resource, { region, account }) => {
    const name = named(resource, 'TopicName')
    const arn = `arn:aws:sns:${region}:${account}:${name}`
    return { ref: arn, atts: { TopicArn: arn, TopicName: name } }
  },
  // Its URL depends on the endpoint, and CloudFormation refers to a queue by it.
  'AWS::SQS::Queue': (resource, { region, account }) => {
    const name = queueName(resource)
    return { ref: undefined, atts: { Arn: `arn:aws:sqs:${region}:${account}:${name}`, QueueName: name } }
  },
  'AWS::ApiGatewayV2::Api': (resource, { region }) => ({ ref: apiId(resource), atts: { ApiId: apiId(resource), ApiEndpoint: `https://${apiId(resource)}.execute-api.${region}.amazonaws.com` } }),
  'AWS::ApiGatewayV2::Integration': ({ id }) => ({ ref: id, atts: { IntegrationId: id } }),
  'AWS::KMS::Alias': (resource) => ({ ref: named(resource, 'AliasName'), atts: {} }),
}

/** The names of a resource, or undefined when only creating it tells. */
export const physical = (type: string, resource: Nameable, place: Place): Physical | undefined =>
  Object.hasOwn(shapes, type) ? shapes[type]?.(resource, place) : undefined
