import {
  ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient,
  type ChangeMessageVisibilityCommandInput, type SendMessageCommandInput,
} from '@aws-sdk/client-sqs'
import type { Environment } from '../environment.ts'

export function connect(environment: Environment) {
  const client = environment.client(SQSClient)
  return {
    send: (input: SendMessageCommandInput) => client.send(new SendMessageCommand(input)),
    changeVisibility: (input: ChangeMessageVisibilityCommandInput) => client.send(new ChangeMessageVisibilityCommand(input)),
  }
}
