import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { consume, door, own, type HttpReply } from 'sallyport'
import pipeline from '#pipeline'
import realm from '#realm'
import stage from '#stage'

own()

const take = door(pipeline)
const work = consume(pipeline, realm, stage)

/** Both ends of one queue: the route in front of it, and the messages that come out of it. */
const either = (event: APIGatewayProxyEventV2 | SQSEvent, context: Context): Promise<HttpReply | SQSBatchResponse> => 'requestContext' in event ? take(event, context) : work(event, context)

export const handler = middy(either, { timeoutEarlyInMillis: 0 })
