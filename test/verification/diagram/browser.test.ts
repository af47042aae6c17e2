import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import type { Page } from 'playwright-core'
import { twoPhaseCommit } from '../../../examples/protocols/two-phase-commit.js'
import { simulate, type Trace } from '../../../src/simulation/index.js'
import { diagramPage } from '../../../src/verification/index.js'
import { type Browser, browserOrSkip } from './browser.js'
import { builtTrace, type Given, longTrace, passed, starts } from './trace-builder.js'

const HOSTILE =
  '</script><img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'

describe('a diagram in Chromium', function () {
  this.timeout(60_000)
  let browser: Browser
  let page: Page
  let dir = ''
  const requests: string[] = []
  const troubles: string[] = []

  before(async function () {
    browser = await browserOrSkip(this)
    dir = mkdtempSync(join(tmpdir(), 'troupe-diagram-'))
    page = await browser.context.newPage()
    page.on('request', (request) => requests.push(request.url()))
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (message) => troubles.push(message.text()))
  })

  after(async () => {
    await browser?.close()
    if (dir !== '') rmSync(dir, { recursive: true, force: true })
  })

  beforeEach(async () => {
    requests.length = 0
    troubles.length = 0
    await page.setViewportSize({ width: 1200, height: 800 })
    await page.emulateMedia({ colorScheme: 'light' })
  })

  afterEach(() => assert.deepEqual(troubles, [], 'the page complains'))

  async function open(trace: Trace): Promise<string> {
    const file = join(dir, 'diagram.html')
    writeFileSync(file, diagramPage(trace))
    const { href } = pathToFileURL(file)
    await page.goto(href)
    return href
  }

  const texts = (selector: string): Promise<string[]> =>
    page.locator(`#drawing ${selector}`).allTextContents()
  const count = (selector: string): Promise<number> => page.locator(`#drawing ${selector}`).count()
  /** In the middle of what is drawn. */
  async function middleOf(selector: string): Promise<{ x: number; y: number }> {
    const box = await page.locator(`#drawing ${selector}`).first().boundingBox()
    assert(box !== null, `${selector} is not to be seen`)
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  }
  const clickOn = async (selector: string): Promise<void> => {
    const { x, y } = await middleOf(selector)
    await page.mouse.click(x, y)
  }

  /** Selects the dot whose card says so. */
  async function dotSaying(text: RegExp): Promise<string> {
    for (let at = 0; at < (await count('.dot')); at++) {
      const step = await page.locator('#drawing .dot').nth(at).getAttribute('data-step')
      const selector = `.dot[data-step="${step}"]`
      const { x, y } = await middleOf(selector)
      await page.mouse.move(x, y)
      if (text.test(await page.locator('#tip').innerText())) return selector
    }
    return assert.fail(`no dot says ${text}`)
  }

  describe('of two-phase commit that has lost a commit', () => {
    let trace: Trace
    before(async () => {
      const tape = { 'drop n1>n3:commit#1': 1 }
      const result = await simulate(twoPhaseCommit(4), { seed: 1, tape, trace: 'memory' })
      trace = result.trace as Trace
    })

    it('has lanes, messages, the loss and the verdict, without any request', async () => {
      const href = await open(trace)
      assert.deepEqual(await page.locator('#head .node').allTextContents(), [
        'n1',
        'n2',
        'n3',
        'n4',
      ])
      assert.equal(await count('.arrow'), 12 - 1)
      assert.equal(await count('.arrow.lost'), 1)
      assert.equal(await count('.cross'), 1)
      assert.include(await texts('.label.lost'), 'commit#1 lost')
      const said = '✗ atomic: ok, and commit commit prepared commit'
      assert.equal(await page.locator('#verdict').textContent(), said)
      assert.deepEqual(await texts('.verdict'), [said])
      assert.deepEqual(requests, [href])
    })

    it('has the operation that the check blames in red', async () => {
      await open(trace)
      assert.deepEqual(await texts('.operation.failing'), ['c vote → "prepared"'])
      const fill = await page.evaluate(
        "getComputedStyle(document.querySelector('#drawing .bar.failing')).fill",
      )
      assert.equal(fill, 'rgb(200, 16, 46)')
    })

    it('tells envelope and cause of the message under the pointer', async () => {
      await open(trace)
      assert.isFalse(await page.locator('#tip').isVisible())
      const { x, y } = await middleOf('.arrow.lost')
      await page.mouse.move(x, y)
      const tip = (await page.locator('#tip').innerText()).split('\n')
      assert.equal(tip[0], 'n1>n3:commit#1')
      assert.include(tip, 'protocols/2pc/coordinator:coordinator'.replace(/^/, 'n1 '))
      assert.include(tip, 'delivery of n4>n1:prepared#1 (line 40)')
      await page.mouse.move(2, y)
      assert.isFalse(await page.locator('#tip').isVisible())
    })

    it('shows past and future of what is clicked, and nothing of them after Escape', async () => {
      await open(trace)
      // the delivery of commit at n2: all votes led to it, its acknowledgement follows
      await clickOn(await dotSaying(/delivered\s+n1>n2:commit#1/))
      const marked = (mark: string): Promise<number> => count(`.arrow.${mark}`)
      assert.equal(await page.locator('#drawing.picked').count(), 1)
      assert.equal(await marked('past'), 3 + 3 + 1)
      assert.equal(await marked('future'), 1)
      assert.equal(await count('.dot.self'), 1)
      assert.isAbove(await marked('named'), 0)
      assert.match(await page.locator('#said').innerText(), /n1>n2:commit#1/)
      await page.keyboard.press('Escape')
      assert.equal(await page.locator('#drawing.picked').count(), 0)
      assert.equal(await marked('past'), 0)
      assert.isFalse(await page.locator('#card').isVisible())
    })

    it('is gone through by keys alone', async () => {
      await open(trace)
      const said = async (): Promise<string> =>
        (await page.locator('#said').innerText()).split('\n')[0] ?? ''
      await page.keyboard.press('n')
      const details = await page.locator('#said').innerText()
      assert.match(details, /lost\s+n1>n3:commit#1/)
      await page.keyboard.press('ArrowLeft')
      assert.match(await page.locator('#said').innerText(), /sent\s+n1>n3:commit#1/)
      await page.keyboard.press('ArrowUp')
      assert.match(await page.locator('#said').innerText(), /delivered\s+n3>n1:prepared#1/)
      await page.keyboard.press('Enter')
      assert.equal(await page.locator('#drawing.picked').count(), 1)
      await page.keyboard.press('Home')
      assert.equal(await said(), '4 quiet steps')
      await page.keyboard.press('Enter')
      assert.equal(await count('.fold'), 0)
      assert.equal((await texts('.label.start')).length, 4)
      await page.keyboard.press('a')
      assert.include(await page.locator('#head .actor').allTextContents(), 'coordinator')
      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate('document.activeElement.id'), 'previous')
      // a letter means the same wherever the focus is
      await page.keyboard.press('n')
      assert.match(await page.locator('#said').innerText(), /lost/)
    })

    it('covers what comes after a line, as --until does', async () => {
      await open(trace)
      const covered = (): Promise<number> =>
        page.locator('#drawing .veil').getAttribute('height').then(Number)
      assert.equal(await covered(), 0)
      await page.locator('#until').fill('46')
      assert.equal(await page.locator('#at').textContent(), 'line 46 (--until 46)')
      const top = Number(await page.locator('#drawing .veil').getAttribute('y'))
      const lost = await page.locator('#drawing .label.lost').getAttribute('y')
      const commit = await page
        .locator('#drawing .label', { hasText: /^commit$/ })
        .first()
        .getAttribute('y')
      assert.isBelow(Number(commit), top)
      assert.isAbove(Number(lost), top)
    })

    it('filters by message, channel and actor', async () => {
      await open(trace)
      await page.locator('#folds').click()
      await page.locator('#filter summary').click()
      const box = (name: string) => page.getByLabel(name)
      await box('commit 3').uncheck()
      assert.equal(await count('.arrow'), 11 - 3)
      await box('commit 3').check()
      await box('n1 protocols/2pc/coordinator:coordinator').uncheck()
      // what the coordinator sends or gets is gone; it was asked by its client, so the first messages are its node's
      assert.equal(await count('.arrow'), 3)
      await box('n1 protocols/2pc/coordinator:coordinator').check()
      await box('default').uncheck()
      assert.equal(await count('.arrow'), 0)
    })
  })

  it('leaves out what nodes tell each other of their own accord, until it is asked for', async () => {
    await open(
      builtTrace([
        ...starts('n1', 'n2'),
        ...passed('n1>n2:signal#1', 2),
        ...passed('n1>n2:add#1', 4),
      ]),
    )
    assert.equal(await count('.arrow'), 1)
    await page.locator('#folds').click()
    await page.locator('#filter summary').click()
    const signals = page.getByLabel('signal')
    assert.isFalse(await signals.isChecked())
    await signals.check()
    assert.equal(await count('.arrow'), 2)
    await signals.uncheck()
    assert.equal(await count('.arrow'), 1)
  })

  it('shows hostile text as text, and runs none of it', async () => {
    const lines: Given[] = [
      ...starts('n1', HOSTILE),
      { k: 'op.call', n: 'n1', id: `${HOSTILE}#0`, d: [HOSTILE, HOSTILE] },
      ...passed(`n1>n2:${HOSTILE}#1`, 3, { d: [HOSTILE], ch: HOSTILE }),
      { k: 'note', id: HOSTILE, d: HOSTILE },
      { k: 'fault', id: HOSTILE },
      { k: 'log', n: 'n1', id: 'warn', d: [HOSTILE, { [HOSTILE]: HOSTILE }] },
      { k: 'op.ret', id: `${HOSTILE}#0`, d: { status: 'ok', value: HOSTILE } },
    ]
    const href = await open(
      builtTrace(lines, {
        nodes: ['n1', 'n2', HOSTILE],
        header: { name: HOSTILE, seed: HOSTILE },
        end: { verdict: 'fail', check: HOSTILE, error: HOSTILE },
      }),
    )
    await page.keyboard.press('a')
    await page.locator('#filter summary').click()
    await page.keyboard.press('Escape')
    await clickOn('.dot.warning')
    assert.equal(await page.evaluate('document.images.length'), 0)
    assert.equal(await page.evaluate('document.scripts.length'), 2)
    assert.notEqual(await page.title(), 'owned')
    assert.include(await page.title(), HOSTILE)
    assert.equal(await page.locator('#verdict').textContent(), `✗ ${HOSTILE}`)
    assert.isTrue((await texts('.label')).some((text) => text.startsWith('</script>')))
    assert.include(await page.locator('#said').innerText(), HOSTILE)
    assert.deepEqual(requests, [href])
  })

  it('lets its policy run no script but its own, and load nothing', async () => {
    await open(builtTrace(starts('n1')))
    const refused: (string | undefined)[] = []
    page.on('requestfailed', (request) => refused.push(request.failure()?.errorText))
    await page.evaluate(`
      const script = document.createElement('script')
      script.textContent = 'document.title = "owned"'
      document.body.append(script)
      const image = document.createElement('img')
      image.src = 'https://example.com/x.png'
      document.body.append(image)
    `)
    assert.notEqual(await page.title(), 'owned')
    assert.equal(troubles.length, 2, troubles.join('\n'))
    for (const trouble of troubles) assert.match(trouble, /Content Security Policy/)
    troubles.length = 0
    assert.deepEqual(refused, ['csp'])
  })

  describe('of a partition with a crash', () => {
    const lines: Given[] = [
      ...starts('n1', 'n2', 'n3'),
      { k: 'fault', id: 'fault partition { n1 } { n2 n3 }' },
      { k: 'send', n: 'n1', id: 'n1>n2:ping#1', ch: 'default', d: [1] },
      { k: 'end-fault', id: 'fault heal' },
      { k: 'fault', id: 'fault heal' },
      { k: 'crash', n: 'n3' },
      { k: 'duplicate', n: 'n1', id: 'n1>n2:pong#1', step: 8 },
      { k: 'send', n: 'n1', id: 'n1>n2:pong#1', ch: 'default', d: [], step: 8 },
      { k: 'deliver', n: 'n2', id: 'n1>n2:pong#1', ch: 'default', c: 9 },
      { k: 'deliver', n: 'n2', id: 'n1>n2:pong#1', ch: 'default', c: 9 },
      { k: 'start', n: 'n3', d: { restarts: 1 } },
    ]

    it('has both sides, a wall, down time, a flash, and what came twice', async () => {
      await open(builtTrace(lines))
      assert.deepEqual(
        [
          await count('.partition.side0'),
          await count('.partition.side1'),
          await count('.wall'),
          await count('.down'),
          await count('.bolt'),
          await count('.arrow.open'),
          await count('.arrow.twice'),
        ],
        [1, 2, 1, 1, 1, 1, 2],
      )
    })

    it('is dark where dark is asked for', async () => {
      await open(builtTrace(lines))
      const paper = (): Promise<unknown> =>
        page.evaluate('getComputedStyle(document.body).backgroundColor')
      assert.equal(await paper(), 'rgb(255, 255, 255)')
      await page.emulateMedia({ colorScheme: 'dark' })
      assert.equal(await paper(), 'rgb(18, 22, 29)')
    })

    it('fits a phone: only the drawing scrolls, and all its lanes are to be seen', async () => {
      await page.setViewportSize({ width: 390, height: 780 })
      await open(builtTrace(lines))
      const width = await page.evaluate('document.documentElement.scrollWidth')
      assert.equal(width, 390)
      for (const name of await page.locator('#head .node').all()) {
        const box = await name.boundingBox()
        assert.isBelow((box?.x ?? 999) + (box?.width ?? 0), 390)
      }
      await clickOn('.bolt')
      const card = await page.locator('#card').boundingBox()
      assert.isAtMost((card?.y ?? 999) + (card?.height ?? 0), 780)
      assert.match(await page.locator('#said').innerText(), /crashes/)
    })
  })

  it('draws a thousand lines at once', async () => {
    await open(longTrace(1_000, 'x'.repeat(1_000)))
    const tookMs = await page.evaluate(`(() => {
      const began = performance.now()
      document.getElementById('folds').click()
      document.getElementById('lanes').click()
      return performance.now() - began
    })()`)
    assert.isAbove(await count('.arrow'), 400)
    assert.isBelow(Number(tookMs), 3_000)
  })
})
