import { leaves, type Pipeline, type Realm } from 'sallyport'

/** `card_number`, `cardNumber` and `Card-Number` are one name. */
const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, '')
const lastSegment = (path: string): string => path.replaceAll('[*]', '').split('.').at(-1) ?? path

/** What has so few possible values that nothing but a key hides it, whatever a realm lists. */
export type FieldClass = 'card number' | 'national identifier'

const classNames: Readonly<Record<FieldClass, readonly string[]>> = {
  'card number': [
    'pan', 'primaryAccountNumber', 'cardNumber', 'cardNo', 'cardNum', 'creditCard', 'creditCardNumber', 'creditCardNo', 'debitCard', 'debitCardNumber',
    'paymentCardNumber', 'bankCardNumber', 'ccNumber', 'ccNum', 'ccNo', 'numeroCartao', 'numeroTarjeta',
  ],
  'national identifier': [
    'ssn', 'socialSecurity', 'socialSecurityNumber', 'socialSecurityNo', 'itin', 'taxId', 'taxNumber', 'taxIdNumber', 'taxIdentificationNumber', 'taxpayerId',
    'nationalId', 'nationalIdNumber', 'nationalIdentifier', 'nationalInsuranceNumber', 'nino', 'identityNumber', 'identityCardNumber', 'personalNumber', 'personnummer',
    'cpf', 'cnpj', 'curp', 'dni', 'nif', 'rut', 'bsn', 'pesel', 'aadhaar', 'aadhaarNumber', 'aadhar', 'codiceFiscale', 'steuerId', 'socialInsuranceNumber',
    'passportNumber', 'passportNo', 'driverLicenseNumber', 'driversLicenseNumber', 'driverLicense', 'driversLicense', 'drivingLicenceNumber',
  ],
}
const classes = new Map(Object.entries(classNames).flatMap(([named, names]) => names.map((name) => [normalized(name), named as FieldClass] as const)))

/** What a field, or an identifier, is by its name alone. */
export const classOf = (path: string): FieldClass | undefined => classes.get(normalized(lastSegment(path)))

/** An identifier that a definition digests without a key. */
interface Unkeyed {
  readonly kind: 'identifier'
  readonly name: string
  readonly key: { readonly kind: 'unkeyed' }
}

/** A way to hash that anybody can compute. `salted`: slowly, and each value with a salt of its own. */
interface Bare {
  readonly hash: string
  readonly keyed: false
  readonly salted?: unknown
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const isUnkeyed = (value: unknown): value is Unkeyed => isObject(value) && value['kind'] === 'identifier' && isObject(value['key']) && value['key']['kind'] === 'unkeyed'
const isHasher = (value: unknown): value is { readonly hash: string; readonly keyed: boolean } => isObject(value) && typeof value['hash'] === 'string' && typeof value['keyed'] === 'boolean'
const isBare = (value: unknown): value is Bare => isHasher(value) && !value.keyed

/** Every part of a step's options that is what is looked for, however deep. */
function* partsIn<Part>(value: unknown, is: (value: unknown) => value is Part): Generator<Part> {
  if (is(value)) yield value
  else if (isObject(value)) for (const member of Object.values(value)) yield* partsIn(member, is)
}

/** Every text in a step's options, outside of identifiers and ways to hash: infra knows no step, so each may be the path of a field. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (isObject(value) && value['kind'] !== 'identifier' && !isHasher(value)) for (const member of Object.values(value)) yield* textsIn(member)
}

const listed = (pipeline: Pipeline, realm: Realm): ReadonlySet<string> => new Set([...realm.sensitive, ...pipeline.sensitive].map(normalized))

/** What is sensitive by the realm's list, the pipeline's or its class, by the identifier's own name or by a field's, and digested without a key. */
export function* exposedIdentifiers(pipeline: Pipeline, realm: Realm): Generator<{ readonly identifier: string; readonly field?: string }> {
  const sensitive = listed(pipeline, realm)
  const isSensitive = (path: string): boolean => sensitive.has(normalized(lastSegment(path))) || classOf(path) !== undefined
  for (const { config } of leaves(pipeline.steps)) {
    for (const { name } of partsIn(config, isUnkeyed)) {
      if (isSensitive(name)) yield { identifier: name }
      for (const field of textsIn(config)) if (isSensitive(field)) yield { identifier: name, field }
    }
  }
}

/** What names the messages of a pipeline in records of its failures, is sensitive, and would stand there readable. */
export function* exposedEntities(pipeline: Pipeline, realm: Realm): Generator<string> {
  const sensitive = listed(pipeline, realm)
  for (const { config, entity } of leaves(pipeline.steps)) {
    if (entity === undefined || entity.as !== undefined) continue
    for (const field of textsIn(config)) if (sensitive.has(normalized(lastSegment(field))) || classOf(field) !== undefined) yield field
  }
}

/**
 * What is hashed without a key and can be read back by trying all values: a field of a class, however slow the hash is, and a
 * field of the realm's list or the pipeline's unless it is hashed slowly with a salt, as passwords are.
 */
export function* exposedHashes(pipeline: Pipeline, realm: Realm): Generator<{ readonly field: string; readonly hash: string; readonly of: FieldClass | undefined }> {
  const sensitive = listed(pipeline, realm)
  for (const { config } of leaves(pipeline.steps)) {
    for (const { hash, salted } of partsIn(config, isBare)) {
      for (const field of textsIn(config)) {
        const of = classOf(field)
        if (of !== undefined || salted !== true && sensitive.has(normalized(lastSegment(field)))) yield { field, hash, of }
      }
    }
  }
}
