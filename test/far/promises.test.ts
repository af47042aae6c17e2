/*
 * What docs/semantics.md promises, on overlays that do not connect all nodes: the tests of the promises
 * once more. Left out are those about lanes and membership between the two nodes of a test, and what
 * differs by a row of the table in docs/overlays.md, which differences.test.ts holds.
 */
const { hyparview } = await import('../../src/index.js')
const { clientServer } = await import('../../src/overlay/client-server/client-server.js')
const { overOverlay } = await import('../promises/promise.js')
const { Hubbed, Over } = await import('./hubbed.js')

const any = (...titles: readonly string[]): RegExp => new RegExp(titles.join('|'))

await overOverlay(
  {
    title: 'a-hub',
    simulated: (seed) => new Hubbed(seed),
    except: any(
      // the overlay of these is their own
      'over relays it is end to end',
      // lanes of the one to the other, and news of them
      'on its way when the asker gave up',
      'what is lost on the way holds back',
      'what expired does not hold up',
      'what is not reliable passes',
      'frames that are dropped, doubled and delayed',
      'stamps against the rules',
      'bulk fills the other lanes',
      'a silent one',
      'process is killed',
      'connections that come back in time',
      'measured in virtual time',
      'without the label it does',
      'one label does not wait',
      'what depends on what it told',
      // members
      'when the node is let go',
      'and stays a member',
      'changes it',
      'leave ends it',
      'stands still for long',
      'a newer incarnation replaces',
      'no longer when the supervisor',
      'two copies, then the older',
      'at most one copy a side',
      'crash, restart, leave and stop',
      'of a node that joins just then',
      'a node that never comes',
      'least loaded one that is left',
      // counts nodeDown of the hub, too
      'an end out of contact is told',
      // rows of the table
      'a cut network',
      'sees a majority goes on',
    ),
  },
  ['ask', 'order', 'reliable', 'causal', 'nodes-fail', 'two-copies'],
)

await overOverlay(
  {
    title: 'hyparview',
    simulated: (seed) => new Over(seed, () => hyparview()),
    except: any(
      // a partial view: who was given up is no member, and cannot be taken out
      'what depends on what it told',
      'and stays a member',
      'when the node is let go',
      'changes it',
      'leave ends it',
      'of a node that joins just then',
      'a cut network',
      'stands still for long',
      'a newer incarnation replaces',
      'no longer when the supervisor',
      // rows of the table
      'sees a majority goes on',
    ),
  },
  ['ask', 'order', 'reliable', 'causal', 'nodes-fail', 'two-copies'],
)

await overOverlay(
  {
    title: 'client-server',
    simulated: (seed) => {
      const role = (name: string) => (name === 'b' || name === 'c' ? 'client' : 'server')
      return new Over(seed, (name) => clientServer({ role: role(name) }))
    },
    except: any(
      // the only server leaves
      'what depends on what it told',
      // from one client to the other the server is on the way, over the link that is slow: which of
      // the two messages is faster there is drawn (far.test.ts tells them apart over many)
      'without the label it does',
    ),
    found: { 'no longer when the supervisor is started anew, or leaves': [101, 118] },
  },
  ['ask', 'order', 'reliable', 'causal', 'nodes-fail', 'two-copies'],
)
