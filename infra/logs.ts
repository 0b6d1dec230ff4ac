import { RemovalPolicy } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { DataIdentifier, DataProtectionPolicy, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Blueprint } from './blueprint.ts'
import type { State } from './state.ts'

/** How log groups of this app are kept. */
export interface Keeping {
  readonly days: number
  readonly key: IKey
  readonly removalPolicy: RemovalPolicy
}

/** As the realm says; beyond the stack in stage `prod` alone, unless it is said otherwise. */
export const keepingOf = ({ names, definitions: { realm } }: Blueprint, { logKey }: State, retain = names.stage === 'prod'): Keeping => ({
  days: realm.logRetentionDays, key: logKey, removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
})

/** Days that CloudWatch Logs can keep: it refuses others at deployment, and 9999 stands for ever. */
export const retentions: readonly number[] = Object.values(RetentionDays).map(Number).filter((days) => days > 0 && days < 9_999)

/**
 * A log group whose lines are encrypted under our key, end after `days`, and are looked through by CloudWatch once more:
 * what the redactor should have masked and did not is masked for readers and counted.
 */
export const keptLog = (scope: Construct, id: string, name: string, { days, key, removalPolicy }: Keeping): LogGroup => new LogGroup(scope, id, {
  logGroupName: name, retention: days as RetentionDays, encryptionKey: key, removalPolicy,
  dataProtectionPolicy: new DataProtectionPolicy({
    name: 'second-net',
    identifiers: [
      DataIdentifier.CREDITCARDNUMBER, DataIdentifier.CREDITCARDSECURITYCODE, DataIdentifier.SSN_US, DataIdentifier.INDIVIDUALTAXIDENTIFICATIONNUMBER_US,
      DataIdentifier.CPFCODE_BR, DataIdentifier.BANKACCOUNTNUMBER_US, DataIdentifier.EMAILADDRESS,
      DataIdentifier.AWSSECRETKEY, DataIdentifier.OPENSSHPRIVATEKEY, DataIdentifier.PKCSPRIVATEKEY,
    ],
  }),
})
