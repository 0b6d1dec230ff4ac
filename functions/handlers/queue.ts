import middy from '@middy/core'
import { consume, own } from 'sallyport'
import pipeline from '#pipeline'
import realm from '#realm'
import stage from '#stage'

own()

// Each message ends itself in time, so middy's own early end is off.
export const handler = middy(consume(pipeline, realm, stage), { timeoutEarlyInMillis: 0 })
