import middy from '@middy/core'
import { own, replies, serve } from 'sallyport'
import pipeline from '#pipeline'
import realm from '#realm'
import stage from '#stage'

own()

// The run ends itself in time to settle its claims, so middy's own early end is off.
export const handler = middy(serve(pipeline, realm, stage), { timeoutEarlyInMillis: 0 }).use(replies(pipeline))
