/** The tables of the DynamoDB stand-in. `h`, `r`: key values as bytes that sort as DynamoDB sorts them. */
export const schema = `
  CREATE TABLE IF NOT EXISTS ddb_tables (name TEXT PRIMARY KEY, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS ddb_items (tbl TEXT NOT NULL, h BLOB NOT NULL, r BLOB NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (tbl, h, r));
  CREATE TABLE IF NOT EXISTS ddb_index (tbl TEXT NOT NULL, idx TEXT NOT NULL, ih BLOB NOT NULL, ir BLOB NOT NULL,
    h BLOB NOT NULL, r BLOB NOT NULL, PRIMARY KEY (tbl, idx, ih, ir, h, r)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS ddb_tokens (token TEXT PRIMARY KEY, digest TEXT NOT NULL, at INTEGER NOT NULL);
`
