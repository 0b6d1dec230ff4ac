import { Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** Every five minutes the function `ledger` makes doubts of what lapsed for good, and counts what waits for a person. */
export function sweepOften(scope: Construct, ledger: IFunction): void {
  new Rule(scope, 'Sweep', {
    description: 'Finds claims that nobody settled', schedule: Schedule.rate(Duration.minutes(5)),
    targets: [new LambdaFunction(ledger, { event: RuleTargetInput.fromObject({ sweep: true }), retryAttempts: 0 })],
  })
}
