/** The tables of the KMS stand-in. Key material is wrapped under the master key. */
export const schema = `
  CREATE TABLE IF NOT EXISTS kms_keys (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS kms_material (id TEXT NOT NULL, number INTEGER NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (id, number));
  CREATE TABLE IF NOT EXISTS kms_aliases (name TEXT PRIMARY KEY, id TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);
`
