/** The tables of the Secrets Manager stand-in. Values are encrypted: under the secret's KMS key, else the master key. */
export const schema = `
  CREATE TABLE IF NOT EXISTS secrets (arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS secret_versions (arn TEXT NOT NULL, id TEXT NOT NULL, created REAL NOT NULL, doc TEXT NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (arn, id));
`
