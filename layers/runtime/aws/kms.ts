import {
  DecryptCommand, DeriveSharedSecretCommand, GenerateDataKeyCommand, GenerateDataKeyPairWithoutPlaintextCommand, GenerateMacCommand, GetPublicKeyCommand, KMSClient, SignCommand,
  type DecryptCommandInput, type DeriveSharedSecretCommandInput, type GenerateDataKeyCommandInput, type GenerateDataKeyPairWithoutPlaintextCommandInput, type GenerateMacCommandInput, type GetPublicKeyCommandInput, type SignCommandInput,
} from '@aws-sdk/client-kms'
import type { Environment } from '../environment.ts'

export function connect(environment: Environment) {
  const client = environment.client(KMSClient)
  return {
    decrypt: (input: DecryptCommandInput) => client.send(new DecryptCommand(input)),
    generateDataKey: (input: GenerateDataKeyCommandInput) => client.send(new GenerateDataKeyCommand(input)),
    generateMac: (input: GenerateMacCommandInput) => client.send(new GenerateMacCommand(input)),
    deriveSharedSecret: (input: DeriveSharedSecretCommandInput) => client.send(new DeriveSharedSecretCommand(input)),
    getPublicKey: (input: GetPublicKeyCommandInput) => client.send(new GetPublicKeyCommand(input)),
    sign: (input: SignCommandInput) => client.send(new SignCommand(input)),
    // An RSA key is found by chance, now and then after seconds; who asks for one has a minute.
    generatePair: (input: GenerateDataKeyPairWithoutPlaintextCommandInput) => client.send(new GenerateDataKeyPairWithoutPlaintextCommand(input), { requestTimeout: 15_000 }),
  }
}
