/** One verb of the command: its usage, and the file that does it. */
export interface Verb {
  readonly about: string
  readonly usage: string
  readonly options: readonly (readonly [option: string, meaning: string])[]
  readonly example: string
  readonly load: () => Promise<(args: string[]) => Promise<number>>
}

export const verbs: Readonly<Record<string, Verb>> = {
  start: {
    about: 'runs everything on this machine, sends a payment and two loan applications through it, and stays up',
    usage: 'npm start -- [--once] [--pipelines DIR]',
    options: [['--once', 'exit after the demonstration: 0 when all was right, else 1'], ['--pipelines DIR', 'run the pipelines of this folder instead of the examples']],
    example: 'PORT=9000 npm start -- --once',
    load: async () => (await import('./start.ts')).start,
  },
  test: {
    about: 'runs the tests',
    usage: 'npm test -- [FILTER…]',
    options: [['FILTER', 'only test files whose path contains this']],
    example: 'npm test -- test/local/gateway',
    load: async () => (await import('./test.ts')).test,
  },
  reset: {
    about: 'empties .local/: tables, keys, secrets, logs and partners of the local run',
    usage: 'npm run reset',
    options: [],
    example: 'npm run reset',
    load: async () => (await import('./reset.ts')).reset,
  },
  manifest: {
    about: 'shows each pipeline without its functions: what it does, sends and may touch',
    usage: 'npm run manifest -- [--json] [--pipelines DIR]',
    options: [['--json', 'one JSON document on standard output'], ['--pipelines DIR', 'the folder of the pipelines']],
    example: 'npm run --silent manifest -- --json',
    load: async () => (await import('./manifest.ts')).manifest,
  },
  cost: {
    about: 'works out from the template what an idle month and a million messages cost',
    usage: 'npm run cost -- [--json]',
    options: [['--json', 'one JSON document on standard output']],
    example: 'npm run --silent cost -- --json',
    load: async () => (await import('./cost.ts')).cost,
  },
  accounts: {
    about: 'lists the accounts of the pipelines, or enters a credential, read from a hidden prompt or standard input',
    usage: 'npm run accounts -- list|put NAME [--stage STAGE] [--id ID] [--pipelines DIR]',
    options: [
      ['list', 'names, how each signs in, and whether its secret holds a value'], ['put NAME', 'writes the credential of an account to its secret'],
      ['--stage STAGE', 'which deployment; dev unless said otherwise, local for the running npm start'], ['--id ID', 'the id of the app, where it is not Sallyport'],
      ['--pipelines DIR', 'the folder of the pipelines'],
    ],
    example: 'npm run accounts -- put acquirer --stage prod < credential.json',
    load: async () => (await import('./accounts.ts')).accounts,
  },
  bench: {
    about: 'measures what we claim about speed',
    usage: 'npm run bench -- [--json]',
    options: [['--json', 'one JSON document on standard output']],
    example: 'npm run --silent bench -- --json',
    load: async () => (await import('./bench.ts')).bench,
  },
}
