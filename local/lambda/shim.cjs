'use strict'
/**
 * Preloaded before the official Lambda runtime client (aws-lambda-ric), whose native addon we do not compile: the same
 * four calls over HTTP. It also ends the process when its standard input closes, so that none outlives its supervisor.
 */
const Module = require('node:module')
const http = require('node:http')

process.stdin.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume()
process.stdin.unref()

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const token = process.env.SALLYPORT_PROCESS
delete process.env.SALLYPORT_PROCESS
const agent = new http.Agent({ keepAlive: true })

const call = (method, path, body, headers = {}) => new Promise((resolve, reject) => {
  const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const request = http.request({ host, port, method, agent, path: `/2018-06-01/runtime${path}`, headers: { ...content, ...headers } }, (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk)).on('error', reject)
      .on('end', () => resolve({ headers: response.headers, bodyJson: Buffer.concat(chunks).toString() }))
  })
  request.on('error', reject).end(body)
})

// The client does not wait for `done` and `error`; the next `next` does.
let pending = Promise.resolve()
const client = {
  initializeClient() {},
  async next() {
    await pending
    return call('GET', '/invocation/next', undefined, { 'x-sallyport-process': token })
  },
  done(id, body) {
    pending = call('POST', `/invocation/${id}/response`, body)
  },
  error(id, body, cause) {
    pending = call('POST', `/invocation/${id}/error`, body, { 'lambda-runtime-function-xray-error-cause': cause.slice(0, 8000).replace(/[^\x20-\x7e]/g, '?') })
  },
}

const load = Module._load
Module._load = function (request, ...rest) {
  return request === './rapid-client.node' ? client : load.call(this, request, ...rest)
}
