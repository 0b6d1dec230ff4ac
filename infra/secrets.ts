import type { RemovalPolicy } from 'aws-cdk-lib'
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { CfnResourcePolicy, CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'

/**
 * A secret without a value: no credential passes through a template, a parameter or a deployment. Whom IAM lets may
 * write it; only the roles of the pipelines that name the account may read it. Returns its full ARN.
 */
export function emptySecret(scope: Construct, id: string, { name, key, readers, removalPolicy }: {
  readonly name: string
  readonly key: IKey
  readonly readers: readonly string[]
  readonly removalPolicy: RemovalPolicy
}): string {
  const account = new Construct(scope, id)
  const secret = new CfnSecret(account, 'Secret', { name, kmsKeyId: key.keyArn, description: 'Entered with: npm run accounts' })
  secret.applyRemovalPolicy(removalPolicy)
  const policy = new CfnResourcePolicy(account, 'Policy', {
    secretId: secret.ref,
    blockPublicPolicy: true,
    resourcePolicy: new PolicyDocument({
      statements: [new PolicyStatement({
        sid: 'ReadByNobodyElse', effect: Effect.DENY, principals: [new AnyPrincipal()], resources: ['*'],
        // BatchGetSecretValue reads each secret by this action too; it has no resource of its own to deny.
        actions: ['secretsmanager:GetSecretValue'],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': [...readers] } },
      })],
    }),
  })
  policy.applyRemovalPolicy(removalPolicy)
  return secret.ref
}
