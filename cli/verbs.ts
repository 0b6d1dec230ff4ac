/** One verb of the command: its usage, and the file that does it. */
export interface Verb {
  readonly about: string
  readonly usage: string
  readonly options: readonly (readonly [option: string, meaning: string])[]
  readonly example: string
  /** Of those who work on this package. */
  readonly inner?: true
  readonly load: () => Promise<(args: string[]) => Promise<number>>
}

export const verbs: Readonly<Record<string, Verb>> = {
  init: {
    about: 'writes a project into this folder: an app, a pipeline, a step of your own and a test',
    usage: 'sallyport init',
    options: [],
    example: 'mkdir payments && cd payments && npm install sallyport && npx sallyport init',
    load: async () => (await import('./init.ts')).init,
  },
  new: {
    about: 'adds a pipeline, an example of what it takes, and its test',
    usage: 'sallyport new NAME [post:/PATH[:jose] | async:/PATH[:jose] | queue:NAME] [STEP[:WHAT] …] [--pipelines DIR]',
    options: [
      ['NAME', 'lower-case words joined by hyphens'], ['post:/PATH', 'its route; :jose for what arrives sealed'], ['async:/PATH', 'a route that answers at once; queue:NAME for messages of a queue'],
      ['STEP', 'validate, log, deduplicate:FIELD, hash:FIELD, call:ACCOUNT, transform'], ['--pipelines DIR', 'the folder of the pipelines'],
    ],
    example: 'npx sallyport new refund post:/refunds deduplicate:refundId call:bank',
    load: async () => (await import('./new.ts')).make,
  },
  start: {
    about: 'runs the pipelines on this machine, and takes over what is edited while it runs',
    usage: 'sallyport start [--once] [--inspect PIPELINE[:PORT]] [--pipelines DIR]',
    options: [['--once', 'exit after the demonstration: 0 when all was right, else 1'], ['--inspect PIPELINE', 'let a debugger attach to its function, at 127.0.0.1:9229 or PORT; it has no timeout then'], ['--pipelines DIR', 'run the pipelines of this folder instead of the examples']],
    example: 'PORT=9000 npx sallyport start --once',
    load: async () => (await import('./start.ts')).start,
  },
  test: {
    about: 'runs the tests',
    usage: 'sallyport test [FILTER…]',
    options: [['FILTER', 'only test files whose path contains this']],
    example: 'npx sallyport test loan',
    load: async () => (await import('./test.ts')).test,
  },
  reset: {
    about: 'empties .local/: tables, keys, secrets, logs and partners of the local run',
    usage: 'sallyport reset',
    options: [],
    example: 'npx sallyport reset',
    load: async () => (await import('./reset.ts')).reset,
  },
  manifest: {
    about: 'shows each pipeline without its functions: what it does, sends and may touch',
    usage: 'sallyport manifest [PIPELINE] [--json | --mermaid] [--pipelines DIR]',
    options: [['PIPELINE', 'one of them; all unless named'], ['--json', 'one JSON document on standard output'], ['--mermaid', 'a flowchart of each, as Markdown'], ['--pipelines DIR', 'the folder of the pipelines']],
    example: 'npx sallyport manifest --json',
    load: async () => (await import('./manifest.ts')).manifest,
  },
  cost: {
    about: 'works out from the template what an idle month and a million messages cost',
    usage: 'sallyport cost [--json] [--synth] [--stage STAGE] [--out DIR] [--ms N] [--log-bytes N] [--sent-bytes N]',
    options: [
      ['--json', 'one JSON document on standard output'], ['--synth', 'synthesize first; done anyway where DIR holds no templates of the stage'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise'], ['--out DIR', 'where its templates are; cdk.out unless said otherwise'],
      ['--ms N', 'milliseconds of an execution, the partner included'], ['--log-bytes N', 'bytes of log lines a message'], ['--sent-bytes N', 'bytes sent to the internet a message'],
    ],
    example: 'npx sallyport cost --json',
    load: async () => (await import('./cost.ts')).cost,
  },
  accounts: {
    about: 'lists the accounts of the pipelines, or enters a credential, read from a hidden prompt or standard input',
    usage: 'sallyport accounts list|put NAME [--stage STAGE] [--id ID] [--json] [--pipelines DIR]',
    options: [
      ['list', 'names, how each signs in, and whether its secret holds a value'], ['put NAME', 'writes the credential of an account to its secret'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'],
      ['--pipelines DIR', 'the folder of the pipelines'],
    ],
    example: 'npx sallyport accounts put acquirer --stage prod < credential.json',
    load: async () => (await import('./accounts.ts')).accounts,
  },
  logs: {
    about: 'shows an execution by its id: its lines, steps, calls, how it ended and what to do; without an id, the newest lines',
    usage: 'sallyport logs [ID] [--follow] [--pipeline NAME] [--fault CODE] [--since WHEN] [--limit N] [--json] [--stage STAGE] [--id ID] [--region REGION]',
    options: [
      ['ID', 'of a reply or a log line, or its first 8 characters'], ['--follow', 'lines as they come, until Ctrl-C'],
      ['--pipeline NAME', 'only of this pipeline'], ['--fault CODE', 'only with this fault; any for whatever has one'],
      ['--since WHEN', '15m, 2h, 3d or a moment, as 2026-01-31T08:00Z; in AWS the last hour unless said otherwise, a week for an ID'], ['--limit N', 'the newest N lines; 50 unless said otherwise'],
      ['--json', 'the lines as they were written, one JSON document each'], ['--stage STAGE', 'which deployment in AWS; unless said otherwise local: the run on this machine, even when it has ended'],
      ['--id ID', 'the id of the app, where cdk.out does not tell it'], ['--region REGION', 'the Region, where the AWS SDK does not find it'],
    ],
    example: 'npx sallyport logs 6ffc5f23 --stage prod',
    load: async () => (await import('./logs.ts')).logs,
  },
  runs: {
    about: 'lists executions, the newest first, with outcome, time, calls and cost, and sums them up',
    usage: 'sallyport runs [--pipeline NAME] [--fault CODE] [--since WHEN] [--limit N] [--json] [--stage STAGE] [--id ID] [--region REGION]',
    options: [
      ['--pipeline NAME', 'only of this pipeline'], ['--fault CODE', 'only with this fault; any for whatever has one'],
      ['--since WHEN', '15m, 2h, 3d or a moment, as 2026-01-31T08:00Z; in AWS the last hour unless said otherwise'], ['--limit N', 'show the newest N, sum up all; 20 unless said otherwise'],
      ['--json', 'their lines as they were written, one JSON document each'], ['--stage STAGE', 'which deployment in AWS; unless said otherwise local: the run on this machine, even when it has ended'],
      ['--id ID', 'the id of the app, where cdk.out does not tell it'], ['--region REGION', 'the Region, where the AWS SDK does not find it'],
    ],
    example: 'npx sallyport runs --fault any --since 1d --stage prod',
    load: async () => (await import('./runs.ts')).runs,
  },
  keys: {
    about: 'lists the keys of a deployment, every version, or makes the next version of one',
    usage: 'sallyport keys list | rotate KEY [--stage STAGE] [--id ID] [--json] [--pipelines DIR]',
    options: [
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'],
      ['--json', 'one JSON document on standard output'], ['--pipelines DIR', 'the folder of the pipelines'],
    ],
    example: 'npx sallyport keys rotate payments-inbox --stage prod',
    load: async () => (await import('./keys.ts')).keys,
  },
  doubts: {
    about: 'lists what waits for a person to say whether it was done, or writes what was found out',
    usage: 'sallyport doubts [confirm | release ID --reason WHY] [--pipeline NAME] [--stage STAGE] [--id ID] [--json]',
    options: [
      ['confirm ID', 'the partner did it: from now on the same is a duplicate, for its retention'], ['release ID', 'the partner did nothing: the sender may send it again'],
      ['--reason WHY', 'who was asked, and what they said: kept in the log, so without anything personal'], ['--pipeline NAME', 'only of this pipeline'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'], ['--json', 'one JSON document on standard output'],
    ],
    example: "npx sallyport doubts release k3J9x2aBc1.q7Zf01 --reason 'bank, ticket 4711: not booked' --stage prod",
    load: async () => (await import('./doubts.ts')).doubts,
  },
  failures: {
    about: 'lists what failed and was recorded, shows one, or counts them; there is no payload to be shown',
    usage: 'sallyport failures [ID] [--pipeline NAME] [--entity TEXT] [--fault CODE] [--since WHEN] [--count] [--limit N] [--stage STAGE] [--id ID] [--json]',
    options: [
      ['ID', 'one of them, as it is listed'], ['--pipeline NAME', 'only of this pipeline'], ['--entity TEXT', 'only about this, as the pipeline meets it; sent to its function, and written nowhere'], ['--fault CODE', 'only with this fault'],
      ['--since WHEN', '15m, 2h, 3d or a moment, as 2026-01-31T08:00Z; all there are unless said otherwise'], ['--count', 'how many, by pipeline and fault'], ['--limit N', 'the newest N; 50 unless said otherwise'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'], ['--json', 'one JSON document on standard output'],
    ],
    example: 'npx sallyport failures --count --since 1d --stage prod',
    load: async () => (await import('./failures.ts')).failures,
  },
  rerun: {
    about: 'runs failures again: one, with its payload where it cannot be read again, or all of a pipeline, from here or in AWS',
    usage: 'sallyport rerun ID [--body FILE | -] [--force] | --pipeline NAME [--fault CODE] [--since WHEN] [--entity TEXT] [--concurrency N] [--force] [--yes] [--in-aws [--stop]] [--stage STAGE] [--id ID] [--json]',
    options: [
      ['ID', 'as sallyport failures lists it'], ['--body FILE', 'the message as it came, - from standard input: it must be the one that failed'], ['--force', 'although its message waits in its queue, or the same should fail alike'],
      ['--pipeline NAME', 'all of this pipeline that a rerun may help'], ['--fault CODE', 'only with this fault'], ['--since WHEN', '15m, 2h, 3d or a moment, as 2026-01-31T08:00Z'], ['--entity TEXT', 'only about this'],
      ['--concurrency N', 'so many at a time; 5 unless said otherwise, 40 at most'], ['--yes', 'without being asked; needed where nobody can be'],
      ['--in-aws', 'by the state machine of the stage, which goes on without this command'], ['--stop', 'stops the state machine'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'], ['--json', 'one JSON document on standard output'],
    ],
    example: 'npx sallyport rerun --pipeline loan-application --fault PARTNER_UNREACHABLE --since 1d --stage prod',
    load: async () => (await import('./rerun.ts')).rerun,
  },
  forget: {
    about: 'deletes what is kept of the failures of an entity or a pipeline, and of its messages that waited',
    usage: 'sallyport forget --pipeline NAME [--entity TEXT] --reason WHY --yes [--stage STAGE] [--id ID] [--json]',
    options: [
      ['--pipeline NAME', 'whose rows'], ['--entity TEXT', 'only those about this, as the pipeline meets it; all of the pipeline unless said otherwise'],
      ['--reason WHY', 'who asked for it, and a ticket: kept in the log, so without anything personal'], ['--yes', 'it cannot be undone'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where an app has several'], ['--json', 'one JSON document on standard output'],
    ],
    example: "npx sallyport forget --pipeline loan-application --entity 078-05-1120 --reason 'erasure, ticket 4711' --yes --stage prod",
    load: async () => (await import('./forget.ts')).forget,
  },
  where: {
    about: 'runs the pipelines with a field marked, and says per log, table, queue, request and partner whether it can be read there',
    usage: 'sallyport where FIELD… | --all [--pipeline NAME] [--message FILE] [--json | --markdown] [--svg FILE] [--pipelines DIR]',
    options: [
      ['FIELD', 'a path in the message, as applicant.ssn or cards[*].pan'], ['--all', 'every field with a sensitive name of the realm or pipeline'],
      ['--pipeline NAME', 'one of them; all whose example has the field unless named'], ['--message FILE', 'a message that it takes; PIPELINE.example.json beside its file unless named'],
      ['--json', 'one JSON document on standard output'], ['--markdown', 'for a pull request'], ['--svg FILE', 'a picture of it'], ['--pipelines DIR', 'the folder of the pipelines'],
    ],
    example: 'npx sallyport where applicant.ssn',
    load: async () => (await import('./where.ts')).where,
  },
  bench: {
    inner: true,
    about: 'measures what we claim about speed',
    usage: 'sallyport bench [--json]',
    options: [['--json', 'one JSON document on standard output']],
    example: 'npx sallyport bench --json',
    load: async () => (await import('./bench.ts')).bench,
  },
  reference: {
    inner: true,
    about: 'writes docs/reference.md from the docstrings of what the package exports',
    usage: 'sallyport reference',
    options: [],
    example: 'npx sallyport reference',
    load: async () => (await import('./reference.ts')).write,
  },
  app: {
    about: 'runs the CDK app of a file on Node 24: what cdk.json names',
    usage: 'sallyport app FILE',
    options: [['FILE', 'the file that makes the app, as infra.ts']],
    example: 'npx sallyport app infra.ts',
    load: async () => (await import('./app.ts')).app,
  },
  package: {
    inner: true,
    about: 'compiles the package and packs it: dist/sallyport-VERSION.tgz',
    usage: 'npm run package',
    options: [],
    example: 'npm run package',
    load: async () => (await import('./package.ts')).pack,
  },
}
