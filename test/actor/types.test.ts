import { compile } from './compiler.js'

describe('the types of refs and decorators', () => {
  it('allow what they should and refuse the rest', async function () {
    this.timeout(60_000)
    await compile('test/types')
  })
})
