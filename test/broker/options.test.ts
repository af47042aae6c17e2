import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { AmqpBroker, loadAmqp } from '../../src/broker/amqp-broker.js'
import { broker } from '../../src/broker/index.js'
import { codeOf, silentLogger, startNode } from '../../src/index.js'
import { rejection } from '../promises/environment.js'
import { importsOf } from '../tidy/imports.js'
import { readSources } from '../tidy/source.js'

describe('options of a broker', () => {
  const BAD: [what: string, options: object, rule: RegExp][] = [
    ['an unknown name', { uri: '' }, /broker.uri is not an option/],
    ['no URL', { url: 'somewhere' }, /broker.url must be of the form amqp:/],
    ['another protocol', { url: 'http://guest:secret@host' }, /broker.url must be of the form/],
    ['no text', { url: 5 }, /got number/],
    ['a cluster with a slash', { cluster: 'a/b' }, /broker.cluster must be 1 to 64/],
    ['no window', { windowBytes: 1 }, /broker.windowBytes must be an integer from 65536/],
    ['a presence of no time', { presenceMs: 0 }, /broker.presenceMs/],
    ['a first wait above the last', { backoffMinMs: 50, backoffMaxMs: 10 }, /at most/],
  ]
  for (const [what, options, rule] of BAD) {
    it(`refuse ${what}`, () => {
      try {
        broker(options)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
        assert.match(String(error), rule)
        assert.notMatch(String(error), /secret/)
        return
      }
      assert.fail('they were taken')
    })
  }

  it('need a cookie where the broker is not on this machine', async () => {
    const overlay = broker({ url: 'amqp://far.example.org' })
    const error = await rejection(startNode({ name: 'a', overlay, logger: silentLogger }))
    assert.equal(codeOf(error), 'ERR_BAD_OPTION')
    assert.match(error.message, /cookie is needed/)
  })

  it('are refused together with tls, which is for the way to the broker', async () => {
    const tls = { key: 'k', cert: 'c' }
    const error = await rejection(
      startNode({ name: 'a', overlay: broker(), tls, logger: silentLogger }),
    )
    assert.equal(codeOf(error), 'ERR_BAD_OPTION')
    assert.match(error.message, /amqps/)
  })

  it('say how to install the package that is missing', async () => {
    const missing = Object.assign(new Error('Cannot find package'), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    const error = await rejection(loadAmqp(() => Promise.reject(missing)))
    assert.equal(codeOf(error), 'ERR_PACKAGE_MISSING')
    assert.match(error.message, /npm install amqplib/)
  })

  it('show the place of a broker, and no password', async () => {
    const { place } = new AmqpBroker(await loadAmqp(), 'amqps://me:secret@host/there?heartbeat=9')
    assert.equal(place, 'amqps://host:5671/there')
  })
})

describe('the package amqplib', () => {
  it('is loaded when a node over a broker starts, and not before', () => {
    const fixed = readSources(new URL('../../', import.meta.url).pathname, 'src').flatMap(
      (source) =>
        importsOf(source).flatMap(({ specifier, typeOnly }) =>
          specifier === 'amqplib' && !typeOnly ? [source.path] : [],
        ),
    )
    assert.deepEqual([...new Set(fixed)], ['src/broker/amqp-broker.ts'])
    const text = readFileSync(new URL('../../src/broker/amqp-broker.ts', import.meta.url), 'utf8')
    assert.match(text, /^import type .* from 'amqplib'$/m)
    assert.notMatch(text, /^import (?!type).*'amqplib'/m)
  })
})
