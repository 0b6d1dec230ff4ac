import { Failure } from '../failure.ts'
import { readPolicy } from '../iam.ts'
import { optionalChoice, optionalFlag, text, type Members } from '../members.ts'
import type { Caller, Operations } from '../operation.ts'
import { saveKey } from './keys.ts'
import { onKey, policyDocument } from './operation.ts'

/** What KMS gives a key that is made without a policy: the account decides by its own policies. */
export const rootPolicy = (account: string): string => JSON.stringify({
  Version: '2012-10-17',
  Id: 'key-default-1',
  Statement: [{
    Sid: 'Enable IAM User Permissions', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*',
  }],
})

const malformed = (message: string): Failure => new Failure('MalformedPolicyDocumentException', message)

/** The policy, if it can be read and leaves its author able to change it (unless that check is bypassed). */
export function checkedPolicy(policy: string, arn: string, caller: Caller, bypass: boolean): string {
  try {
    readPolicy(policyDocument(policy))
  } catch (error) {
    // V8's own message for broken JSON quotes the text.
    throw malformed(error instanceof SyntaxError || !(error instanceof Error) ? 'The policy is not JSON.' : error.message)
  }
  const still = caller.may({ action: 'kms:PutKeyPolicy', resource: arn, policy: policyDocument(policy), mustDelegate: true })
  if (!still && !bypass)
    throw malformed('The new key policy will not allow you to update the key policy in the future.')
  return policy
}

const named = (input: Members): void => {
  optionalChoice(input, 'PolicyName', ['default'])
}

const putKeyPolicy = onKey('PutKeyPolicy', {
  aliases: false,
  context: (input) => ({ 'kms:BypassPolicyLockoutSafetyCheck': String(optionalFlag(input, 'BypassPolicyLockoutSafetyCheck') ?? false) }),
  run(key, input, world, caller) {
    named(input)
    const bypass = optionalFlag(input, 'BypassPolicyLockoutSafetyCheck') ?? false
    const policy = checkedPolicy(text(input, 'Policy', { max: 32_768 }), key.arn, caller, bypass)
    return world.store.write(() => {
      saveKey({ ...key, policy }, world)
      return undefined
    })
  },
})

const getKeyPolicy = onKey('GetKeyPolicy', {
  aliases: false,
  run(key, input) {
    named(input)
    return { Policy: key.policy, PolicyName: 'default' }
  },
})

const listKeyPolicies = onKey('ListKeyPolicies', { aliases: false, run: () => ({ PolicyNames: ['default'], Truncated: false }) })

export const policyOperations: Operations = { PutKeyPolicy: putKeyPolicy, GetKeyPolicy: getKeyPolicy, ListKeyPolicies: listKeyPolicies }
