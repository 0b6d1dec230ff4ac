/** The tables of the EventBridge stand-in: rules of the default bus with their targets. */
export const schema = 'CREATE TABLE IF NOT EXISTS event_rules (name TEXT PRIMARY KEY, doc TEXT NOT NULL);'
