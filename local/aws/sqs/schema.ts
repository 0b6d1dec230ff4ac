/** The tables of the SQS stand-in. What a message says is encrypted under the master key. Times in epoch milliseconds. */
export const schema = `
  CREATE TABLE IF NOT EXISTS sqs_queues (name TEXT PRIMARY KEY, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS sqs_messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, grp TEXT,
    visible REAL NOT NULL, sent REAL NOT NULL, receives INTEGER NOT NULL, handle TEXT, marks TEXT NOT NULL, sealed BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS sqs_messages_queue ON sqs_messages (queue, seq);
  CREATE TABLE IF NOT EXISTS sqs_recent (queue TEXT NOT NULL, token TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (queue, token)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sqs_moves (handle TEXT PRIMARY KEY, source TEXT NOT NULL, at REAL NOT NULL, doc TEXT NOT NULL);
`
