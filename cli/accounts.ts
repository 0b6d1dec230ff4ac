import type { Readable } from 'node:stream'
import { DescribeSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Account } from 'sallyport'
import { accountsOf, isPartner, type How } from '../local/accounts.ts'
import { isNamed } from '../local/clients.ts'
import { connection, hasLocalRun, localRun, told } from './connection.ts'
import { idOf } from './deployment.ts'
import { folderOf, pipelinesOf } from './folders.ts'
import { hidden, whole } from './prompt.ts'
import { say, table } from './screen.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** What is asked for on a terminal, member by member of the secret; a way to sign in that is not here is asked for as JSON. */
const members: Readonly<Record<string, readonly string[]>> = {
  'api-key': ['apiKey'], basic: ['username', 'password'], 'secret-key': ['secretKey'], 'private-key': ['privateKey'], passphrase: ['passphrase'],
}

type Input = Readable & { readonly isTTY?: boolean }

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

async function entered({ name, how }: Account<How>, input: Input): Promise<string> {
  const wanted = Object.hasOwn(members, how.signIn) ? members[how.signIn] ?? [] : []
  if (input.isTTY === true) {
    if (wanted.length === 0) return hidden(`${name}: the secret as JSON on one line`)
    const values: Record<string, string> = {}
    for (const member of wanted) values[member] = await hidden(`${name}: ${member}`)
    return JSON.stringify(values)
  }
  const given = (await whole(input)).trim()
  if (parsed(given) !== undefined) return given
  // A bare key, or PEM, is as clear as JSON with one member.
  const [only, ...others] = how.signIn === 'public-key' ? ['publicKey'] : wanted
  return only !== undefined && others.length === 0 ? JSON.stringify({ [only]: given }) : given
}

/** The partners of the local run are ours: they shall know whom they are called by. */
async function introduce(account: Account<How>, secret: string): Promise<void> {
  let headers: object
  try {
    headers = account.how.headers?.(account.how.read(secret) as never) ?? {}
  } catch {
    // A type of the user's own: what it throws may quote the secret.
    throw new Refused(`the secret is written, but ${account.how.signIn} made no headers of it, so that the local partner does not know it`)
  }
  const response = await fetch(`${localRun().control}/partners/${account.name}/credential`, { method: 'PUT', body: JSON.stringify(headers) })
  if (!response.ok) throw new Refused(`the partner ${account.name} of the local run did not take the credential (${response.status})`)
}

async function put(account: Account<How>, secret: string, stage: string, client: SecretsManagerClient, input: Input): Promise<number> {
  const text = await entered(account, input)
  try {
    account.how.read(text)
  } catch (error) {
    // Its own sentence says the shape. A parser's would quote what was entered.
    const own = error instanceof TypeError && error.message.includes(' account: ') ? error.message : `${account.how.signIn} account: this is not what it reads`
    throw new Refused(`nothing was written. ${own}`)
  }
  try {
    await client.send(new PutSecretValueCommand({ SecretId: secret, SecretString: text }))
  } catch (error) {
    throw told(error, stage)
  }
  // Another endpoint has the secrets of no local run of ours, and no partner to tell.
  if (stage === 'local' && isPartner(account) && hasLocalRun()) await introduce(account, text)
  process.stdout.write(`${secret} holds the credential of ${account.name} now; running functions read it within minutes\n`)
  return 0
}

async function list(accounts: readonly Account<How>[], secretOf: (name: string) => string, stage: string, client: SecretsManagerClient, json: boolean): Promise<number> {
  const states = await Promise.all(accounts.map(async ({ name }) => {
    try {
      const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: secretOf(name) }))
      return Object.values(VersionIdsToStages).some((stages) => stages.includes('AWSCURRENT')) ? 'set' : 'empty'
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return 'not deployed'
      throw told(error, stage)
    }
  }))
  const rows = accounts.map(({ name, how }, i) => ({ account: name, signIn: how.signIn, secret: states[i] ?? '' }))
  if (json) say(JSON.stringify({ stage, accounts: rows }))
  else say(table(['account', 'signs in by', 'secret'], rows.map(({ account, signIn, secret }) => [account, signIn, secret])))
  return 0
}

/** Lists the accounts, or writes the credential of one. The credential is never an argument, and never printed. */
export async function accounts(args: string[], input: Input = process.stdin): Promise<number> {
  const { values, positionals } = readOptions({
    args, allowPositionals: true, options: { stage: { type: 'string', default: 'dev' }, id: { type: 'string' }, json: { type: 'boolean', default: false }, pipelines: { type: 'string' } },
  })
  const [what, name, ...more] = positionals
  const listing = what === 'list' && name === undefined
  if (!listing && !(what === 'put' && name !== undefined && more.length === 0)) throw new Usage(what === 'put' && more.length > 0 ? 'put takes one name; the credential comes from the prompt or standard input' : 'say list, or put and a name')
  const known = accountsOf(await pipelinesOf(folderOf(values.pipelines)))
  const id = idOf(values.stage, values.id)
  const secretOf = (account: string): string => `${id}/${values.stage}/accounts/${account}`
  const client = (): SecretsManagerClient => new SecretsManagerClient(connection(values.stage))
  if (listing) return list(known, secretOf, values.stage, client(), values.json)
  const account = known.find((each) => each.name === name)
  if (account === undefined) throw new Refused(`no pipeline names an account ${name ?? ''}; there are: ${known.map((each) => each.name).join(', ')}`)
  return put(account, secretOf(account.name), values.stage, client(), input)
}
