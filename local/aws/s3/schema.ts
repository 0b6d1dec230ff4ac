/** The tables of the S3 stand-in. Keys are bytes, so that they are listed in S3's order. Contents lie as they were given. */
export const schema = `
  CREATE TABLE IF NOT EXISTS s3_buckets (name TEXT PRIMARY KEY, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS s3_objects (bucket TEXT NOT NULL, key BLOB NOT NULL, doc TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (bucket, key));
`
