/** What a wrapped private half is bound to: KMS refuses to unwrap it as another pair's, or as another version. */
export const wrapContext = (pair: string, kid: string): Record<string, string> => ({ 'sallyport:pair': pair, 'sallyport:kid': kid })

/** The first part of a KMS key's id. */
const short = (arn: string): string => /key\/(?:mrk-)?([0-9a-f]{8})/.exec(arn)?.[1] ?? 'key'

/** The `kid` of a half in custody `hsm`: the pair, the type, and the first part of the KMS key's id. */
export const hsmKid = (pair: string, type: 'rsa' | 'ec', arn: string): string => `${pair}-${type}-${short(arn)}`
/** The `kid` of a signing key in custody `hsm`. */
export const signingKid = (name: string, arn: string): string => `${name}-sig-${short(arn)}`
